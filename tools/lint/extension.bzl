"""The repositories of the linters; only this repository's own development uses them."""

load("//tools/python:python_packages.bzl", "python_packages")
load(":buildifier.bzl", "buildifier")
load(":source_tree.bzl", "source_tree")

def _lint_impl(module_ctx):
    python_packages(
        name = "linters",
        lock = Label("//tools/lint:linters.lock"),
    )
    buildifier(name = "buildifier")
    source_tree(name = "source_tree")
    return module_ctx.extension_metadata(reproducible = True)

lint = module_extension(
    doc = "Declares `linters`, `buildifier` and `source_tree`.",
    implementation = _lint_impl,
)
