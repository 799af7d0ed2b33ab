"""Operators that move elements, and choose among them by index."""

from __future__ import annotations

import numpy as np
from onnx import helper

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, extents, normal, pick


def _integers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@case("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def other_shape(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    first, last = extents(random, 2)
    x = model.input("x", normal(random, first, 1, last))
    if operator == "Flatten":
        y = model.node(operator, [x], "y", axis=pick(random, -1, 0, 1, 3))
    else:
        operand = {
            "Reshape": _integers(-1, pick(random, 1, last)),
            "Squeeze": _integers(pick(random, 1, -2)),
            "Unsqueeze": _integers(pick(random, 0, -1), 2),
        }[operator]
        y = model.node(operator, [x, model.constant("operand", operand)], "y")
    model.output(y)
    return model


@case("Transpose")
def transpose(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    rank = pick(random, 2, 3, 4, 5)
    x = model.input("x", normal(random, *extents(random, rank, 4)))
    permutation = [int(axis) for axis in random.permutation(rank)]
    model.output(model.node("Transpose", [x], "y", perm=permutation))
    return model


@case("Slice")
def slices(random: Generator, operator: str) -> ModelUnderTest:
    """Negative axes, negative steps."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, 5, 6, 3))
    operands = [_integers(1, -1), _integers(5, -6), _integers(-3, 1), _integers(2, -2)]
    if random.random() < 0.5:
        operands = [_integers(0), _integers(2**40), _integers(pick(random, 0, -1)), _integers(2)]
    names = [model.constant(f"operand{i}", operand) for i, operand in enumerate(operands)]
    model.output(model.node("Slice", [x, *names], "y"))
    return model


@case("Split")
def split(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    axis = pick(random, 1, -2)
    x = model.input("x", normal(random, 2, 6, 3))
    sizes = model.constant("sizes", _integers(1, 3, 2))
    names = ["a", "b", "c"]
    model.nodes.append(helper.make_node("Split", [x, sizes], names, "split", axis=axis))
    model.outputs.extend(names)
    return model


@case("Concat")
def concatenation(random: Generator, operator: str) -> ModelUnderTest:
    """Operands of different ranges."""
    model = ModelUnderTest()
    rank = pick(random, 1, 2, 4)
    axis = int(random.integers(-rank, rank))
    shape = list(extents(random, rank, 4))
    names: list[str] = []
    for index in range(pick(random, 2, 3, 5)):
        shape[axis] = pick(random, 1, 2, 4)
        names.append(model.input(f"x{index}", normal(random, *shape)))
    model.output(model.node("Concat", names, "y", axis=axis))
    return model


@case("Pad")
def pad(random: Generator, operator: str) -> ModelUnderTest:
    """All modes; constant values inside and outside of the range."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, 3, 4, 5))
    mode = str(random.choice(["constant", "constant", "edge", "reflect"]))
    amounts = model.constant("amounts", _integers(*random.integers(0, 3, 6)))
    operands = [x, amounts]
    if mode == "constant" and random.random() < 0.6:
        value = np.array(random.choice([0.0, -1.0, 0.3]), np.float32)
        operands.append(model.constant("value", value))
    model.output(model.node("Pad", operands, "y", mode=mode))
    return model


@case("Gather")
def gather(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    rank = pick(random, 1, 2, 3)
    axis = int(random.integers(-rank, rank))
    shape = extents(random, rank)
    indices = random.integers(-shape[axis], shape[axis], (2, 3))
    table = normal(random, *shape)
    x = (model.constant if random.random() < 0.4 else model.input)("x", table)
    add = model.constant if x in model.inputs and random.random() < 0.5 else model.input
    names = [x, add("indices", indices.astype(np.int64))]
    model.output(model.node("Gather", names, "y", axis=axis))
    return model


@case("GatherND")
def gather_nd(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    shape = extents(random, 4, 4)
    batch, depth = pick(random, 0, 1), pick(random, 1, 2)
    bounds = np.array(shape[batch : batch + depth])
    indices = random.integers(-bounds, bounds, (*shape[:batch], 3, depth)).astype(np.int64)
    add = model.constant if random.random() < 0.5 else model.input
    names = [model.input("x", normal(random, *shape)), add("indices", indices)]
    model.output(model.node("GatherND", names, "y", batch_dims=batch))
    return model


@case("GatherElements")
def gather_elements(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    shape = extents(random, 2)
    axis = pick(random, 0, 1, -1)
    x = model.input("x", normal(random, *shape))
    indices = random.integers(-shape[axis], shape[axis], shape).astype(np.int64)
    names = [x, model.input("indices", indices)]
    model.output(model.node("GatherElements", names, "y", axis=axis))
    return model


@case("ScatterND")
def scatter(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 5, 3))
    rows = random.permutation(5)[:2].reshape(2, 1).astype(np.int64)
    names = [x, model.input("indices", rows), model.input("updates", normal(random, 2, 3))]
    model.output(model.node("ScatterND", names, "y"))
    return model


@case("ScatterElements")
def scatter_elements(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 5, 3))
    rows = np.stack([random.permutation(5)[:2] for _ in range(3)], axis=1).astype(np.int64)
    names = [x, model.input("indices", rows), model.input("updates", normal(random, 2, 3))]
    model.output(model.node(operator, names, "y", axis=0))
    return model


@case("Expand", "Tile")
def repetition(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.input("x", normal(random, 3, 1, 2))
    operand = _integers(2, 1, 4, 1) if operator == "Expand" else _integers(*extents(random, 3, 3))
    model.output(model.node(operator, [x, model.constant("operand", operand)], "y"))
    return model


@case("Resize")
def resize(random: Generator, operator: str) -> ModelUnderTest:
    """Nearest and linear, larger and smaller."""
    model = ModelUnderTest()
    x = model.input("x", normal(random, 1, pick(random, 1, 3), 4, 6))
    scales = np.array([1.0, 1.0, *random.choice([0.5, 1.5, 2.0], 2)], np.float32)
    attributes = {
        "mode": str(random.choice(["nearest", "linear"])),
        "coordinate_transformation_mode": str(
            random.choice(["half_pixel", "asymmetric", "align_corners"])
        ),
    }
    names = [x, "", model.constant("scales", scales)]
    model.output(model.node("Resize", names, "y", **attributes))
    return model


@case("DepthToSpace", "SpaceToDepth")
def blocks(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    channels = 4 * pick(random, 1, 2)
    x = model.input("x", normal(random, 1, channels, 4, 2))
    attributes = {"mode": str(random.choice(["DCR", "CRD"]))} if operator[0] == "D" else {}
    model.output(model.node(operator, [x], "y", blocksize=2, **attributes))
    return model
