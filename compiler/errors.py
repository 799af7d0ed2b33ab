"""Errors a user can cause: collected, reported together, each with a stable code.

Every code is documented in docs/errors.md; a test keeps the two equal.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Code(enum.Enum):
    """Stable error codes. Codes are never reused; the text is one line on the kind of problem."""

    # 00xx: the command line and files
    UNREADABLE_FILE = ("TW-0001", "a file cannot be read or written")
    BAD_OPTION = ("TW-0002", "an option is malformed or contradicts another")
    # 01xx: the model
    INVALID_MODEL = ("TW-0101", "the file is not a valid ONNX model")
    UNSUPPORTED_OPSET = ("TW-0102", "the model's operator set version is not supported")
    DYNAMIC_SHAPE = ("TW-0103", "a dimension is not static")
    UNSUPPORTED_DATA_TYPE = ("TW-0104", "a tensor's element type is not supported")
    MISSING_INITIALIZER_DATA = ("TW-0105", "an initialiser's data is not in the file")
    CYCLE = ("TW-0106", "the graph has a cycle")
    UNDEFINED_TENSOR = ("TW-0107", "a tensor is read that nothing makes")
    DUPLICATE_TENSOR = ("TW-0108", "two tensors have one name")
    TENSOR_TOO_LARGE = ("TW-0109", "a tensor is too large")
    UNSAFE_PATH = ("TW-0110", "external data lies outside the model's folder")
    # 02xx: operators
    UNSUPPORTED_OPERATOR = ("TW-0201", "an operator is not supported")
    UNSUPPORTED_FORM = ("TW-0202", "an operator is supported, but not in this form")
    OPERATOR_MODULE = ("TW-0203", "a module that adds operators is wrong")
    # 03xx: quantisation
    UNSUPPORTED_QUANTIZATION = ("TW-0301", "a tensor is quantised in an unsupported way")
    QUANTIZATION_RANGE = ("TW-0302", "quantisation parameters cannot be represented")
    CALIBRATION = ("TW-0303", "calibration data do not fit the model")
    CASE_DATA = ("TW-0304", "a case's inputs or outputs do not fit its model")
    CALIBRATION_VALUES = ("TW-0305", "calibration data make no finite range")
    CONSTANT_ACTIVATION = ("TW-0306", "an activation is constant on the calibration data")
    ACCURACY = ("TW-0307", "the quantised model is less accurate than allowed")
    CASE_PROGRAM = ("TW-0308", "a case's program cannot be built or does not end as it should")
    # 04xx: entry points, state
    BAD_ENTRY_POINT = ("TW-0401", "an entry point does not fit the model")
    BAD_STATE = ("TW-0402", "a state does not fit the model")
    # 05xx: memory
    DOES_NOT_FIT = ("TW-0501", "the network does not fit the memory")
    # 06xx: interface names
    NAME_COLLISION = ("TW-0601", "two names become the same C identifier")
    # 09xx: the compiler itself
    INTERNAL_ERROR = ("TW-0901", "the compiler has a defect")

    def __init__(self, code: str, summary: str) -> None:
        self.code = code
        self.summary = summary


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, told to the person who wrote the model.

    `where` names the node, tensor or file as the user knows it; `found` what is there;
    `supported` what would be accepted; `advice` what to change.
    """

    code: Code
    where: str
    found: str
    supported: str = ""
    advice: str = ""

    def __str__(self) -> str:
        lines = [f"error {self.code.code}: {self.where}: {self.found}"]
        if self.supported:
            lines.append(f"  supported: {self.supported}")
        if self.advice:
            lines.append(f"  to change: {self.advice}")
        return "\n".join(lines)


class CompileError(Exception):
    """All problems found together; the command line prints them and exits with status 1."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnsupportedForm(Exception):
    """Raised while lowering one node; the driver collects them with the node's name.

    `found`, `supported` and `advice` as in `Problem`; `code` if it is not the driver's to choose.
    """

    def __init__(
        self, found: str, supported: str = "", advice: str = "", code: Code | None = None
    ) -> None:
        self.found = found
        self.supported = supported
        self.advice = advice
        self.code = code
        super().__init__(found)


def shown_names(names: Sequence[str], limit: int = 8) -> str:
    """Names in quotes for a message: the first `limit`, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")
