"""What nodes that the PULP tools' passes merge from several are taken apart with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_structure import tensor_data
from compiler.frontend.pulp_dialect.proto_attributes import LIMIT, integer, required_integer
from compiler.ir import Array
from compiler.operators.registry import PULP_DOMAIN

BYTE_LEVELS = 256
"""Of everything that the merged operators give."""


@dataclass
class Parts:
    """What a node becomes.

    Attributes:
        node: the node itself.
        constants: the model's initialisers, by name.
        nodes, made: the nodes and the constants in its place.
    """

    node: NodeProto
    constants: Mapping[str, TensorProto]
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    made: list[TensorProto] = field(default_factory=list[TensorProto])

    @property
    def output(self) -> str:
        return self.node.output[0]

    def operand(self, index: int) -> str:
        """Operand `index`. Raises UnsupportedForm if there is none."""
        name = self.optional(index)
        if name is None:
            raise UnsupportedForm(f"it has no operand {index}", f"operands 0 to {index} and more")
        return name

    def optional(self, index: int) -> str | None:
        return self.node.input[index] or None if index < len(self.node.input) else None

    def constant_operand(self, index: int) -> Array:
        """The integers of operand `index`, int64. Raises UnsupportedForm if it has none."""
        name = self.operand(index)
        if name not in self.constants:
            raise UnsupportedForm(f"its operand {name!r} is no initialiser", "constant operands")
        data = tensor_data(self.constants[name])
        if data.dtype.kind not in "iuf":
            raise UnsupportedForm(f"its operand {name!r} is {data.dtype}", "constant integers")
        real = data.astype(np.float64)
        if not np.all(np.isfinite(real) & (real == np.rint(real)) & (np.abs(real) < LIMIT)):
            raise UnsupportedForm(f"its operand {name!r} has no integers", "constant integers")
        return real.astype(np.int64)

    def constant(self, role: str, data: Array | Sequence[int] | int) -> str:
        """A new constant of integers, stored as float32 if that has them all."""
        name = f"{self.output}/{role}"
        wide = np.ascontiguousarray(data, np.int64)
        real = wide.astype(np.float32)
        exact = np.array_equal(real.astype(np.int64), wide)
        self.made.append(numpy_helper.from_array(real if exact else wide, name))
        return name

    def shape(self, role: str, extents: Sequence[int]) -> str:
        """A new constant that is a shape."""
        name = f"{self.output}/{role}"
        self.made.append(numpy_helper.from_array(np.array(extents, np.int64), name))
        return name

    def emit(
        self,
        operator: str,
        operands: Sequence[str],
        role: str = "",
        attributes: Mapping[str, int | list[int]] | None = None,
        domain: str = "",
    ) -> str:
        """Adds a node; without a role it makes the node's own result."""
        output = f"{self.output}/{role}" if role else self.output
        name = f"{self.node.name or self.output}/{role}" if role else self.node.name
        node = helper.make_node(operator, list(operands), [output], name, domain=domain)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in (attributes or {}).items()
        )
        self.nodes.append(node)
        return output

    def emit_dialect(
        self, operator: str, operands: Sequence[str], role: str = "", **attributes: int
    ) -> str:
        """Adds a node of the dialect."""
        return self.emit(operator, operands, role, attributes, PULP_DOMAIN)

    def requantise(self, x: str, mul: str, add: str, role: str = "", prefix: str = "") -> str:
        """Adds the RequantShift that the node's attributes describe, of 8 bits."""
        levels = integer(self.node, f"{prefix}n_levels_out", f"{prefix}n_levels")
        signed = integer(self.node, f"{prefix}signed")
        return self.emit_dialect(
            "RequantShift",
            [x, mul, add],
            role,
            div=self.divisor(prefix),
            n_levels=BYTE_LEVELS if levels is None else levels,
            signed=1 if signed is None else signed,
        )

    def divisor(self, prefix: str = "", shift_operand: int | None = None) -> int:
        """2 to the power of the shift, which the node says in up to three places."""
        found = [required_integer(self.node, f"{prefix}div")] if self._has(f"{prefix}div") else []
        shifts = [required_integer(self.node, "shift")] if self._has("shift") and not prefix else []
        if shift_operand is not None and self.optional(shift_operand) is not None:
            data = self.constant_operand(shift_operand).reshape(-1)
            if data.size != 1:
                raise UnsupportedForm(f"its shift has {data.size} numbers", "one integer")
            shifts.append(int(data[0]))
        if any(not 0 <= shift < 64 for shift in shifts):
            raise UnsupportedForm(f"its shift is {shifts[0]}", "shifts from 0 to 63")
        found += [1 << shift for shift in shifts]
        if not found:
            raise UnsupportedForm(
                f"it has no '{prefix}div'", f"nodes with an integer '{prefix}div'"
            )
        if len(set(found)) != 1:
            raise UnsupportedForm(
                f"its divisors {' and '.join(map(str, found))} contradict each other",
                "one divisor: div = 2^shift",
            )
        return found[0]

    def _has(self, name: str) -> bool:
        return any(attribute.name == name for attribute in self.node.attribute)
