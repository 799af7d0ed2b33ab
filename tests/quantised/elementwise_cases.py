"""Functions of one, two or three operands, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, extents, normal, pick, positive

ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    "Elu": [{}, {"alpha": 0.3}],
    "Gelu": [{}, {"approximate": "tanh"}],
    "HardSigmoid": [{}, {"alpha": 0.4, "beta": 0.1}],
    "LeakyRelu": [{}, {"alpha": 0.2}, {"alpha": -0.5}],
    "Swish": [{}, {"alpha": 1.7}],
}


@case(
    *("Abs", "Asinh", "Atan", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu"),
    *("HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Neg", "Round", "Sigmoid", "Sign", "Sin"),
    *("Softplus", "Swish", "Tanh"),
)
def function_of_any_number(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    attributes = ATTRIBUTES.get(operator, [{}])
    data = normal(random, *extents(random, pick(random, 1, 2, 4)))
    if operator == "Exp":
        data = np.clip(data, -30.0, 30.0)
    if operator == "Elu" and np.abs(data).max() < 0.1:
        # onnxruntime computes exp(x) - 1 in float32, which is more than a step of 16 bits off.
        data *= 1000.0
    x = model.input("x", data)
    chosen = attributes[pick(random, *range(len(attributes)))]
    model.output(model.node(operator, [x], "y", **chosen))
    return model


@case("Acos", "Acosh", "Asin", "Atanh", "Cosh", "Sinh", "Tan")
def function_near_zero(random: Generator, operator: str) -> ModelUnderTest:
    """Functions that are defined for few numbers, or grow fast."""
    model = ModelUnderTest()
    data = random.uniform(-0.9, 0.9, extents(random, pick(random, 1, 2, 4))).astype(np.float32)
    x = model.input("x", np.abs(data) + np.float32(1.1) if operator == "Acosh" else data)
    model.output(model.node(operator, [x], "y"))
    return model


@case("Log", "Reciprocal", "Sqrt")
def function_of_positive_numbers(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", positive(random, *extents(random, pick(random, 1, 2, 4))))
    model.output(model.node(operator, [x], "y"))
    return model


def _quantised_input(random: Generator, model: ModelUnderTest) -> str:
    """A tensor that another operator makes: the quantiser skips Relu and Clip of inputs."""
    return model.node("Neg", [model.input("x", normal(random, *extents(random, 3)))], "negated")


@case("Relu")
def relu(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    model.output(model.node("Relu", [_quantised_input(random, model)], "y"))
    return model


@case("Clip")
def clip(random: Generator, operator: str) -> ModelUnderTest:
    """Bounds on one or both sides, in and outside of the range."""
    model = ModelUnderTest()
    x = _quantised_input(random, model)
    low, high = sorted(random.normal(0.0, 2.0, 2))
    bounds = [
        model.constant("low", np.array(low, np.float32)) if random.random() < 0.8 else "",
        model.constant("high", np.array(high, np.float32)) if random.random() < 0.8 else "",
    ]
    model.output(model.node("Clip", [x, *bounds], "y"))
    return model


def broadcast_shapes(random: Generator, count: int) -> list[tuple[int, ...]]:
    """Shapes that broadcast together: axes of extent 1, and leading axes left out."""
    rank = pick(random, 1, 2, 3, 4)
    full = extents(random, rank, 5)
    shapes = [full]
    for _ in range(count - 1):
        shape = tuple(1 if random.random() < 0.3 else extent for extent in full)
        shapes.append(shape[pick(random, *range(rank)) if random.random() < 0.4 else 0 :])
    order = random.permutation(count)
    return [shapes[index] for index in order]


@case("Add", "Max", "Min", "Mul", "Sub")
def function_of_two(random: Generator, operator: str) -> ModelUnderTest:
    """Two tensors, or a tensor and a constant on either side."""
    model = ModelUnderTest()
    left, right = broadcast_shapes(random, 2)
    kind = pick(random, 0, 0, 0, 1, 2)
    a = (model.constant if kind == 1 else model.input)("a", normal(random, *left))
    b = (model.constant if kind == 2 else model.input)("b", normal(random, *right))
    model.output(model.node(operator, [a, b], "y"))
    return model


@case("Add", "Div", "Max", "Min", "Mul", "Pow", "Sub")
def with_a_number(random: Generator, operator: str) -> ModelUnderTest:
    """A tensor and a constant number."""
    model = ModelUnderTest()
    make = positive if operator in ("Div", "Pow") else normal
    x = model.input("x", make(random, *extents(random, pick(random, 1, 3))))
    number = model.constant("number", np.array(random.choice([0.5, 2.0, 3.0]), np.float32))
    operands = [x, number] if random.random() < 0.7 else [number, x]
    model.output(model.node(operator, operands, "y"))
    return model


@case("Max", "Mean", "Min", "Sum")
def function_of_many(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    shapes = broadcast_shapes(random, 3)
    names = [model.input(f"x{i}", normal(random, *shape)) for i, shape in enumerate(shapes)]
    model.output(model.node(operator, names, "y"))
    return model


@case("Div", "Pow")
def function_of_two_positive(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    left, right = broadcast_shapes(random, 2)
    a = model.input("a", positive(random, *left) + np.float32(0.5))
    b = model.input("b", random.uniform(0.5, 2.0, right).astype(np.float32))
    model.output(model.node(operator, [a, b], "y"))
    return model


@case("Mod")
def remainder(random: Generator, operator: str) -> ModelUnderTest:
    """Of two tensors, or of a tensor and a number."""
    model = ModelUnderTest()
    left, right = broadcast_shapes(random, 2)
    a = model.input("a", normal(random, *left))
    divisor = random.uniform(0.5, 2.0, right).astype(np.float32)
    b = model.constant("b", divisor[:1].reshape(-1)[:1]) if random.random() < 0.4 else None
    b = b or model.input("b", divisor)
    model.output(model.node("Mod", [a, b], "y", fmod=1))
    return model


@case("PRelu")
def parametric_relu(random: Generator, operator: str) -> ModelUnderTest:
    """Slopes per channel or one for all."""
    model = ModelUnderTest()
    channels = pick(random, 1, 3, 5)
    x = model.input("x", normal(random, 2, channels, 3, 4))
    slopes = (channels, 1, 1) if random.random() < 0.6 else (1,)
    slope = model.constant("slope", random.uniform(-0.5, 0.9, slopes).astype(np.float32))
    model.output(model.node("PRelu", [x, slope], "y"))
    return model


@case("Where")
def where(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    condition, left, right = broadcast_shapes(random, 3)
    names = [
        model.input("condition", random.random(condition) < 0.5),
        model.input("a", normal(random, *left)),
        model.input("b", normal(random, *right)),
    ]
    model.output(model.node("Where", names, "y"))
    return model


@case("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
def comparison(random: Generator, operator: str) -> ModelUnderTest:
    """A comparison of two quantised tensors, which chooses between them."""
    model = ModelUnderTest()
    shape = extents(random, pick(random, 1, 3))
    names = [model.input(name, normal(random, *shape)) for name in ("a", "b")]
    condition = model.node(operator, names, "condition")
    model.output(model.node("Where", [condition, *names], "y"))
    model.output(condition)
    return model


@case("IsInf", "IsNaN")
def no_number(random: Generator, operator: str) -> ModelUnderTest:
    """What attention does with rows that a mask hides."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, *extents(random, pick(random, 1, 3))))
    condition = model.node(operator, [x], "condition")
    zero = model.constant("zero", np.zeros((), np.float32))
    model.output(model.node("Where", [condition, zero, x], "y"))
    model.output(condition)
    return model


