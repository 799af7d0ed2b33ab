"""Downloads locked wheels in a repository rule."""

load(":local_python.bzl", "find_python")

def download_wheels(repository_ctx, lock, folder):
    """Puts the wheels that a lock names by hash into a folder.

    Args:
      repository_ctx: the context of the repository rule.
      lock: label of the hash-locked requirements file.
      folder: name of the folder, below the repository's.
    """
    lock_path = repository_ctx.path(lock)
    repository_ctx.watch(lock_path)
    repository_ctx.report_progress("downloading wheels")
    result = repository_ctx.execute(
        [
            find_python(repository_ctx),
            repository_ctx.path(Label("//tools/python:download_wheels.py")),
            lock_path,
            folder,
        ],
        timeout = 1800,
    )
    if result.return_code:
        fail("@{}: {}{}".format(repository_ctx.name, result.stdout, result.stderr))
