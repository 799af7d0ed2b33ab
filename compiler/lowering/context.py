"""What a lowering uses to read a node's operands and to emit operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from compiler.errors import UnsupportedForm
from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.ir import (
    Array,
    DataType,
    Graph,
    ModelTensor,
    Node,
    Operation,
    Quantization,
    Value,
)
from compiler.lowering.bindings import Binding, Bindings
from compiler.lowering.operand import Operand, QuantizedConstant, Result
from compiler.lowering.quantization import dequantise_constant, per_tensor_int8
from compiler.operators.movement import Transpose, inverse
from compiler.operators.quantize import Quantize, Recode
from compiler.operators.table import requantisation_table


class LoweringContext:
    """The state of lowering one model to one graph.

    Tensors are known by their name in the model. A quantised tensor is the output of a
    DequantizeLinear; lowerings see it as an operand with `quantization` and get the int8 value's
    name from `stored`, or the float one's from `plain`, which dequantises on demand.
    """

    def __init__(self, model: OnnxModel, graph: Graph) -> None:
        self.model = model
        self.graph = graph
        self._bindings = Bindings(graph)
        self._consumers: Mapping[str, list[OnnxNode]] = model.consumers()
        self._producers: Mapping[str, OnnxNode] = model.producers()
        self._absorbed: set[str] = set()

    # --- reading -------------------------------------------------------------------------------

    def operand(self, node: OnnxNode, index: int) -> Operand | None:
        """Input `index` of the node, or None if it is absent."""
        if not node.has_input(index):
            return None
        name = node.inputs[index]
        assert name is not None
        tensor = self.model.tensors[name]
        binding = self._bindings.get(name)
        constant = tensor.constant
        if constant is None and binding.weights is not None:
            constant = dequantise_constant(binding.weights)
        return Operand(name, tensor.type, binding.quantization, constant, binding.weights)

    def required(self, node: OnnxNode, index: int) -> Operand:
        """Input `index`; raises UnsupportedForm if it is absent, that is, has an empty name."""
        operand = self.operand(node, index)
        if operand is None:
            raise UnsupportedForm(f"its input {index} is absent", "nodes with all their inputs")
        return operand

    def producer(self, operand: Operand) -> OnnxNode | None:
        """The ONNX node that makes a tensor, to recognise patterns such as attention masks."""
        return self._producers.get(operand.name)

    def result(self, node: OnnxNode, *, fuse_clip: bool = False) -> Result:
        """Where output 0 goes.

        If its only reader is a QuantizeLinear, that node is absorbed and the result is quantised.
        With `fuse_clip` a Relu or Clip in between (or at the end) is absorbed too and sets the
        result's bounds; only for kernels that clip.
        """
        name = node.output()
        minimum, maximum = -inf, inf
        fused: list[str] = []
        reader = self.only_reader(name)
        while (
            fuse_clip and reader is not None and (bounds := self._clip_bounds(reader)) is not None
        ):
            minimum = min(max(minimum, bounds[0]), bounds[1])
            maximum = max(min(maximum, bounds[1]), bounds[0])
            fused.append(reader.name)
            name = reader.output()
            reader = self.only_reader(name)
        quantization = None
        real = self.model.tensors[name].type.data_type is DataType.FLOAT32
        if real and reader is not None and reader.operator == "QuantizeLinear":
            quantization = per_tensor_int8(reader, self.model)
            if quantization is not None:
                fused.append(reader.name)
                self._bindings.bind(
                    reader.output(), Binding(stored=name, quantization=quantization)
                )
        self._absorbed.update(fused)
        return Result(
            name, self.model.tensors[name].type, quantization, minimum, maximum, tuple(fused)
        )

    def only_reader(self, tensor: str) -> OnnxNode | None:
        """The one node that reads a tensor, if nothing else needs it."""
        readers = self._consumers[tensor]
        if len(readers) != 1 or tensor in self.model.outputs:
            return None
        return readers[0]

    def _clip_bounds(self, node: OnnxNode) -> tuple[float, float] | None:
        if node.operator == "Relu":
            return 0.0, inf
        if node.operator != "Clip":
            return None
        bounds = [-inf, inf]
        for index in (1, 2):
            if node.has_input(index):
                operand = self.required(node, index)
                if operand.constant is None or operand.constant.size != 1:
                    return None
                bounds[index - 1] = operand.constant.item()
        return bounds[0], bounds[1]

    def absorb(self, node: OnnxNode) -> None:
        """Says that an earlier node's lowering does this node's work."""
        self._absorbed.add(node.name)

    def is_absorbed(self, node: OnnxNode) -> bool:
        """Whether an earlier node's lowering already does this node's work."""
        return node.name in self._absorbed

    # --- names of values -----------------------------------------------------------------------

    def stored(self, operand: Operand) -> str:
        """The int8 value of a quantised operand."""
        return self._bindings.stored(operand)

    def plain(self, operand: Operand) -> str:
        """The value of an operand in the model's own type; dequantises or recodes if needed."""
        return self._bindings.plain(operand)

    def stored_bytes(self, node: OnnxNode, operand: Operand) -> str:
        """The int8 value of an operand that is int8 or uint8 in the model itself."""
        binding = self._bindings.get(operand.name)
        if binding.stored is not None:
            return binding.stored
        assert binding.plain is not None
        if operand.type.data_type is DataType.INT8:
            return binding.plain
        return self.emit_value(node, "recoded", Recode(DataType.INT8), [binding.plain])

    def constant(self, node: OnnxNode, role: str, data: Array) -> str:
        """Adds a constant made for a node, e.g. `constant(node, "bias", ...)`; returns its name."""
        return self.graph.add_constant(f"{node.name}/{role}", data).name

    # --- emitting ------------------------------------------------------------------------------

    def emit_stored(
        self,
        node: OnnxNode,
        operation: Operation,
        inputs: Sequence[str | None],
        result: Result,
        then: Operation | None = None,
    ) -> None:
        """Emits an operation that writes the quantised result as int8.

        `then` turns the operation's output into the model's layout, e.g. a Transpose.
        """
        assert result.quantization is not None
        value = self._emit(
            node, operation, inputs, result.name, result.fused, then, result.quantization
        )
        value.quantization = result.quantization
        self.bind_stored(result.name, value.name, result.quantization)

    def emit_plain(
        self,
        node: OnnxNode,
        operation: Operation,
        inputs: Sequence[str | None],
        result: Result,
        then: Operation | None = None,
    ) -> None:
        """Emits an operation that writes the result in the model's type; `then` as above.

        If the result is quantised, a Quantize follows: a float island in a quantised graph.
        """
        if result.quantization is None:
            value = self._emit(node, operation, inputs, result.name, result.fused, then)
            self._bindings.bind(result.name, Binding(plain=value.name))
            return
        real = self._emit(node, operation, inputs, f"{result.name}.real", (), then)
        real.tensor = ModelTensor(result.name)
        value = self._emit_quantise(real.name, result.name, result.quantization, result.fused)
        self.bind_stored(result.name, value, result.quantization)

    def emit_moved(
        self,
        node: OnnxNode,
        operation: Operation,
        moved: Sequence[Operand],
        others: Sequence[str | None] = (),
        output: int = 0,
    ) -> None:
        """Emits an operation that only moves elements, in whatever form its operands are.

        Its result is output `output` of the node.

        `moved` are the operands whose elements are moved; if all are quantised alike the result is
        int8 with the same parameters, else it is in the model's type. `others` are further inputs,
        already values.
        """
        quantization = moved[0].quantization
        name = node.output(output)
        if all(operand.is_int8 and operand.quantization == quantization for operand in moved):
            assert quantization is not None
            values = [self.stored(operand) for operand in moved]
            value = self._emit(node, operation, (*values, *others), name, ())
            value.quantization = quantization
            self.bind_stored(name, value.name, quantization)
        else:
            values = [self.plain(operand) for operand in moved]
            value = self._emit(node, operation, (*values, *others), name, ())
            self._bindings.bind(name, Binding(plain=value.name))

    def emit_value(
        self, node: OnnxNode, role: str, operation: Operation, inputs: Sequence[str | None]
    ) -> str:
        """Emits a helper operation of a node; returns the name of its value `<node>/<role>`."""
        name = self.graph.unique_name(f"{node.name}/{role}")
        self.graph.append(Node(name, operation, tuple(inputs), (name,), (node.name,)))
        return name

    def bind_stored(self, tensor: str, value: str, quantization: Quantization) -> None:
        """Says that model tensor `tensor` exists as int8 value `value`."""
        self._bindings.bind(tensor, Binding(stored=value, quantization=quantization))
        for reader in self._consumers[tensor]:
            if reader.operator == "QuantizeLinear" and reader.name in self._absorbed:
                self._bindings.bind(reader.output(), self._bindings.get(tensor))

    def bind_plain(self, tensor: str, value: str) -> None:
        """Says that model tensor `tensor` exists as value `value` of its own type."""
        self._bindings.bind(tensor, Binding(plain=value))

    def bind_weights(self, tensor: str, weights: QuantizedConstant) -> None:
        """Says that model tensor `tensor` is a dequantised constant."""
        self._bindings.bind_weights(tensor, weights)

    def alias(self, node: OnnxNode, operand: Operand) -> None:
        """Says that output 0 of the node is its operand, in every form (Identity, Dropout)."""
        if self._bindings.get(operand.name) == Binding():
            self.plain(operand)  # a constant, of which no form was needed so far
        self._bindings.bind(node.output(), self._bindings.get(operand.name))

    def quantise(self, node: OnnxNode, operand: Operand, quantization: Quantization) -> None:
        """Lowers a QuantizeLinear that no other node absorbed."""
        if operand.quantization is not None:
            value = self.requantised(operand, quantization)
        else:
            value = self._emit_quantise(
                self.plain(operand), operand.name, quantization, (node.name,)
            )
        self._bindings.bind(node.output(), Binding(stored=value, quantization=quantization))

    # --- the network's interface ---------------------------------------------------------------

    def absorb_input_quantization(self, tensor: str) -> Quantization | None:
        """If all readers of an input quantise it alike, absorbs them and returns how."""
        readers = self._consumers[tensor]
        found: list[Quantization] = []
        for reader in readers:
            if reader.operator != "QuantizeLinear" or tensor in self.model.outputs:
                return None
            quantization = per_tensor_int8(reader, self.model)
            if quantization is None:
                return None
            found.append(quantization)
        if not found or any(other != found[0] for other in found):
            return None
        self._absorbed.update(reader.name for reader in readers)
        return found[0]

    def input_quantization(self, tensor: str) -> Quantization | None:
        """What an int8 input of the model itself stands for, if all its readers agree."""
        found: list[Quantization] = []
        for reader in self._consumers[tensor]:
            if reader.operator != "DequantizeLinear":
                return None
            try:
                quantization = per_tensor_int8(reader, self.model)
            except UnsupportedForm:
                return None  # The node's own lowering says it, with its name.
            if quantization is None:
                return None
            found.append(quantization)
        return found[0] if found and all(other == found[0] for other in found) else None

    def output_value(self, tensor: str, integer: bool) -> str:
        """The value of a model output: as int8 if `integer` and it is quantised, else as itself."""
        binding = self._bindings.get(tensor)
        if integer and binding.stored is not None:
            return binding.stored
        model_tensor = self.model.tensors[tensor]
        constant = model_tensor.constant
        if constant is None and binding.weights is not None:
            constant = dequantise_constant(binding.weights)
        return self.plain(Operand(tensor, model_tensor.type, binding.quantization, constant, None))

    def check_shapes(self, node: OnnxNode) -> None:
        """Raises UnsupportedForm if a result of a lowered node has another shape than the model's.

        The model may say so itself, where operands at run time decide or ONNX leaves it open.
        """
        for name in node.outputs:
            if name is None:
                continue
            binding = self._bindings.get(name)
            value = binding.plain or binding.stored
            if value is None:
                continue
            found, said = self.graph.values[value].type.shape, self.model.tensors[name].type.shape
            if found != said:
                raise UnsupportedForm(
                    f"its result {name!r} has shape {list(found)}, where the model says "
                    f"{list(said)}",
                    "models whose shapes are those of ONNX's shape inference",
                    "export the model again, without shapes of inner tensors and outputs",
                )

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives values other names, everywhere and at once; all names must differ afterwards."""
        self._bindings.rename(names)

    # --- inside --------------------------------------------------------------------------------

    def _emit(
        self,
        node: OnnxNode,
        operation: Operation,
        inputs: Sequence[str | None],
        output: str,
        fused: tuple[str, ...],
        then: Operation | None = None,
        quantization: Quantization | None = None,
    ) -> Value:
        name = self.graph.unique_name(output)
        result = name if then is None else self.graph.unique_name(f"{output}/kernel_layout")
        (value,) = self.graph.append(
            Node(
                node.name,
                operation,
                tuple(inputs),
                (result,),
                (node.name, *node.absorbed, *fused),
            )
        )
        if then is None:
            return value
        value.quantization = quantization
        if isinstance(then, Transpose):
            value.tensor = ModelTensor(output, inverse(then.permutation))
        (value,) = self.graph.append(Node(f"{node.name}/model_layout", then, (result,), (name,)))
        return value

    def _emit_quantise(
        self, real: str, tensor: str, quantization: Quantization, origin: tuple[str, ...]
    ) -> str:
        (value,) = self.graph.append(
            Node(
                f"{tensor}/quantise",
                Quantize(quantization.scale, quantization.zero_point),
                (real,),
                (self.graph.unique_name(tensor),),
                origin,
            )
        )
        value.quantization = quantization
        value.tensor = ModelTensor(tensor)
        return value.name

    def requantised(self, operand: Operand, wanted: Quantization) -> str:
        """The int8 value of a quantised operand in other parameters, exactly rounded."""
        assert operand.quantization is not None
        if operand.quantization == wanted:
            return self.stored(operand)
        operation, table = requantisation_table(operand.quantization, wanted)
        constant = self.graph.add_constant(f"{operand.name}/requantise/table", table)
        (value,) = self.graph.append(
            Node(
                f"{operand.name}/requantise",
                operation,
                (self.stored(operand), constant.name),
                (self.graph.unique_name(operand.name),),
            )
        )
        value.quantization = wanted
        value.tensor = ModelTensor(operand.name)
        return value.name
