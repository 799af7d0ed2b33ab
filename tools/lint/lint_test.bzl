"""A test that runs one linter on every source file."""

load("@rules_python//python:py_test.bzl", "py_test")

def lint_test(name, kind, programs = {}, deps = [], **kwargs):
    """Runs a linter of linters.py on the files of `@source_tree`.

    Args:
      name: the target's name: the linter's, followed by `_test`.
      kind: the target of `@source_tree` that has the files.
      programs: the programs that the linter's command names, each with its label.
      deps: packages that the linter needs in order to be run or to look into them.
      **kwargs: any other attribute of `py_test`.
    """
    sources = ["@source_tree//:" + kind, "@source_tree//:settings"]
    py_test(
        name = name,
        srcs = ["lint_test.py"],
        args = [name.removesuffix("_test")] +
               ["{}=$(rootpath {})".format(key, label) for key, label in programs.items()] +
               ["--"] +
               ["$(rootpaths {})".format(label) for label in sources],
        data = sources + programs.values(),
        main = "lint_test.py",
        deps = deps + [":linters"],
        **kwargs
    )
