"""All operators, one file per family. Importing this package fills the registry.

Every module of this folder is an operator family, except tests, their harnesses and the registry:
adding an operator touches no list.
"""

import importlib
import pkgutil

from compiler.operators.registry import OPERATORS, OperatorSupport

__all__ = ["OPERATORS", "OperatorSupport"]

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if not _module.endswith(("_test", "_harness")):
        importlib.import_module(f"{__name__}.{_module}")
