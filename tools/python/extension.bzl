"""The repositories that come from the Python package index."""

load(":local_python.bzl", "local_python")
load(":python_packages.bzl", "python_packages")

def python_repositories():
    """Declares `local_python` and `python_packages`."""
    local_python(name = "local_python")
    python_packages(
        name = "python_packages",
        lock = Label("//tools/python:packages.lock"),
    )

def _python_impl(module_ctx):
    python_repositories()
    return module_ctx.extension_metadata(reproducible = True)

python = module_extension(
    doc = "Declares `local_python` and `python_packages`.",
    implementation = _python_impl,
)
