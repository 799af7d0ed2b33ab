"""The packages of a hash-locked requirements file as one repository of py_library targets."""

load(":pip.bzl", "pip")
load(":local_python.bzl", "find_python")

def _python_packages_impl(repository_ctx):
    lock = repository_ctx.path(repository_ctx.attr.lock)
    repository_ctx.watch(lock)

    # Wheels and bytecode differ from one Python to the next.
    repository_ctx.watch(Label("@local_python//:version.txt"))
    pip(repository_ctx, "install", [
        "--break-system-packages",
        "--no-compile",
        "--target",
        "site",
        "--requirement",
        str(lock),
    ])
    result = repository_ctx.execute([
        find_python(repository_ctx),
        repository_ctx.path(Label("//tools/python:write_build_file.py")),
        "site",
        "BUILD.bazel",
    ], timeout = 1800)
    if result.return_code:
        fail(result.stdout + result.stderr)

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
