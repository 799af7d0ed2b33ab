"""`python -m compiler`."""

import os
import sys

from compiler import persistent_worker
from compiler.cli import main

# `bazel run` starts programs elsewhere and names the folder that it was called from.
os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
sys.exit(persistent_worker.run(main, sys.argv[1:]))
