"""Which lowering handles which ONNX operator.

An operator is added with one file in this folder that calls `lowering(...)`, one kernel header with
its reference, and one test; `compiler/operators/__init__.py` imports the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.ir import TensorType
    from compiler.lowering.context import LoweringContext

PULP_DOMAIN = "org.pulp-platform"
"""Domain of the PULP tools' integer operators in an imported model, whatever the file has."""

CONTRIB_DOMAIN = "com.microsoft"
"""Domain of onnxruntime's own operators."""

LoweringFunction = Callable[["OnnxNode", "LoweringContext"], None]

ResultTypes = Callable[["OnnxNode", "Sequence[TensorType | None]"], "Sequence[TensorType]"]
"""Types of a node's results in the model, from those of its inputs (None: absent optional input).

Raises `UnsupportedForm` for inputs that the operator does not take."""


@dataclass(frozen=True)
class OperatorSupport:
    """One supported ONNX operator.

    Attributes:
        domain: operator set domain, "" for ONNX's own.
        operator: ONNX operator type.
        lower: emits operations for one node; raises `UnsupportedForm` if it cannot.
        description: the supported forms in one line, for messages and docs/operators.md.
        result_types: for operators that ONNX does not know.
    """

    domain: str
    operator: str
    lower: LoweringFunction
    description: str
    result_types: ResultTypes | None = None


OPERATORS: dict[tuple[str, str], OperatorSupport] = {}


def lowering(
    *operators: str, description: str, domain: str = "", result_types: ResultTypes | None = None
) -> Callable[[LoweringFunction], LoweringFunction]:
    """Registers the decorated function as the lowering of ONNX operators."""

    def register(function: LoweringFunction) -> LoweringFunction:
        for operator in operators:
            key = (domain, operator)
            if key in OPERATORS:
                raise ValueError(f"{operator} has two lowerings")
            OPERATORS[key] = OperatorSupport(domain, operator, function, description, result_types)
        return function

    return register
