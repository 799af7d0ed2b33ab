"""`python -m compiler`."""

import sys

from compiler.cli import main

sys.exit(main(sys.argv[1:]))
