"""nested_bazel_test: a test that runs Bazel itself."""

load("@rules_python//python:py_test.bzl", "py_test")

def nested_bazel_test(name, srcs, deps = [], **kwargs):
    """A `py_test` that needs the checkout itself, the network for fetches, and no sandbox.

    It is left out of `//...`; `.ci/run` runs it by name.

    Args:
      name: the target's name.
      srcs: see `py_test`.
      deps: what it imports; `tests.nested_bazel.workspace` is added.
      **kwargs: other attributes of `py_test`.
    """
    py_test(
        name = name,
        timeout = "eternal",
        srcs = srcs,
        data = [
            Label("//:MODULE.bazel"),
            Label("//:bazelw"),
        ],
        env_inherit = [
            "HOME",
            "TILEWRIGHT_BAZEL",
            "XDG_CACHE_HOME",
        ],
        tags = [
            "external",
            "local",
            "manual",
            "no-remote",
            "no-sandbox",
            "requires-network",
        ],
        deps = deps + [Label("//tests/nested_bazel:workspace")],
        **kwargs
    )
