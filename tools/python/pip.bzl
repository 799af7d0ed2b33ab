"""Runs pip in a repository rule, with nothing accepted that the lock does not name by hash."""

load(":local_python.bzl", "find_python")

def pip(repository_ctx, command, arguments):
    """Runs `python3 -m pip`.

    Args:
      repository_ctx: the context of a repository rule.
      command: the pip command, `download` or `install`.
      arguments: what follows it.
    """
    result = repository_ctx.execute(
        [
            find_python(repository_ctx),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            command,
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
        ] + arguments,
        timeout = 1800,
    )
    if result.return_code:
        fail("pip {} failed for @{}:\n{}{}".format(
            command,
            repository_ctx.name,
            result.stdout,
            result.stderr,
        ))
