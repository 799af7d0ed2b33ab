"""The packages of a hash-locked requirements file as one repository of py_library targets."""

load(":download_wheels.bzl", "download_wheels")
load(":local_python.bzl", "find_python")

def _python_packages_impl(repository_ctx):
    # Wheels and bytecode differ from one Python to the next.
    repository_ctx.watch(Label("@local_python//:version.txt"))
    download_wheels(repository_ctx, repository_ctx.attr.lock, "wheels")
    repository_ctx.report_progress("installing")
    result = repository_ctx.execute([
        find_python(repository_ctx),
        repository_ctx.path(Label("//tools/python:install_wheels.py")),
        repository_ctx.path(repository_ctx.attr.lock),
        "wheels",
    ], timeout = 1800)
    if result.return_code:
        fail("@{}: {}{}".format(repository_ctx.name, result.stdout, result.stderr))
    repository_ctx.delete("wheels")

python_packages = repository_rule(
    doc = "`//:name` for every package of the lock, name in lower case with underscores.",
    implementation = _python_packages_impl,
    attrs = {
        "lock": attr.label(
            doc = "A requirements file in which every package has its hashes.",
            mandatory = True,
        ),
    },
)
