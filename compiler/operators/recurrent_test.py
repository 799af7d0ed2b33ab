"""LSTM, GRU and RNN: lowered models equal onnxruntime, and what is not supported is refused."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator

from compiler.errors import CompileError
from compiler.interpreter import interpret
from compiler.ir import Array, DataType
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.operators.recurrent import GATES, USUAL

OUTPUTS = {"LSTM": ["y", "y_h", "y_c"], "GRU": ["y", "y_h"], "RNN": ["y", "y_h"]}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}
ACTIVATIONS = ("Elu", "HardSigmoid", "LeakyRelu", "Relu", "Sigmoid", "Softplus", "Tanh")


def _normal(random: np.random.Generator, *shape: int) -> Array:
    return random.normal(0, 0.6, shape).astype(np.float32)


def layer(
    operator: str,
    seed: int,
    *,
    steps: int = 3,
    batch: int = 2,
    direction: str = "forward",
    bias: bool = True,
    initial: bool = False,
    lengths: str = "",
    peepholes: bool = False,
    layout: int = 0,
    stored: Stored | None = None,
    **attributes: Any,
) -> ModelUnderTest:
    """A model of one recurrent layer with all its outputs.

    `lengths`: "constant" or "input", or empty for none.
    """
    random = np.random.default_rng(seed)
    inputs, hidden, count, gates = 4, 5, DIRECTIONS[direction], GATES[operator]
    model = ModelUnderTest(opset=22)
    shape = (batch, steps, inputs) if layout else (steps, batch, inputs)
    states = (batch, count, hidden) if layout else (count, batch, hidden)
    operands = [
        model.quantised(model.input("x", _normal(random, *shape)), stored),
        model.constant("w", _normal(random, count, gates * hidden, inputs)),
        model.constant("r", _normal(random, count, gates * hidden, hidden)),
        model.constant("b", _normal(random, count, 2 * gates * hidden)) if bias else "",
        "",
        model.input("h0", _normal(random, *states)) if initial else "",
    ]
    if lengths:
        add = model.input if lengths == "input" else model.constant
        data = random.integers(1, steps + 1, batch).astype(np.int32)
        operands[4] = add("lengths", data)
    if operator == "LSTM":
        operands.append(model.input("c0", _normal(random, *states)) if initial else "")
        if peepholes:
            operands.append(model.constant("p", _normal(random, count, 3 * hidden)))
    while not operands[-1]:
        operands.pop()
    attributes |= {"direction": direction, "hidden_size": hidden, "layout": layout}
    model.nodes.append(
        helper.make_node(operator, operands, OUTPUTS[operator], operator, **attributes)
    )
    model.outputs.extend(OUTPUTS[operator])
    return model


def check(model: ModelUnderTest) -> None:
    for found, expected in model.run():
        assert found.shape == expected.shape
        assert np.allclose(found, expected, rtol=1e-5, atol=2e-6)


@settings(deadline=None, max_examples=60)
@given(
    operator=st.sampled_from(sorted(GATES)),
    steps=st.integers(1, 6),
    batch=st.integers(1, 3),
    direction=st.sampled_from(sorted(DIRECTIONS)),
    bias=st.booleans(),
    initial=st.booleans(),
    lengths=st.sampled_from(["", "constant", "input"]),
    resets_behind=st.booleans(),
    peepholes=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_onnxruntime(
    operator: str,
    steps: int,
    batch: int,
    direction: str,
    bias: bool,
    initial: bool,
    lengths: str,
    resets_behind: bool,
    peepholes: bool,
    seed: int,
) -> None:
    attributes: dict[str, Any] = {}
    if operator == "GRU":
        attributes["linear_before_reset"] = int(resets_behind)
    check(
        layer(
            operator,
            seed,
            steps=steps,
            batch=batch,
            direction=direction,
            bias=bias,
            initial=initial,
            lengths=lengths,
            peepholes=peepholes,
            **attributes,
        )
    )


@settings(deadline=None, max_examples=40)
@given(
    operator=st.sampled_from(sorted(GATES)),
    names=st.lists(st.sampled_from(ACTIVATIONS), min_size=6, max_size=6),
    given_values=st.booleans(),
    resets_behind=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_other_activations(
    operator: str, names: list[str], given_values: bool, resets_behind: bool, seed: int
) -> None:
    chosen = names[: 2 * len(USUAL[operator])]
    attributes: dict[str, Any] = {"activations": chosen}
    if given_values:
        alphas = sum(name in ("Elu", "HardSigmoid", "LeakyRelu") for name in chosen)
        betas = chosen.count("HardSigmoid")
        attributes |= (
            {"activation_alpha": [0.15 + 0.05 * i for i in range(alphas)]} if alphas else {}
        )
        attributes |= {"activation_beta": [0.4 + 0.02 * i for i in range(betas)]} if betas else {}
    if operator == "GRU":
        attributes["linear_before_reset"] = int(resets_behind)
    check(layer(operator, seed, direction="bidirectional", **attributes))


@pytest.mark.parametrize("operator", sorted(GATES))
@pytest.mark.parametrize("clip", [0.05, 0.7])
def test_clip(operator: str, clip: float) -> None:
    check(layer(operator, 3, clip=clip, initial=True))


@pytest.mark.parametrize("peepholes", [False, True])
def test_coupled_gates(peepholes: bool) -> None:
    check(layer("LSTM", 4, input_forget=1, peepholes=peepholes))


@pytest.mark.parametrize("operator", sorted(GATES))
def test_batch_first(operator: str) -> None:
    """onnxruntime does not have this layout, so that ONNX's reference is the judge."""
    model = layer(operator, 5, layout=1, initial=operator != "GRU")
    evaluator: Any = ReferenceEvaluator(model.model())
    expected = cast(list[Array], evaluator.run(None, model.inputs))
    graph = model.graph()
    found = interpret(graph, model.inputs)
    for name, reference in zip(graph.outputs, expected, strict=True):
        assert found[name].shape == reference.shape
        assert np.allclose(found[name], reference, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("operator", sorted(GATES))
@pytest.mark.parametrize("data_type", [DataType.INT8, DataType.UINT8])
def test_between_quantised_tensors_it_is_float(operator: str, data_type: DataType) -> None:
    zero_point = 128 if data_type is DataType.UINT8 else 0
    check(layer(operator, 6, stored=Stored(0.02, zero_point, data_type)))


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_outputs_that_nobody_wants(missing: int) -> None:
    model = layer("LSTM", 7, direction="bidirectional")
    model.nodes[-1].output[missing] = ""
    model.outputs.remove(OUTPUTS["LSTM"][missing])
    check(model)


@pytest.mark.parametrize("operator", sorted(GATES))
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize(("axis", "block"), [(None, 0), (0, 0), (1, 0), (2, 3)])
def test_quantised_weights_stay_quantised(
    operator: str, direction: str, axis: int | None, block: int
) -> None:
    """With a scale for all, for a direction, for a gate's row, or for blocks of a row."""
    model = layer(operator, 9, direction=direction)
    random = np.random.default_rng(10)
    for name in ("w", "r"):
        shape = model.constants.pop(name).shape
        scales = list(shape[:2]) if block else [] if axis is None else [shape[axis]]
        if block:
            scales.append(-(-shape[2] // block))
        stored = random.integers(-127, 128, shape).astype(np.int8)
        scale = random.uniform(0.004, 0.01, scales).astype(np.float32)
        operands = [model.constant(f"{name}_q", stored), model.constant(f"{name}_s", scale)]
        attributes: dict[str, Any] = {"axis": axis or 0}
        if block:
            attributes["block_size"] = block
        node = helper.make_node("DequantizeLinear", operands, [name], name, **attributes)
        model.nodes.insert(0, node)
    check(model)
    operations = model.operations()
    assert "MatMulFloat" not in operations and "MatMulWeightOnly" in operations


def test_a_usual_step_is_three_operations() -> None:
    operations = layer("LSTM", 8, steps=6, batch=1).operations()
    assert operations.count("LstmCell") == 6
    assert operations.count("MatMulFloat") == 1 + 5  # the first step's is of zeros
    assert operations.count("Slice") == 6
    assert layer("GRU", 8, steps=6, linear_before_reset=1).operations().count("GruCell") == 6


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"activations": ["Sigmoid", "Affine", "Tanh"]}, "its activation is 'Affine'"),
        ({"activations": ["Sigmoid"]}, "it has 1 activations"),
        ({"clip": -1.0}, "its clip is -1.0"),
        ({"clip": 0.0}, "its clip is 0.0"),
        ({"steps": 1025}, "it has 1,025 steps"),
        ({"direction": "bidirectional", "hidden_size": 5}, None),
    ],
)
def test_refusals(attributes: dict[str, Any], message: str | None) -> None:
    model = layer("LSTM", 9, **attributes)
    if message is None:
        check(model)
        return
    with pytest.raises(CompileError, match=f"TW-0202: node 'LSTM'.*{message}"):
        model.graph()


@pytest.mark.parametrize("operand", ["w", "r", "b"])
def test_shapes_that_contradict_each_other_are_refused(operand: str) -> None:
    model = layer("GRU", 11)
    model.constants[operand] = np.concatenate([model.constants[operand]] * 2, axis=-1)
    with pytest.raises(CompileError, match=r"TW-0202: node .GRU.* has shape"):
        model.graph()


@pytest.mark.parametrize("operator", sorted(GATES))
@pytest.mark.parametrize("value", [-1, 2])
def test_layouts_that_there_are_not(operator: str, value: int) -> None:
    model = layer(operator, 12)
    (entry,) = (a for a in model.nodes[-1].attribute if a.name == "layout")
    entry.i = value
    with pytest.raises(CompileError, match=f"TW-0202: node '{operator}'.*its layout is {value}"):
        model.graph()


def test_weights_at_run_time_are_refused() -> None:
    model = layer("GRU", 10)
    model.inputs["r"] = model.constants.pop("r")
    with pytest.raises(CompileError, match="its weights 'r' are computed at run time"):
        model.graph()
