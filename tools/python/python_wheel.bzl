"""One wheel, unpacked, as a repository."""

load(":pip.bzl", "pip")

def _python_wheel_impl(repository_ctx):
    lock = repository_ctx.path(repository_ctx.attr.lock)
    repository_ctx.watch(lock)
    pip(repository_ctx, "download", ["--dest", "download", "--requirement", str(lock)])
    wheels = repository_ctx.path("download").readdir()
    if len(wheels) != 1:
        fail("{} must name exactly one wheel, not {}".format(repository_ctx.attr.lock, wheels))
    repository_ctx.symlink(wheels[0], "wheel.zip")
    repository_ctx.extract("wheel.zip")
    repository_ctx.delete("wheel.zip")
    repository_ctx.delete("download")
    repository_ctx.template("BUILD.bazel", repository_ctx.attr.build_file)
    for path, text in repository_ctx.attr.scripts.items():
        repository_ctx.file(path, text, executable = True)

python_wheel = repository_rule(
    doc = "Unpacks the one wheel that a lock names by hash.",
    implementation = _python_wheel_impl,
    attrs = {
        "build_file": attr.label(
            doc = "Becomes the repository's BUILD.bazel.",
            mandatory = True,
        ),
        "lock": attr.label(
            doc = "A requirements file with one package and its hashes.",
            mandatory = True,
        ),
        "scripts": attr.string_dict(
            doc = "Executable files to add: path to contents.",
        ),
    },
)
