"""How operators are expressed by others of ONNX: what a rule sees, and what it makes.

A rule is a function of one `Expansion` with the decorator `expansion`, in a folder for its kind of
operators: `qoperator`, `contrib_operators`, `standard_operators`. `expand_operators` applies them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from onnx import NodeProto, TensorProto, TypeProto, helper, numpy_helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_sizes import static_shape
from compiler.frontend.model import AttributeType
from compiler.ir import Array

OLDEST_FORM = 13
"""Operator set of a rule's nodes that exist since then."""

Rule = Callable[["Expansion"], None]


@dataclass(frozen=True)
class OperatorExpansion:
    """How one operator is expressed by others.

    Attributes:
        domain: operator set domain, "" for ONNX's own.
        operator: operator type.
        expand: makes the nodes; raises `UnsupportedForm` if it cannot.
        description: the supported forms in one line, for messages and docs/operators.md.
        opset: the first version of ONNX's operators that has all that `expand` makes.
        attributes: all that the operator may have; None if ONNX's checks see to it.
        ranks: how many axes operands may have, by their index.
        applies: whether a node is to be expanded; a node that is not stays as it is.
    """

    domain: str
    operator: str
    expand: Rule
    description: str
    opset: int
    attributes: frozenset[str] | None
    ranks: Mapping[int, Sequence[int]]
    applies: Callable[[Expansion], bool]


EXPANSIONS: dict[tuple[str, str], list[OperatorExpansion]] = {}
"""The rules of each operator; the first one that applies is used."""


def expansion(
    *operators: str,
    description: str,
    domain: str = "",
    opset: int = OLDEST_FORM,
    attributes: Sequence[str] | None = None,
    ranks: Mapping[int, Sequence[int]] | None = None,
    applies: Callable[[Expansion], bool] = lambda _: True,
) -> Callable[[Rule], Rule]:
    """Registers the decorated function as the rule of operators; see `OperatorExpansion`."""
    known = None if attributes is None else frozenset(attributes)

    def register(function: Rule) -> Rule:
        for operator in operators:
            rule = OperatorExpansion(
                domain, operator, function, description, opset, known, ranks or {}, applies
            )
            EXPANSIONS.setdefault((domain, operator), []).append(rule)
        return function

    return register


