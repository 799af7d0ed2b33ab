"""The repository of the engine for remote execution on this machine."""

load("//tools/python:python_packages.bzl", "python_packages")

def _remote_impl(module_ctx):
    python_packages(
        name = "buildgrid",
        lock = Label("//tools/remote:buildgrid.lock"),
    )
    return module_ctx.extension_metadata(reproducible = True)

remote = module_extension(
    doc = "Declares `buildgrid`: the package of this name and all that it needs.",
    implementation = _remote_impl,
)
