"""Gives the tensors of a model of the dialect the integer types that their values have.

The imported model computes in float32, as its file says. Here every tensor that holds integers
becomes an integer tensor: inputs by what the user says, constants by their values, results by the
operator that makes them. Products and sums become operators of `PULP_DOMAIN` with exact results in
int32; operators that move or choose numbers keep the type; what has no meaning in integers is
computed in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.frontend.pulp_dialect.attributes import integer_attribute
from compiler.ir import Array, DataType, TensorType
from compiler.operators.registry import PULP_DOMAIN

BYTES = (DataType.INT8, DataType.UINT8)
NUMBERS = (*BYTES, DataType.INT16, DataType.UINT16, DataType.INT32)
"""Types that a tensor of integers can have here."""

MOVING = frozenset(
    {
        *("DepthToSpace", "Dropout", "Expand", "Flatten", "Gather", "GatherElements", "Identity"),
        *("Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose"),
        *("ReduceMax", "ReduceMin", "Unsqueeze"),
    }
)
"""Operators whose results have the type of their first operand."""

JOINING = frozenset({"Concat", "Max", "Min", "Pad", "Where"})
"""Operators whose operands have one type, that of the result."""

CHOOSING = frozenset({"Clip", "GlobalMaxPool", "MaxPool", "Relu"})
"""Operators whose kernels take bytes between Dequantize- and QuantizeLinear nodes of scale 1."""

EXACT = {
    "Add": "IntegerAdd",
    "Conv": "IntegerConv",
    "Gemm": "IntegerGemm",
    "MatMul": "IntegerMatMul",
    "Mul": "IntegerMul",
    "Sub": "IntegerSub",
    "Sum": "IntegerAdd",
}
"""Sums and products, and the operators that compute them exactly in int32."""

WIDE = frozenset({"iGELU", "iHardswish", "TrueIntegerDiv", "IntegerDiv"})
"""Operators of the dialect with results in int32."""

DEFAULT_LEVELS = 256


def integer_model(model: OnnxModel, input_types: Mapping[str, DataType]) -> OnnxModel:
    """The model with integer types.

    Args:
        model: as imported, with float32 in place of integers.
        input_types: what its inputs hold; inputs that are not in it hold float32.

    Raises CompileError (TW-0104) with all inputs whose integers have no type.
    """
    _check_inputs(model, input_types)
    return _Typing(model, input_types).result()


def _check_inputs(model: OnnxModel, input_types: Mapping[str, DataType]) -> None:
    """Refuses inputs of unknown type that an operator of the dialect needs as integers."""
    origin = {
        name: name
        for name in model.inputs
        if name not in input_types and model.tensors[name].type.data_type is DataType.FLOAT32
    }
    needed: dict[str, None] = {}
    for node in model.nodes:
        found = [origin[name] for name in node.inputs if name is not None and name in origin]
        if not found:
            continue
        if node.domain == PULP_DOMAIN:
            if node.operator != "Quant":
                needed.update(dict.fromkeys(found))
        elif node.operator in MOVING | JOINING | CHOOSING or node.operator in EXACT:
            origin.update((name, found[0]) for name in node.outputs if name is not None)
    if needed:
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_DATA_TYPE,
                    f"input {name!r}",
                    "it holds integers, which the file stores as float32 without their type",
                    ", ".join(type_.value for type_ in NUMBERS),
                    f"say what it holds: --input-type {name}=int8, or input_types = "
                    f'{{"{name}": "int8"}} in a build file',
                )
                for name in needed
            ]
        )


def smallest_type(data: Array) -> DataType | None:
    """The smallest type that holds all values, int8 before uint8; None if there is none."""
    if data.size == 0:
        return DataType.INT8
    real = data.astype(np.float64)
    if not np.all(np.isfinite(real)) or not np.array_equal(real, np.rint(real)):
        return None
    low, high = float(real.min()), float(real.max())
    for type_ in NUMBERS:
        limits = np.iinfo(type_.numpy)
        if limits.min <= low and high <= limits.max:
            return type_
    return None


class _Typing:
    """One walk over a model's nodes, which makes another model."""

    def __init__(self, model: OnnxModel, input_types: Mapping[str, DataType]) -> None:
        self._model = model
        self._tensors = dict(model.tensors)
        self._nodes: list[OnnxNode] = []
        for name, type_ in input_types.items():
            self._set(name, type_)

    def result(self) -> OnnxModel:
        for node in self._model.nodes:
            self._rule(node)(node)
        model = self._model
        return OnnxModel(model.name, self._nodes, self._tensors, model.inputs, model.outputs)

    def _rule(self, node: OnnxNode) -> Callable[[OnnxNode], None]:
        """What to do with a node."""
        if node.domain == PULP_DOMAIN:
            return self._dialect
        data = self._data(node)
        if node.domain or not self._holds_integers(data):
            return self._float
        if node.operator in MOVING:
            return self._move
        if node.operator in JOINING:
            return self._join
        if node.operator in EXACT:
            return self._exact
        if node.operator == "ReduceSum":
            return self._sum
        if node.operator == "ReduceMean":
            return self._mean
        if node.operator == "Cast":
            return self._nodes.append
        if node.operator in CHOOSING and self._type(node, 0) in BYTES:
            return self._choose
        return self._float

    # --- rules ---------------------------------------------------------------------------------

    def _dialect(self, node: OnnxNode) -> None:
        self._nodes.append(node)
        self._set(node.output(), self._dialect_type(node))

    def _dialect_type(self, node: OnnxNode) -> DataType:
        if node.operator == "RequantShift":
            levels = integer_attribute(node, "n_levels_out", "n_levels") or DEFAULT_LEVELS
            if levels > DEFAULT_LEVELS:
                return DataType.INT32
            return DataType.INT8 if integer_attribute(node, "signed") else DataType.UINT8
        if node.operator in ("iSoftmax", "ITAMax", "ITAPartialMax"):
            return DataType.UINT8
        if node.operator == "IntegerMean":
            return self._type(node, 0)
        if node.operator in ("Dequant", "Quant"):
            if node.operator == "Dequant":
                return DataType.FLOAT32
            return DataType.UINT8 if integer_attribute(node, "signed") == 0 else DataType.INT8
        return DataType.INT32 if node.operator in WIDE else DataType.INT8

    def _move(self, node: OnnxNode) -> None:
        self._nodes.append(node)
        for name in filter(None, node.outputs):
            if self._tensors[name].type.data_type is DataType.FLOAT32:  # no mask of a Dropout
                self._set(name, self._type(node, 0))

    def _join(self, node: OnnxNode) -> None:
        data = self._data(node)
        if node.operator == "Concat":
            # Nothing comes of empty operands, and their type would only widen the others'.
            filled = [name for name in data if self._tensors[name].type.elements]
            data = filled or data
            node = replace(node, inputs=tuple(data))
        common = self._common([self._tensors[name].type.data_type for name in self._varying(data)])
        for name in data:
            constant = self._tensors[name].constant
            if constant is not None and smallest_type(constant) not in (common, *_inside(common)):
                common = DataType.INT32
        self._nodes.append(self._converted(node, data, common))
        self._set(node.output(), common)

    def _exact(self, node: OnnxNode) -> None:
        operator, bias = EXACT[node.operator], node.inputs[2:]
        if node.operator == "Sum" or (node.operator == "Add" and bias):
            self._chain(node)
            return
        self._nodes.append(replace(node, operator=operator, domain=PULP_DOMAIN))
        self._set(node.output(), DataType.INT32)

    def _chain(self, node: OnnxNode) -> None:
        """A sum of any number of operands, as the dialect's Add also has, one by one."""
        operands = [name for name in node.inputs if name is not None]
        total = operands[0]
        for index, name in enumerate(operands[1:], 1):
            last = index == len(operands) - 1
            made = node.output() if last else f"{node.output()}/partial_{index}"
            shape = np.broadcast_shapes(*(self._tensors[x].type.shape for x in (total, name)))
            self._tensors[made] = OnnxTensor(made, TensorType(DataType.INT32, tuple(shape)))
            self._nodes.append(
                OnnxNode(
                    "IntegerAdd",
                    node.name if last else f"{node.name}/partial_{index}",
                    (total, name),
                    (made,),
                    {},
                    node.opset,
                    PULP_DOMAIN,
                )
            )
            total = made
        if len(operands) == 1:
            self._move(replace(node, operator="Identity"))

    def _sum(self, node: OnnxNode) -> None:
        self._nodes.append(self._converted(node, self._data(node), DataType.INT32))
        self._set(node.output(), DataType.INT32)

    def _mean(self, node: OnnxNode) -> None:
        axes: Array | list[int] = node.attribute("axes", list[int]())
        if node.has_input(1):
            constant = self._tensors[node.inputs[1] or ""].constant
            axes = [] if constant is None else [int(axis) for axis in constant.reshape(-1)]
        if not len(axes) and node.attribute("noop_with_empty_axes", 0):
            self._move(replace(node, operator="Identity", inputs=node.inputs[:1]))
            return
        attributes = {"keepdims": node.attribute("keepdims", 1), "axes": list(axes)}
        mean = replace(
            node,
            operator="IntegerMean",
            inputs=node.inputs[:1],
            attributes=attributes,
            domain=PULP_DOMAIN,
        )
        self._dialect(mean)

    def _choose(self, node: OnnxNode) -> None:
        """The node between a DequantizeLinear and a QuantizeLinear of scale 1, which is exact."""
        x, y = node.inputs[0], node.output()
        assert x is not None
        type_ = self._type(node, 0)
        scale = self._constant(f"{node.name}/scale", np.array(1.0, np.float32))
        zero = self._constant(f"{node.name}/zero_point", np.array(0, type_.numpy))
        real = [f"{node.name}/real_input", f"{node.name}/real_output"]
        for name, like in zip(real, (x, y), strict=True):
            shape = self._tensors[like].type.shape
            self._tensors[name] = OnnxTensor(name, TensorType(DataType.FLOAT32, shape))
        self._set(y, type_)
        self._nodes += [
            OnnxNode(
                "DequantizeLinear",
                f"{node.name}/dequantise",
                (x, scale, zero),
                (real[0],),
                {},
                node.opset,
            ),
            replace(
                node,
                inputs=(real[0], *node.inputs[1:]),
                outputs=(real[1], *node.outputs[1:]),
            ),
            OnnxNode(
                "QuantizeLinear",
                f"{node.name}/quantise",
                (real[1], scale, zero),
                (y,),
                {},
                node.opset,
            ),
        ]

    def _float(self, node: OnnxNode) -> None:
        data = [name for name in self._data(node) if self._tensors[name].type.data_type in NUMBERS]
        self._nodes.append(self._converted(node, data, DataType.FLOAT32))

    # --- tensors -------------------------------------------------------------------------------

    def _data(self, node: OnnxNode) -> list[str]:
        """The operands that were float32 in the imported model: numbers, no shapes or indices."""
        types = self._model.tensors
        return [
            name
            for name in node.inputs
            if name is not None
            and (name not in types or types[name].type.data_type is DataType.FLOAT32)
        ]

    def _varying(self, names: Sequence[str]) -> Iterator[str]:
        yield from (name for name in names if self._tensors[name].constant is None)

    def _holds_integers(self, names: Sequence[str]) -> bool:
        """Whether operands are integers, if some are computed."""
        varying = list(self._varying(names))
        if not varying or any(self._tensors[n].type.data_type not in NUMBERS for n in varying):
            return False
        constants = [self._tensors[name].constant for name in names]
        return all(data is None or smallest_type(data) is not None for data in constants)

    def _common(self, types: Sequence[DataType]) -> DataType:
        found = set(types)
        return types[0] if len(found) == 1 else DataType.INT32

    def _type(self, node: OnnxNode, index: int) -> DataType:
        return self._tensors[node.inputs[index] or ""].type.data_type

    def _set(self, name: str, type_: DataType) -> None:
        tensor = self._tensors[name]
        self._tensors[name] = replace(tensor, type=TensorType(type_, tensor.type.shape))

    def _constant(self, name: str, data: Array) -> str:
        self._tensors[name] = OnnxTensor(name, TensorType.of(data), data)
        return name

    def _converted(self, node: OnnxNode, names: Sequence[str], type_: DataType) -> OnnxNode:
        """The node with Casts before the operands `names` that have another type."""
        other: dict[str, str] = {}
        for name in dict.fromkeys(names):
            tensor = self._tensors[name]
            if tensor.type.data_type is type_:
                continue
            made = f"{name}/{node.name}/{type_.value}"
            if tensor.constant is not None:
                other[name] = self._constant(made, tensor.constant.astype(type_.numpy))
                continue
            self._tensors[made] = OnnxTensor(made, TensorType(type_, tensor.type.shape))
            self._nodes.append(OnnxNode("Cast", made, (name,), (made,), {}, node.opset))
            other[name] = made
        inputs = tuple(None if name is None else other.get(name, name) for name in node.inputs)
        return replace(node, inputs=inputs)


def _inside(type_: DataType) -> tuple[DataType, ...]:
    """The types whose values the other one holds all."""
    limits = np.iinfo(type_.numpy)
    return tuple(
        other
        for other in NUMBERS
        if limits.min <= np.iinfo(other.numpy).min and np.iinfo(other.numpy).max <= limits.max
    )