@case("And", "Or", "Xor", "Not")
def logic(random: Generator, operator: str) -> ModelUnderTest:
    """Conditions from comparisons of quantised tensors."""
    model = ModelUnderTest()
    shape = extents(random, pick(random, 1, 3))
    names = [model.input(name, normal(random, *shape)) for name in ("a", "b")]
    conditions = [model.node(op, names, op.lower()) for op in ("Less", "Greater")]
    y = model.node(operator, conditions[: 1 if operator == "Not" else 2], "y")
    model.output(model.node("Where", [y, *names], "chosen"))
    return model


@case("Cast")
def cast(random: Generator, operator: str) -> ModelUnderTest:
    """To an integer and back."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, *extents(random, 3)))
    target = pick(random, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL)
    y = model.node("Cast", [x], "integer", to=target)
    model.output(model.node("Cast", [y], "y", to=TensorProto.FLOAT))
    return model


@case("CastLike")
def cast_like(random: Generator, operator: str) -> ModelUnderTest:
    """To the type of a run-time tensor, and back."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, *extents(random, 3)))
    like = model.input("like", np.zeros(1, np.int32))
    integer = model.node("CastLike", [x, like], "integer")
    model.output(model.node("CastLike", [integer, x], "y"))
    return model


@case("Identity", "Dropout")
def unchanged(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, *extents(random, 3)))
    y = model.node(operator, [x], "same")
    model.output(model.node("Relu", [y], "y"))
    return model
