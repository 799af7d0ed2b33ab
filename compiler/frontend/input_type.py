"""What a user says about an input that the model does not say itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compiler.ir import DataType

SPELT = re.compile(r"(?P<type>[a-z]+[0-9]+)(\[(?P<shape>[0-9, ]*)\])?")
TYPES = (
    *(DataType.INT8, DataType.UINT8, DataType.INT16, DataType.UINT16, DataType.INT32),
    DataType.FLOAT32,
)


@dataclass(frozen=True)
class InputType:
    """The element type of what an input holds, and its shape, None if the model has it.

    A model may store integers as float32; then the type is that of the integers, and the
    network's interface takes them as that.
    """

    data_type: DataType
    shape: tuple[int, ...] | None = None

    @staticmethod
    def parse(text: str) -> InputType:
        """`int8` or `int8[1, 16, 0, 4]`. Raises ValueError for other texts."""
        match = SPELT.fullmatch(text.strip())
        known = {type_.value: type_ for type_ in TYPES}
        if match is None or match["type"] not in known:
            raise ValueError(f"{text!r} is no TYPE or TYPE[EXTENTS]; types: {', '.join(known)}")
        shape = match["shape"]
        extents = None if shape is None else tuple(int(x) for x in shape.split(",") if x.strip())
        return InputType(known[match["type"]], extents)

    def __str__(self) -> str:
        shape = "" if self.shape is None else f"[{','.join(map(str, self.shape))}]"
        return f"{self.data_type.value}{shape}"
