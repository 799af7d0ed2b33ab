"""What must hold of a case: the compiler is right, or says with a code what is wrong."""

from __future__ import annotations

import contextlib
import enum
import io
import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, numpy_helper

from compiler import cli, pipeline
from compiler.interpreter import interpret
from compiler.ir import Array, DataType, Graph
from compiler.operators.model_harness import FLOAT_TOLERANCE, run_onnxruntime
from tests.fuzzing.case import Case
from tests.fuzzing.generated_code import check_syntax, run_sanitized

MAXIMUM_ELEMENTS = 2**20
"""Of all tensors of a network that is interpreted; larger ones are only compiled."""

INTEGER_LIMIT = 2**31
"""The compiler computes in int32 what a model has in int64 (docs/numerics.md)."""

FILES = ("net.c", "net.h", "net_weights.S", "net_weights.bin", "net.mapping.json")


class Outcome(enum.Enum):
    """How a case ended; all but the last are fine."""

    EQUAL = "equal to onnxruntime"
    COMPILED = "compiled; onnxruntime cannot run it, or defines it otherwise"
    REFUSED = "refused with a code"
    FAILED = "failed"


class Failure(Exception):
    """The compiler did what it never may."""


def check_case(case: Case, *, sanitize: bool, entering: Callable[[str], None]) -> Outcome:
    """Compiles, interprets and compares one case.

    `sanitize`: also run the generated C with ASan and UBSan, and compare with the interpreter.
    `entering` is told the phase, to know which one hangs or crashes.

    Raises:
        Failure: with what is wrong.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "net.onnx"
        path.write_bytes(case.content)
        entering("compile")
        if not _compile(path, folder / "out"):
            return Outcome.REFUSED
        entering("C compiler")
        check_syntax(folder / "out" / "net.c")
        (lowered,) = pipeline.lower_model(pipeline.ModelOptions(path), lambda _: None)
        graph = lowered.graph
        if sum(value.type.elements for value in graph.values.values()) > MAXIMUM_ELEMENTS:
            return Outcome.COMPILED
        entering("interpreter")
        inputs = _inputs(graph, case.seed)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = interpret(graph, inputs)
        if sanitize:
            entering("generated C")
            _compare_bits(graph, found, run_sanitized(folder / "out", graph, inputs))
        entering("onnxruntime")
        return _compare(
            ModelProto.FromString(case.content), lowered.model.inputs, graph, found, inputs
        )


def _compile(path: Path, output: Path) -> bool:
    """Whether the command line compiles the model; checks what it says and writes."""
    errors, printed = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stderr(errors),
        contextlib.redirect_stdout(printed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        status = cli.main(["compile", str(path), "--name", "net", "--output", str(output)])
    message = errors.getvalue()
    if status == 0:
        absent = [name for name in FILES if not (output / name).exists()]
        if absent:
            raise Failure(f"compiled, but {absent} are missing")
        return True
    codes = re.findall(r"^error (TW-\d{4}): ", message, re.MULTILINE)
    if status != 1 or not codes:
        raise Failure(f"exit status {status} and no code: {message}")
    if "TW-0901" in codes or "Traceback" in message:
        raise Failure(message)
    if output.exists():
        raise Failure(f"refused, but wrote {sorted(p.name for p in output.iterdir())}")
    return False


def _inputs(graph: Graph, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    result: dict[str, Array] = {}
    for name in graph.inputs:
        type_ = graph.values[name].type
        if type_.data_type.is_float:
            result[name] = random.normal(size=type_.shape).astype(np.float32)
        else:
            high = 2 if type_.data_type is DataType.BOOL else 4
            result[name] = random.integers(0, high, type_.shape).astype(type_.data_type.numpy)
    return result


def _compare_bits(graph: Graph, expected: dict[str, Array], found: dict[str, Array]) -> None:
    for name in graph.outputs:
        want, have = expected[name].reshape(-1), found[name].reshape(-1)
        same = want.view(np.uint8) == have.view(np.uint8) if want.size else np.ones(0, bool)
        if want.dtype == np.float32:
            both_nan = np.isnan(want) & np.isnan(have)
            same = (want.view(np.uint32) == have.view(np.uint32)) | both_nan
        if not same.all():
            raise Failure(f"C gives {have[:8]}, the interpreter {want[:8]} for {name[:40]!r}")


def _compare(
    model: ModelProto,
    names: list[str],
    graph: Graph,
    found: dict[str, Array],
    data: dict[str, Array],
) -> Outcome:
    types = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    feeds: dict[str, Array] = {}
    for name, lowered in zip(names, graph.inputs, strict=True):
        wide = types[name] == 7  # int64, which the compiler narrows
        feeds[name] = data[lowered].astype(np.int64) if wide else data[lowered]
    try:
        expected = run_onnxruntime(model, feeds)
    # It has many exceptions; a model that it refuses says nothing about the compiler.
    except Exception:
        return Outcome.COMPILED
    tolerance = _tolerance(model)
    if tolerance is None:
        return Outcome.COMPILED
    for name, want in zip(graph.outputs, expected, strict=True):
        _compare_output(name, np.asarray(want), found[name], tolerance)
    return Outcome.EQUAL


def _compare_output(name: str, want: Array, have: Array, tolerance: tuple[float, float]) -> None:
    if want.shape != have.shape:
        raise Failure(f"{name[:40]!r} has shape {have.shape}, in onnxruntime {want.shape}")
    relative, absolute = tolerance
    if want.dtype.kind != "f":
        wide = want.astype(np.int64)
        if absolute == 0.0 and np.abs(wide).max(initial=0) < INTEGER_LIMIT:
            different = int((wide != have.astype(np.int64)).sum())
            if different:
                raise Failure(f"{name[:40]!r}: {different} of {want.size} integers differ")
        return
    finite = np.isfinite(want)
    if not np.isfinite(have[finite]).all():
        raise Failure(f"{name[:40]!r} is not finite where onnxruntime is")
    largest = float(np.abs(want[finite]).max(initial=1.0))
    error = float(np.abs(have[finite].astype(np.float64) - want[finite]).max(initial=0.0))
    if error > relative * largest + absolute:
        raise Failure(f"{name[:40]!r} differs from onnxruntime by {error}, largest is {largest}")


def _tolerance(model: ModelProto) -> tuple[float, float] | None:
    """(relative to the largest, absolute) error of an output; None if no bound is known.

    A quantised operator is at most one step off, which what follows it can make larger: the bound
    is known only if nothing but a DequantizeLinear follows the last QuantizeLinear.
    """
    nodes = model.graph.node
    quantised = [n for n in nodes if n.op_type == "QuantizeLinear"]
    inputs = {value.name for value in model.graph.input}
    computed = [n for n in quantised if n.input[0] not in inputs]
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    if not computed:
        return FLOAT_TOLERANCE, 0.0
    if len(computed) > 1 or nodes[-1].op_type != "DequantizeLinear":
        return None
    if computed[0].input[1] not in constants:
        return None
    scale: Any = numpy_helper.to_array(constants[computed[0].input[1]])
    return FLOAT_TOLERANCE, 1.01 * float(np.max(scale))
