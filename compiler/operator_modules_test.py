"""Modules that add operators: what works with one, and what is said of a wrong one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from compiler import cluster_cli_harness, operator_modules
from compiler.cli import main
from compiler.errors import Code, CompileError
from compiler.operator_modules import use_operators
from compiler.operators import OPERATORS
from compiler.target.cluster_cycles import ESTIMATES

DOMAIN = "com.example"

HALVES = '''
"""Every second element of the last axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.extension import (
    Array, Box, Kernel, LoweringContext, OnnxNode, Operation, Parameters, TensorType, Tile,
    UnsupportedForm, estimate, lowering,
)


@dataclass(frozen=True)
class Halves(Operation):
    step: int

    def infer(self, inputs):
        (x,) = inputs
        return (TensorType(x.data_type, (*x.shape[:-1], x.shape[-1] // self.step)),)

    def evaluate(self, inputs):
        (x,) = inputs
        return (x[..., :: self.step].copy(),)

    def kernel(self, inputs, outputs):
        parameters = {"elements": outputs[0].elements, "step": self.step}
        return Kernel("example_halves", "example/halves.h", parameters)

    def tile_axes(self, inputs):
        return (0,)

    def tile(self, inputs, box):
        return Tile(self, (box.on(-1, 0, inputs[0].shape[-1]),), box)


@estimate("example_halves")
def cycles(parameters, outputs, cores):
    return 77.0 + parameters["elements"] / cores


def result_types(node, inputs):
    (x,) = inputs
    if x is None or len(x.shape) < 1 or x.shape[-1] % 2:
        raise UnsupportedForm(f"its operand is {x}", "an even last axis")
    return [TensorType(x.data_type, (*x.shape[:-1], x.shape[-1] // 2))]


@lowering("Halves", domain="com.example", description="float32", result_types=result_types)
def lower_halves(node, context):
    x = context.required(node, 0)
    context.emit_plain(node, Halves(2), [context.plain(x)], context.result(node))
'''


@pytest.fixture(autouse=True)
def no_modules() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    use_operators([])


def module(folder: Path, text: str = HALVES, name: str = "halves.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def model(folder: Path, operators: tuple[str, ...], columns: int = 32) -> Path:
    """x [4, columns] through operators of the domain or, without a dot before them, of ONNX."""
    nodes = [
        helper.make_node(
            operator.removeprefix("."),
            [f"t{index}" if index else "x"],
            [f"t{index + 1}" if index + 1 < len(operators) else "y"],
            f"{operator.removeprefix('.').lower()}{index}",
            domain=DOMAIN if operator.startswith(".") else "",
        )
        for index, operator in enumerate(operators)
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, columns])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", "columns"])],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]
    proto: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    path = folder / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def compiled(folder: Path, *options: str) -> int:
    return main(["compile", str(folder / "net.onnx"), "--output", str(folder / "out"), *options])


def test_a_network_with_operators_of_a_module(tmp_path: Path) -> None:
    """Shapes of what they make follow one another, also around ONNX's own."""
    file = module(tmp_path)
    path = model(tmp_path, (".Halves", "Relu", ".Halves", ".Halves"))
    assert compiled(tmp_path, "--operators", str(file)) == 0
    source = (tmp_path / "out/net.c").read_text()
    assert '#include "example/halves.h"' in source
    assert source.count("example_halves(") == 3
    x = np.random.default_rng(0).normal(size=(4, 32)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=x)
    arguments = ["--inputs", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out.npz")]
    assert main(["interpret", str(path), "--operators", str(file), *arguments]) == 0
    with np.load(tmp_path / "out.npz") as outputs:
        (y,) = (outputs[name] for name in outputs.files if name.endswith("y"))
    np.testing.assert_array_equal(y, np.maximum(x, 0)[:, ::8])


def test_single_stages_on_a_cluster(tmp_path: Path) -> None:
    """What is scheduled is read again from a file, with its classes and estimates."""
    path, soc = model(tmp_path, (".Halves",)), cluster_cli_harness.soc(tmp_path / "soc.yaml")
    operators = ["--operators", str(module(tmp_path))]
    problem, plan = tmp_path / "net.problem.json", tmp_path / "net.placement.json"
    chip = ["--soc", str(soc), *operators]
    assert main(["analyse", str(path), *chip, "--output", str(problem)]) == 0
    assert "operator_modules.halves.Halves" in problem.read_text()
    assert main(["place", str(problem), *operators, "--output", str(plan)]) == 0
    emit = ["emit", str(path), *chip, "--placement", str(plan), "--output", str(tmp_path / "out")]
    assert main(emit) == 0
    mapping = json.loads((tmp_path / "out/net.mapping.json").read_text())
    assert "example_halves" in json.dumps(mapping)


@pytest.mark.parametrize("with_module", [True, False])
def test_a_function_of_the_model_gives_way_to_a_module(with_module: bool, tmp_path: Path) -> None:
    """Without one, its body is compiled."""
    path = model(tmp_path, (".Halves",))
    proto = ModelProto.FromString(path.read_bytes())
    body = [
        helper.make_node("Constant", [], ["zero"], value_ints=[0]),
        helper.make_node("Constant", [], ["end"], value_ints=[32]),
        helper.make_node("Constant", [], ["axis"], value_ints=[1]),
        helper.make_node("Constant", [], ["step"], value_ints=[2]),
        helper.make_node("Slice", ["a", "zero", "end", "axis", "step"], ["b"]),
    ]
    opsets = [helper.make_opsetid("", 21)]
    proto.functions.append(helper.make_function(DOMAIN, "Halves", ["a"], ["b"], body, opsets))
    path.write_bytes(proto.SerializeToString())
    options = ("--operators", str(module(tmp_path))) if with_module else ()
    assert compiled(tmp_path, *options) == 0
    source = (tmp_path / "out/net.c").read_text()
    assert ("example_halves(" in source, "tw_strided_copy(" in source) == (
        with_module,
        not with_module,
    )


def test_a_process_forgets_the_modules_of_the_compilation_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model(tmp_path, (".Halves",))
    assert compiled(tmp_path, "--operators", str(module(tmp_path))) == 0
    assert compiled(tmp_path) == 1
    assert "error TW-0201: operator com.example.Halves" in capsys.readouterr().err
    assert "example_halves" not in ESTIMATES
    assert not [name for name in sys.modules if name.startswith(f"{operator_modules.PACKAGE}.")]


def test_a_changed_module_is_loaded_again(tmp_path: Path) -> None:
    path = module(tmp_path)
    use_operators([path])
    first = OPERATORS[DOMAIN, "Halves"]
    use_operators([path])
    assert OPERATORS[DOMAIN, "Halves"] is first
    module(tmp_path, HALVES.replace('"float32"', '"all reals"'))
    use_operators([path])
    assert OPERATORS[DOMAIN, "Halves"].description == "all reals"


@pytest.mark.parametrize(
    ("name", "old", "new", "found"),
    [
        ("halves.py", "@dataclass(frozen=True)", "@dataclass", "Halves is an Operation that can"),
        ("halves.py", ", result_types=result_types", "", "has no result_types"),
        ("halves.py", 'domain="com.example", ', "", "it registers no operator"),
        ("halves.py", "def cycles(", "def cycles((", "line 37 raises SyntaxError"),
        ("halves.py", "import Sequence", "import Sequences", "line 4 raises ImportError"),
        ("halves.py", '"Halves", domain="com.example"', '"Relu"', "Relu has two lowerings"),
        ("halves.py", '"example_halves")\ndef', '"tw_copy")\ndef', "tw_copy has two estimates"),
        ("Halves-2.py", "", "", "its name is no module's"),
    ],
)
def test_wrong_modules(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    found: str,
) -> None:
    text = HALVES.replace(old, new) if old else HALVES
    if found == "it registers no operator":
        text = HALVES[: HALVES.index("@lowering")]
    file = module(tmp_path, text, name)
    model(tmp_path, (".Halves",))
    before = set(OPERATORS), set(ESTIMATES), set(sys.modules)
    assert compiled(tmp_path, "--operators", str(file)) == 1
    message = capsys.readouterr().err
    assert f"error TW-0203: operator module {file}: " in message
    assert found in message and "Traceback" not in message
    assert (set(OPERATORS), set(ESTIMATES)) == before[:2]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "where", "found"),
    [
        ("Halves(2)", "Halves(two)", "node 'halves0' (Halves)", "NameError: name 'two'"),
        ("return [TensorType", "return [0] + [TensorType", "node 'halves0' (Halves)", "are (0, "),
        ("    (x,) = inputs\n    if", "    x = inputs[7]\n    if", "node 'halves0'", "IndexError"),
        ('"elements": outputs[0]', '"elements": outputs[1]', "operator module", "line 26 raises"),
    ],
)
def test_code_of_modules_that_fails(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    where: str,
    found: str,
) -> None:
    assert HALVES.count(old) == 1
    file = module(tmp_path, HALVES.replace(old, new))
    model(tmp_path, (".Halves",))
    assert compiled(tmp_path, "--operators", str(file)) == 1
    message = capsys.readouterr().err
    assert f"error TW-0203: {where}" in message
    assert found in message and "Traceback" not in message


def test_a_twin_that_is_not_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = module(tmp_path, HALVES.replace(":: self.step]", "1 :: self.step][..., 1:]"))
    path = model(tmp_path, (".Halves",))
    np.savez(tmp_path / "in.npz", x=np.zeros((4, 32), np.float32))
    arguments = ["--inputs", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out.npz")]
    assert main(["interpret", str(path), "--operators", str(file), *arguments]) == 1
    message = capsys.readouterr().err
    assert f"error TW-0203: operator module {file}: Halves.evaluate does not make" in message
    assert "float32[4, 15]" in message


def test_operands_that_a_rule_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model(tmp_path, (".Halves", ".Halves"), columns=6)
    assert compiled(tmp_path, "--operators", str(module(tmp_path))) == 1
    message = capsys.readouterr().err
    assert "error TW-0202: node 'halves1' (Halves): its operand is float32[4, 3]" in message
    assert "supported: an even last axis" in message


def test_two_modules_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [module(tmp_path), module(tmp_path / "other")]
    with pytest.raises(CompileError) as error:
        use_operators(files)
    assert [problem.code for problem in error.value.problems] == [Code.OPERATOR_MODULE]


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as error:
        use_operators([tmp_path / "gone.py"])
    assert [problem.code for problem in error.value.problems] == [Code.UNREADABLE_FILE]
