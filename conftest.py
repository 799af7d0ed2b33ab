"""pytest outside Bazel (`python -m pytest compiler`) uses the same examples as inside."""

from tools.python.pytest_main import configure_hypothesis

configure_hypothesis()