class Expansion:
    """One node that is replaced: its operands, and the nodes that come in its place.

    Nodes and tensors that come of it are called like it, with their operator behind it. A result
    keeps its name: the rule gives `output(i)` to the operator that makes it.
    """

    def __init__(
        self,
        node: NodeProto,
        types: Mapping[str, TypeProto.Tensor],
        constants: dict[str, Array],
        opset: int,
    ) -> None:
        self.node = node
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self._types = types
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._known = constants
        self._taken = {*types, *constants, *node.input, *node.output}

    # --- reading -------------------------------------------------------------------------------

    def has(self, index: int) -> bool:
        """Whether operand `index` is there."""
        return index < len(self.node.input) and bool(self.node.input[index])

    def operand(self, index: int) -> str:
        """The tensor that is operand `index`; empty if it is absent."""
        return self.node.input[index] if self.has(index) else ""

    def required(self, index: int, what: str) -> str:
        """Operand `index`, called `what` in the message of the UnsupportedForm if it is absent."""
        if not self.has(index):
            raise UnsupportedForm(f"its operand {index} ({what}) is absent", "nodes that have it")
        return self.node.input[index]

    def output(self, index: int = 0) -> str:
        """The tensor that is result `index`; empty if nobody wants it."""
        return self.node.output[index] if index < len(self.node.output) else ""

    def shape(self, tensor: str) -> tuple[int, ...]:
        """The shape of an operand, or of what `say_shape` was told."""
        if tensor in self._shapes:
            return self._shapes[tensor]
        if tensor in self._known:
            return self._known[tensor].shape
        shape = static_shape(self._types[tensor])
        assert shape is not None, "rules are applied to nodes with static types"
        return tuple(shape)

    def say_shape(self, tensor: str, shape: Sequence[int]) -> str:
        """Tells the shape of a tensor that the rule made; returns its name."""
        self._shapes[tensor] = tuple(shape)
        return tensor

    def element(self, tensor: str) -> int:
        """ONNX's number of an operand's element type."""
        if tensor in self._known:
            return helper.np_dtype_to_tensor_dtype(self._known[tensor].dtype)
        return self._types[tensor].elem_type

    def constant(self, index: int) -> Array | None:
        """The data of operand `index`; None if it is absent or computed at run time."""
        return self._known.get(self.operand(index)) if self.has(index) else None

    def constant_of(self, tensor: str) -> Array | None:
        """The data of a tensor that the node reads or the rule added; None if it is computed."""
        return self.constants.get(tensor, self._known.get(tensor))

    def required_constant(self, index: int, what: str, advice: str = "") -> Array:
        """The data of operand `index`; raises UnsupportedForm if there is none."""
        name = self.required(index, what)
        data = self._known.get(name)
        if data is None:
            found = f"its {what} {name!r} is computed at run time"
            raise UnsupportedForm(found, f"a constant {what}", advice)
        return data

    def attribute(self, name: str, default: AttributeType) -> AttributeType:
        """Attribute `name`, or `default` if absent."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                value: Any = helper.get_attribute_value(attribute)
                value = value.decode(errors="replace") if isinstance(value, bytes) else value
                kinds = (int, float) if isinstance(default, (int, float)) else (type(default),)
                if not isinstance(value, kinds):
                    found = f"its attribute {name!r} is {value!r}"
                    raise UnsupportedForm(found, f"an attribute of type {kinds[-1].__name__}")
                return cast(AttributeType, value)
        return default

    def copied(self, *names: str) -> dict[str, Any]:
        """Those of the attributes that the node has, for `make`."""
        return {
            a.name: helper.get_attribute_value(a) for a in self.node.attribute if a.name in names
        }

    def refuse_outputs(self, names: Sequence[str], advice: str = "") -> None:
        """Raises UnsupportedForm if a result beyond the first is used; `names` of these."""
        for index, name in enumerate(names, 1):
            if self.output(index):
                raise UnsupportedForm(f"its output {name} is used", "its first output", advice)

    # --- making --------------------------------------------------------------------------------

    def make(
        self, operator: str, *operands: str, output: str = "", domain: str = "", **attributes: Any
    ) -> str:
        """Adds a node with one result, which it returns: `output`, or a tensor of its own."""
        return self.make_all(operator, operands, [output], domain=domain, **attributes)[0]

    def make_all(
        self,
        operator: str,
        operands: Sequence[str],
        outputs: Sequence[str],
        *,
        domain: str = "",
        **attributes: Any,
    ) -> list[str]:
        """Adds a node; an empty name in `outputs` becomes a tensor of its own."""
        named = [name or self._unique(operator) for name in outputs]
        made = helper.make_node(
            operator, list(operands), named, self._unique(operator), domain=domain, **attributes
        )
        self.nodes.append(made)
        return named

    def add_constant(self, role: str, data: Array | float | np.generic) -> str:
        """Adds a constant called `<node>/<role>`; returns its name."""
        name = self._unique(role)
        self.constants[name] = np.asarray(data)
        return name

    def integers(self, role: str, *values: int) -> str:
        """A constant vector of int64: a shape, axes, ..."""
        return self.add_constant(role, np.array(values, np.int64))

    def real(self, role: str, value: float) -> str:
        """A constant float32 scalar."""
        return self.add_constant(role, np.array(value, np.float32))

    def _unique(self, role: str) -> str:
        base = f"{self.node.name}/{role}"
        name, suffix = base, 1
        while name in self._taken:
            suffix += 1
            name = f"{base}#{suffix}"
        self._taken.add(name)
        return name

    def initializers(self) -> list[TensorProto]:
        """The constants that were added."""
        return [numpy_helper.from_array(data, name) for name, data in self.constants.items()]
