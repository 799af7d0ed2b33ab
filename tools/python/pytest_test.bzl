"""A Bazel test that runs pytest."""

load("@rules_python//python:py_test.bzl", "py_test")

_MAIN = Label("//tools/python:pytest_main.py")

def pytest_test(name, srcs, deps = [], data = [], args = [], env = {}, size = "small", **kwargs):
    """Runs pytest on `srcs`.

    Args:
      name: the target's name.
      srcs: the test modules, each collected by pytest; helper modules belong into a
        `py_library` among `deps`.
      deps: what the tests import; pytest itself is added.
      data: files that the tests read.
      args: further arguments for pytest.
      env: further environment variables.
      size: Bazel's size of the test.
      **kwargs: any other attribute of `py_test`.
    """
    py_test(
        name = name,
        size = size,
        srcs = srcs + [_MAIN],
        main = _MAIN,
        args = ["$(rootpath {})".format(src) for src in srcs] + args,
        data = data,
        # onnxruntime would look for a network to report its use.
        env = {"ORT_DISABLE_TELEMETRY": "1", "PYTHONHASHSEED": "0"} | env,
        deps = deps + [Label("@python_packages//:pytest")],
        **kwargs
    )
