"""What must hold of a case: the compiler is right, or says with a code what is wrong."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import google.protobuf.message
import numpy as np
from onnx import ModelProto

from compiler import cli, pipeline
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array, DataType, Graph
from tests.fuzzing.dialect_oracle import is_dialect, judge_dialect
from tests.fuzzing.generated_code import check_syntax, run
from tests.fuzzing.oracle import Failure, judge

MAXIMUM_ELEMENTS = 2**20
"""Of all tensors of a network that is interpreted; larger ones are only compiled."""

JUDGES = "onnxruntime"
"""The phase in which a crash or hang is not the compiler's."""

FILES = ("net.c", "net.h", "net_weights.S", "net_weights.bin", "net.mapping.json")


NOT_RUN = "compiled, but too large to interpret"
FAILED = "failed"
REFUSED = "refused: "
"""Followed by the code of the first problem."""


def check_case(
    content: bytes,
    seed: int,
    *,
    types: Mapping[str, str],
    sanitize: bool,
    entering: Callable[[str], None],
) -> str:
    """Compiles, interprets and compares one ONNX file; how it ended, which is never wrong.

    `seed`: of the inputs. `types`: what inputs hold, where the file stores integers as float32;
    those that a mutation renamed hold numbers. `sanitize`: run the generated C with ASan and UBSan.
    `entering` is told the phase, to know which one hangs or crashes.

    Raises:
        Failure, GeneratedCodeError: with what is wrong. Any other exception is wrong too.
    """
    given = _given_types(content, types)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "net.onnx"
        path.write_bytes(content)
        entering("compile")
        code = _compile(path, folder / "out", given)
        if code is not None:
            return REFUSED + code
        options = pipeline.ModelOptions(path, input_types=tuple(given.items()))
        (lowered,) = pipeline.lower_model(options, lambda _: None)
        graph = lowered.graph
        if sum(value.type.elements for value in graph.values.values()) > MAXIMUM_ELEMENTS:
            entering("C compiler")
            check_syntax(folder / "out" / "net.c")
            return NOT_RUN
        entering("interpreter")
        inputs = _inputs(graph, seed)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = interpret(graph, inputs)
        entering("generated C")
        _compare_bits(graph, found, run(folder / "out", graph, inputs, sanitize=sanitize))
        entering(JUDGES)
        values = {**found, **inputs}
        if types and is_dialect(content, types):
            return judge_dialect(content, lowered.model.inputs, graph, values)
        return judge(content, lowered.model.inputs, graph, values)


def _given_types(content: bytes, types: Mapping[str, str]) -> dict[str, InputType]:
    """Types of inputs that the file has."""
    try:
        names = {value.name for value in ModelProto.FromString(content).graph.input}
    except google.protobuf.message.DecodeError:
        return {}
    return {name: InputType.parse(text) for name, text in types.items() if name in names}


def _compile(path: Path, output: Path, types: Mapping[str, InputType]) -> str | None:
    """The code with which the command line refuses the model; checks what it says and writes."""
    arguments = ["compile", str(path), "--name", "net", "--output", str(output)]
    arguments += [f"--input-type={name}={type_}" for name, type_ in types.items()]
    errors, printed = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stderr(errors),
        contextlib.redirect_stdout(printed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        status = cli.main(arguments)
    message = errors.getvalue()
    if status == 0:
        absent = [name for name in FILES if not (output / name).exists()]
        if absent:
            raise Failure(f"compiled, but {absent} are missing")
        return None
    codes = re.findall(r"^error (TW-\d{4}): ", message, re.MULTILINE)
    if status != 1 or not codes:
        raise Failure(f"exit status {status} and no code: {message}")
    if "TW-0901" in codes or "Traceback" in message:
        raise Failure(message)
    if output.exists():
        raise Failure(f"refused, but wrote {sorted(p.name for p in output.iterdir())}")
    return codes[0]


def _inputs(graph: Graph, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    result: dict[str, Array] = {}
    for name in graph.inputs:
        type_ = graph.values[name].type
        if type_.data_type.is_float:
            size = random.choice([0.01, 1.0, 1.0, 30.0])
            result[name] = (random.normal(size=type_.shape) * size).astype(np.float32)
        elif type_.data_type.numpy.itemsize < 4 and type_.data_type is not DataType.BOOL:
            limits = np.iinfo(type_.data_type.numpy)
            drawn = random.integers(limits.min, limits.max, type_.shape, endpoint=True)
            result[name] = drawn.astype(type_.data_type.numpy)
        else:
            # Small, for they may be indices.
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
