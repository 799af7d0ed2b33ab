"""Everything that can be wrong with a model or a command, through the command line.

Each case exits with status 1 and the code that docs/errors.md gives for it, writes nothing and
shows no traceback. `CASES` has at least one case for every code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.cli import main
from compiler.errors import Code
from compiler.ir import Array
from compiler.operators import OPERATORS

Extent = int | str
HOSTILE_NAMES = (
    *("for", "int8_t", "main", "NULL", "../../net", "/etc/net", "C:\\net", "入力", "\u202e", "*/"),
    *('"', "%n", "a\\\nb", "x" * 10_000),
)


def model(
    *nodes: NodeProto,
    shape: Sequence[Extent] = (4, 4),
    constants: dict[str, Array] | None = None,
    element: int = TensorProto.FLOAT,
    opset: int = 21,
) -> ModelProto:
    """A model from x [shape] to y, which has as many axes."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", element, shape)],
        [
            helper.make_tensor_value_info(
                "y", TensorProto.FLOAT, [f"y{i}" for i in range(len(shape))]
            )
        ],
        [
            numpy_helper.from_array(np.asarray(data), name)
            for name, data in (constants or {}).items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def node(operator: str, *inputs: str, output: str = "y", **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs or ["x"], [output], operator.lower(), **attributes)


def relu(**options: object) -> ModelProto:
    return model(node("Relu"), **options)  # type: ignore[arg-type]


def external(location: str) -> ModelProto:
    proto = model(node("Add", "x", "w"))
    tensor = proto.graph.initializer.add(name="w", dims=[4], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return proto


def quantised(scale: float) -> ModelProto:
    return model(
        node("QuantizeLinear", "x", "s", "z", output="q"),
        node("DequantizeLinear", "q", "s", "z"),
        constants={"s": np.array(scale, np.float32), "z": np.array(0, np.int8)},
    )


def two_inputs(first: str, second: str) -> ModelProto:
    proto = model(node("Add", first, second))
    proto.graph.input[0].name = first
    proto.graph.input.add().CopyFrom(proto.graph.input[0])
    proto.graph.input[1].name = second
    return proto


def in_domain(domain: str) -> ModelProto:
    proto = model(helper.make_node("Swirl", ["x"], ["y"], "swirl", domain=domain))
    proto.opset_import.append(helper.make_opsetid(domain, 1))
    return proto


@dataclass(frozen=True)
class Case:
    """A refused command: the file `net.onnx` and the options that follow it."""

    code: Code
    make: Callable[[], ModelProto | bytes]
    options: tuple[str, ...] = ()


TWO = np.ones((2, 2), np.float32)

CASES: dict[str, Case] = {
    # files and options
    "an output that is a file": Case(
        Code.UNREADABLE_FILE, relu, ("--output", "{tmp}/net.onnx/out")
    ),
    "a name that is no identifier": Case(Code.BAD_OPTION, relu, ("--name", "9 lives")),
    "a name from another folder": Case(Code.BAD_OPTION, relu, ("--name", "../net")),
    # damaged files
    "an empty file": Case(Code.INVALID_MODEL, lambda: b""),
    "a corrupt file": Case(Code.INVALID_MODEL, lambda: b"\xff" * 100),
    "a truncated file": Case(Code.INVALID_MODEL, lambda: relu().SerializeToString()[:-7]),
    "an initialiser without its data": Case(
        Code.INVALID_MODEL, lambda: damaged(model(node("Add", "x", "w"), constants={"w": TWO}))
    ),
    "external data that is missing": Case(
        Code.MISSING_INITIALIZER_DATA, lambda: external("absent.bin")
    ),
    "external data in another folder": Case(Code.UNSAFE_PATH, lambda: external("../secret")),
    "external data by an absolute path": Case(Code.UNSAFE_PATH, lambda: external("/dev/zero")),
    # the graph
    "an old operator set": Case(Code.UNSUPPORTED_OPSET, lambda: relu(opset=3)),
    "a cycle": Case(
        Code.CYCLE, lambda: model(node("Add", "x", "y", output="a"), node("Relu", "a"))
    ),
    "a tensor that nothing makes": Case(Code.UNDEFINED_TENSOR, lambda: model(node("Relu", "gone"))),
    "two tensors of one name": Case(
        Code.DUPLICATE_TENSOR, lambda: model(node("Relu", output="y"), node("Abs", output="y"))
    ),
    "names that become the same in C": Case(
        Code.NAME_COLLISION, lambda: two_inputs("left input", "left-input")
    ),
    # shapes and types
    "a dynamic shape": Case(Code.DYNAMIC_SHAPE, lambda: relu(shape=["batch", 4])),
    "a negative extent": Case(Code.DYNAMIC_SHAPE, lambda: relu(shape=[-1, 4])),
    "a shape that depends on data": Case(
        Code.DYNAMIC_SHAPE,
        lambda: model(
            node("Cast", output="axes", to=TensorProto.INT64),
            node("ReduceSum", "w", "axes"),
            shape=[1],
            constants={"w": TWO},
        ),
    ),
    "a tensor that no memory holds": Case(
        Code.TENSOR_TOO_LARGE, lambda: relu(shape=[2**31, 2**31])
    ),
    "a tensor without elements to average": Case(
        Code.UNSUPPORTED_FORM, lambda: model(node("ReduceMean", "x"), shape=[0, 4])
    ),
    "shapes that do not fit": Case(
        Code.INVALID_MODEL,
        lambda: model(node("MatMul", "x", "w"), constants={"w": np.ones((3, 4), np.float32)}),
    ),
    "a rank that the operator does not take": Case(
        Code.INVALID_MODEL,
        lambda: model(node("Conv", "x", "w"), constants={"w": np.ones((2, 4, 1), np.float32)}),
    ),
    "a type that the operator does not take": Case(
        Code.INVALID_MODEL, lambda: relu(element=TensorProto.BOOL)
    ),
    "a type that nothing here computes with": Case(
        Code.UNSUPPORTED_DATA_TYPE,
        lambda: model(node("Cast", to=TensorProto.FLOAT), element=TensorProto.DOUBLE, opset=21),
    ),
    # operators
    "an operator of another domain": Case(
        Code.UNSUPPORTED_OPERATOR, lambda: in_domain("com.example")
    ),
    "a shape that depends on the data": Case(
        Code.UNSUPPORTED_OPERATOR,
        lambda: model(node("NonZero", output="n"), node("Cast", "n", to=TensorProto.FLOAT)),
    ),
    "a module of operators that is none": Case(
        Code.OPERATOR_MODULE, relu, ("--operators", "{tmp}/net.onnx")
    ),
    "a form that is not supported": Case(
        Code.UNSUPPORTED_FORM, lambda: model(node("LeakyRelu", alpha=float("nan")))
    ),
    # quantisation
    "a scale that is computed": Case(
        Code.UNSUPPORTED_QUANTIZATION,
        lambda: model(
            node("ReduceMax", output="s", keepdims=0),
            node("QuantizeLinear", "x", "s", output="q"),
            node("DequantizeLinear", "q", "s"),
        ),
    ),
    **{
        f"a scale of {scale}": Case(Code.QUANTIZATION_RANGE, lambda scale=scale: quantised(scale))
        for scale in (0.0, -0.5, 1e-45, float("nan"), float("inf"))
    },
    # entry points, states, memory
    "a dimension that the model lacks": Case(
        Code.BAD_ENTRY_POINT, relu, ("--entry-point", "run:rows=2")
    ),
    "a state that the model lacks": Case(Code.BAD_STATE, relu, ("--state", "cache=cache_next")),
    "little memory": Case(
        Code.DOES_NOT_FIT,
        lambda: model(
            node("Transpose", output="a"),
            node("Sigmoid", "x", output="b"),
            node("Add", "a", "b"),
        ),
        ("--memory", "16"),
    ),
}


def damaged(proto: ModelProto) -> ModelProto:
    tensor = proto.graph.initializer[0]
    tensor.raw_data = tensor.raw_data[:-1]
    return proto


def codes(message: str) -> list[str]:
    return [line.split()[1].rstrip(":") for line in message.splitlines() if "error TW-" in line]


def written(proto: ModelProto | bytes, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(proto if isinstance(proto, bytes) else proto.SerializeToString())
    return path


@pytest.mark.parametrize("what", CASES)
def test_a_refusal_has_its_code_and_writes_nothing(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[what]
    path = written(case.make(), tmp_path)
    before = path.read_bytes()
    options = [option.format(tmp=tmp_path) for option in case.options]
    assert main(["compile", str(path), "--output", str(tmp_path / "out"), *options]) == 1
    message = capsys.readouterr().err
    assert set(codes(message)) == {case.code.code}, message
    assert "Traceback" not in message
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_defect_of_the_compiler_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Defective:
        description = "none"

        def lower(self, node: object, context: object) -> None:
            raise IndexError("list index out of range")

    monkeypatch.setitem(OPERATORS, ("", "Relu"), Defective())
    path = written(relu(), tmp_path)
    assert main(["compile", str(path), "--output", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert codes(message) == [Code.INTERNAL_ERROR.code]
    assert "Traceback" not in message
    assert list(tmp_path.iterdir()) == [path]


def test_every_code_has_a_case() -> None:
    """Except for the one above, and those of tools, which their own tests have."""
    others = {
        *(Code.INTERNAL_ERROR, Code.CASE_DATA, Code.CASE_PROGRAM),
        *(Code.CALIBRATION, Code.CALIBRATION_VALUES, Code.CONSTANT_ACTIVATION, Code.ACCURACY),
    }
    assert {case.code for case in CASES.values()} == set(Code) - others


def test_the_refusal_of_an_operator_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(CASES["a shape that depends on the data"].make(), tmp_path)
    main(["compile", str(path), "--output", str(tmp_path / "out")])
    message = capsys.readouterr().err
    assert "its result's shape depends on the data of each run" in message
    assert "such as Where or TopK" in message


def test_files_cut_off_anywhere_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = model(node("Add", "x", "w"), constants={"w": np.ones(4, np.float32)})
    content.producer_name = ""
    whole = content.SerializeToString(deterministic=True)
    for length in range(0, len(whole) - 1, 5):
        path = written(whole[:length], tmp_path)
        assert main(["compile", str(path), "--output", str(tmp_path / "out")]) == 1
        message = capsys.readouterr().err
        assert codes(message) and "TW-0901" not in message, (length, message)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name[:12]))
def test_names_of_a_model_do_not_leave_the_output_folder(name: str, tmp_path: Path) -> None:
    proto = two_inputs("x", name)
    proto.graph.name = name
    proto.graph.node[0].name = name
    path = written(proto, tmp_path)
    out = tmp_path / "out"
    assert main(["compile", str(path), "--output", str(out), "--name", "net"]) == 0
    assert sorted(tmp_path.iterdir()) == sorted([path, out])
    assert all(entry.name.startswith("net") and entry.is_file() for entry in out.iterdir())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_unsorted_nodes_and_tensors_without_elements_are_no_error(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    nodes = (node("Relu", output="a"), node("Abs", "a"))
    path = written(model(*(nodes[index] for index in order), shape=[0, 4]), tmp_path)
    assert main(["compile", str(path), "--output", str(tmp_path / "out")]) == 0
