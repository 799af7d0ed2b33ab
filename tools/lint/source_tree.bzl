"""All source files of this repository, for the tests that look at all of them.

A filegroup in every package could be forgotten in the next one. This repository rule walks
through the folders of the checkout and watches each of them, so a file that is added, removed
or changed runs the tests again, and a file that nobody mentions is looked at like any other.
What it skips is what .gitignore names, written as folder names.
"""

# The targets, and the endings of the names that each of them takes.
_KINDS = {
    "c": [".c", ".h", ".cc", ".cpp", ".hpp"],
    "python": [".py", ".pyi"],
    "settings": [".clang-format", "pyproject.toml"],
    "starlark": [".bazel", ".bzl", "/WORKSPACE"],
}

# Starlark has no unbounded loops. More folders than this are a mistake, and an error.
_MOST_FOLDERS = 10000

# A BUILD file under its own name would make a package of its folder.
_SUFFIX = ".source"

def _is_skipped_folder(name):
    return name.startswith(".") or name.startswith("bazel-") or name == "__pycache__"

def _source_files(root):
    """Paths below the root of all files that one of the kinds takes, by kind."""
    files = {kind: [] for kind in _KINDS}
    folders = [root]
    for _ in range(_MOST_FOLDERS):
        if not folders:
            return files
        for entry in folders.pop().readdir(watch = "yes"):
            if entry.is_dir:
                # Links would lead out of the tree, or round in it.
                if not _is_skipped_folder(entry.basename) and str(entry.realpath) == str(entry):
                    folders.append(entry)
                continue
            for kind, endings in _KINDS.items():
                if ("/" + entry.basename).endswith(tuple(endings)):
                    files[kind].append(str(entry)[len(str(root)) + 1:])
    fail("{} has more than {} folders".format(root, _MOST_FOLDERS))

def _source_tree_impl(repository_ctx):
    root = repository_ctx.path(Label("//:MODULE.bazel")).realpath.dirname
    build = ["package(default_visibility = [\"//visibility:public\"])\n"]
    for kind, files in _source_files(root).items():
        if not files:
            fail("{} has no file of the kind '{}'".format(root, kind))
        for file in files:
            repository_ctx.symlink(root.get_child(file), "tree/" + file + _SUFFIX)
        labels = ["tree/" + file + _SUFFIX for file in sorted(files)]
        build.append("filegroup(\n    name = {},\n    srcs = {},\n)\n".format(
            repr(kind),
            json.encode_indent(labels, prefix = "    "),
        ))
    repository_ctx.file("BUILD.bazel", "\n".join(build))

source_tree = repository_rule(
    doc = """Filegroups `c`, `python`, `starlark` and `settings` with every such file.

A file lies at `tree/PATH.source`.""",
    implementation = _source_tree_impl,
)
