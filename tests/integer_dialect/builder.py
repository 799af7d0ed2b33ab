"""Builds models in the integer dialect of the PULP tools as those tools write them.

Integers are stored as float32, attributes are tensors or numbers, operators of the dialect are in
the empty domain or in one of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from onnx import (
    AttributeProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

Array = npt.NDArray[np.generic]
FLOAT = TensorProto.FLOAT


@dataclass
class Builder:
    """A model that grows node by node."""

    name: str
    seed: int
    opset: int = 10
    domain: str = "PACTOps"
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    constants: list[TensorProto] = field(default_factory=list[TensorProto])
    inputs: list[ValueInfoProto] = field(default_factory=list[ValueInfoProto])
    types: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def input(self, name: str, type_: str, *shape: int) -> str:
        """An input that holds integers of a type, declared as float32."""
        self.inputs.append(helper.make_tensor_value_info(name, FLOAT, shape))
        self.types[name] = type_
        return name

    def constant(self, data: Sequence[float] | Array, like: type = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, like), name))
        return name

    def integers(self, low: int, high: int, *shape: int) -> str:
        return self.constant(self.random.integers(low, high, shape))

    def node(self, operator: str, *operands: str, **attributes: object) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, operands, [name], name, **attributes))
        return name

    def own(self, operator: str, *operands: str, **attributes: int) -> str:
        """A node of the dialect, its attributes as tensors of one element."""
        tensors = {
            key: numpy_helper.from_array(np.array([value], np.float32), key)
            for key, value in attributes.items()
        }
        made = self.node(operator, *operands, **tensors)
        self.nodes[-1].domain = self.domain
        return made

    @staticmethod
    def number(name: str, value: float) -> AttributeProto:
        """An attribute that is a number."""
        return helper.make_attribute(name, float(value))

    def requantised(
        self,
        x: str,
        mul: Sequence[int] | Array | int,
        add: Sequence[int] | Array | int = 0,
        *,
        shift: int = 16,
        levels: int = 256,
        signed: bool = True,
    ) -> str:
        """A RequantShift."""
        constants = [self.constant(np.asarray(data)) for data in (mul, add)]
        attributes = {"div": 1 << shift, "n_levels_out": levels, "signed": int(signed)}
        return self.own("RequantShift", x, *constants, **attributes)

    def model(self, *outputs: tuple[str, int]) -> ModelProto:
        """The model with some results, of a rank each, as outputs."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            self.inputs,
            [helper.make_tensor_value_info(name, FLOAT, [None] * rank) for name, rank in outputs],
            self.constants,
        )
        imports = [helper.make_opsetid("", self.opset)]
        if self.domain:
            imports.append(helper.make_opsetid(self.domain, 1))
        return helper.make_model(graph, opset_imports=imports, ir_version=7)


def drawn(random: np.random.Generator, type_: str, shape: Sequence[int]) -> Array:
    """Random numbers of a type; those of 32 bits are small enough for products of two."""
    if type_ == "float32":
        return (3 * random.standard_normal(shape)).astype(np.float32)
    limits = np.iinfo(type_)
    low, high = max(limits.min, -40000), min(limits.max, 40000)
    return random.integers(low, high + 1, shape).astype(type_)
