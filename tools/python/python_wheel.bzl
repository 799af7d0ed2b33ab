"""One wheel, unpacked, as a repository."""

load(":download_wheels.bzl", "download_wheels")

def _python_wheel_impl(repository_ctx):
    download_wheels(repository_ctx, repository_ctx.attr.lock, "wheels")
    wheels = repository_ctx.path("wheels").readdir(watch = "no")
    if len(wheels) != 1:
        fail("{} must name exactly one wheel, not {}".format(repository_ctx.attr.lock, wheels))
    repository_ctx.symlink(wheels[0], "wheel.zip")
    repository_ctx.extract("wheel.zip")
    repository_ctx.delete("wheel.zip")
    repository_ctx.delete("wheels")
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
