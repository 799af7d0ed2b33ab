"""The command line: stages, options, errors, determinism."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler.cli import main
from compiler.codegen.network_harness import KERNELS, TESTDATA, c_compiler
from compiler.ir import Array

ENTRY_POINTS = ("--entry-point", "one:rows=1", "--entry-point", "many:rows=5")
STATE = ("--state", "memory=memory_next")


def model(seed: int = 0, layers: int = 3) -> onnx.ModelProto:
    """Quantised layers on x [rows, 16]; the float state `memory` is added to their result."""
    random = np.random.default_rng(seed)
    constants = {
        "scale": np.float32(0.05),
        "zero": np.int8(3),
        "first": np.array([0]),
        "second": np.array([1]),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["x_q"], "x/quantize"),
        helper.make_node("DequantizeLinear", ["x_q", "scale", "zero"], ["y0"], "x/dequantize"),
    ]
    for i in range(layers):
        name = f"layers.{i}"
        constants[f"{name}.weight"] = random.integers(-127, 128, (16, 16)).astype(np.int8)
        constants[f"{name}.scale"] = np.float32(0.002 + 0.001 * random.random())
        constants[f"{name}.zero"] = np.int8(0)
        weight = [f"{name}.weight", f"{name}.scale", f"{name}.zero"]
        quantized = [f"{name}.quantized", "scale", "zero"]
        nodes += [
            helper.make_node("DequantizeLinear", weight, [f"{name}.real"], f"{name}/weight"),
            helper.make_node(
                "MatMul", [f"y{i}", f"{name}.real"], [f"{name}.sum"], f"{name}/MatMul"
            ),
            helper.make_node(
                "QuantizeLinear", [f"{name}.sum", "scale", "zero"], quantized[:1], f"{name}/q"
            ),
            helper.make_node("DequantizeLinear", quantized, [f"y{i + 1}"], f"{name}/dq"),
        ]
    nodes += [
        helper.make_node("Add", [f"y{layers}", "memory"], ["result"], "add"),
        helper.make_node("Slice", ["result", "first", "second"], ["memory_next"], "keep"),
    ]

    def info(name: str, rows: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, 16])

    graph = helper.make_graph(
        nodes,
        "layers",
        [info("x", "rows"), info("memory", 1)],
        [info("result", "rows"), info("memory_next", 1)],
        [numpy_helper.from_array(np.asarray(data), name) for name, data in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def save(proto: onnx.ModelProto, path: Path) -> None:
    path.write_bytes(proto.SerializeToString())


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]


@pytest.fixture(name="path")
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    save(model(), path)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def run(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def test_stages_give_what_the_whole_gives(path: Path, tmp_path: Path) -> None:
    options = (path, *ENTRY_POINTS, *STATE)
    run(*options, "--output", tmp_path / "whole")
    run("analyse", *options, "--output", tmp_path / "net.problem.json")
    run("place", tmp_path / "net.problem.json", "--output", tmp_path / "net.placement.json")
    emit = ("emit", *options, "--placement", tmp_path / "net.placement.json")
    run(*emit, "--output", tmp_path / "stages")
    whole = contents(tmp_path / "whole")
    assert set(whole) == {
        "net.h",
        "net.c",
        "net_weights.S",
        "net_weights.bin",
        "net.mapping.json",
        "net.mapping.txt",
        "net.memory.json",
        "net.memory.html",
    }
    assert contents(tmp_path / "stages") == whole
    single = tmp_path / "deep" / "er" / "other.c"
    run(*emit, "--source", single, "--mapping", tmp_path / "map.json")
    assert single.read_bytes() == whole["net.c"]
    assert (tmp_path / "map.json").read_bytes() == whole["net.mapping.json"]


def test_placement_does_not_depend_on_weights(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    save(model(seed=1), other)
    for source in (path, other):
        run("analyse", source, *ENTRY_POINTS, *STATE, "--output", f"{source}.json")
        run(source, *ENTRY_POINTS, *STATE, "--output", f"{source}.out", "--name", "net")
    assert Path(f"{path}.json").read_bytes() == Path(f"{other}.json").read_bytes()
    first, second = contents(Path(f"{path}.out")), contents(Path(f"{other}.out"))
    assert first["net_weights.bin"] != second["net_weights.bin"]
    assert first["net_weights.S"] != second["net_weights.S"], "it has the digest of the model"
    assert first["net.h"] == second["net.h"]


def test_bytes_do_not_depend_on_folder_hash_seed_or_process(path: Path, tmp_path: Path) -> None:
    results: list[dict[str, bytes]] = []
    for seed in ("0", "1", "31415"):
        folder = tmp_path / f"folder {seed}"
        folder.mkdir()
        shutil.copy(path, folder / "net.onnx")
        command = [sys.executable, "-m", "compiler", "net.onnx", "--output", "out"]
        subprocess.run(
            [*command, *ENTRY_POINTS, *STATE, "--dump-ir", "out/ir"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
        )
        results.append({**contents(folder / "out"), **contents(folder / "out" / "ir")})
    assert results[0] == results[1] == results[2]


def test_dump_has_text_and_onnx_after_every_pass(path: Path, tmp_path: Path) -> None:
    run(path, *ENTRY_POINTS, "--output", tmp_path / "out", "--dump-ir", tmp_path / "ir")
    dumps = contents(tmp_path / "ir")
    assert {"one.00_lower.txt", "one.00_lower.onnx", "many.00_lower.txt"} <= set(dumps)
    for name, data in dumps.items():
        if name.endswith(".onnx"):
            graph = onnx.load_from_string(data).graph
            assert {node.domain for node in graph.node} == {"tilewright"}
            assert {"x", "memory"} <= {value.name for value in graph.input}
            assert [value.name for value in graph.output] == ["result", "memory_next"]
        else:
            assert b"MatMulInt8<" in data


def test_mapping_says_what_became_of_every_node(path: Path, tmp_path: Path) -> None:
    run(path, *ENTRY_POINTS, *STATE, "--output", tmp_path)
    report = json.loads((tmp_path / "net.mapping.json").read_text())
    names = [node.name for node in model().graph.node]
    for entry_point in report["entry_points"]:
        assert [node["node"] for node in entry_point["nodes"]] == names
        by_name = {node["node"]: node for node in entry_point["nodes"]}
        layers = {layer["layer"]: layer for layer in entry_point["layers"]}
        (number,) = by_name["layers.1/MatMul"]["layers"]
        assert layers[number]["form"] == "integer"
        assert layers[number]["nodes"] == ["layers.1/MatMul", "layers.1/q"]
        assert by_name["layers.1/q"]["layers"] == [number]
        assert by_name["layers.1/weight"]["layers"] == []
        (addition,) = by_name["add"]["layers"]
        assert layers[addition]["form"] == "float"
        assert "memory" in layers[addition]["reason"]


def test_interpret_carries_states_over_steps(path: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    inputs = {
        f"{step:03}/{name}/input/x": random.normal(size=(rows, 16)).astype(np.float32)
        for step, (name, rows) in enumerate([("one", 1), ("many", 5), ("one", 1)])
    }
    save_arrays(tmp_path / "in.npz", inputs)
    options = ("--inputs", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    run("interpret", path, *ENTRY_POINTS, *STATE, *options)
    with np.load(tmp_path / "out.npz") as file:
        results = {name: file[name] for name in file.files}
    assert set(results) == {
        *inputs,
        "000/one/output/result",
        "001/many/output/result",
        "002/one/output/result",
    }
    last = {"000/one/input/x": inputs["002/one/input/x"]}
    save_arrays(tmp_path / "in.npz", last)
    run("interpret", path, *ENTRY_POINTS, *STATE, *options)
    with np.load(tmp_path / "out.npz") as file:
        fresh = file["000/one/output/result"]
    remembered = results["002/one/output/result"] - results["001/many/output/result"][:1]
    assert np.allclose(remembered, fresh, atol=1e-5)
    assert not np.allclose(results["002/one/output/result"], fresh)


def test_network_of_one_entry_point_has_a_run_function(tmp_path: Path) -> None:
    save(model(), tmp_path / "3 layers-int8.onnx")
    run(tmp_path / "3 layers-int8.onnx", "--entry-point", ":rows=2", "--output", tmp_path / "out")
    name = "network_3_layers_int8"
    header = (tmp_path / "out" / f"{name}.h").read_text()
    assert f"int32_t {name}_run(const float *x, const float *memory, float *result," in header
    assert f"#define {name.upper()}_X_SHAPE {{2, 16}}" in header


def test_integer_interface_of_all_tensors(tmp_path: Path) -> None:
    graph = model(layers=1)
    del graph.graph.node[-2:], graph.graph.output[:], graph.graph.input[1:]
    graph.graph.output.append(helper.make_tensor_value_info("y1", TensorProto.FLOAT, ["rows", 16]))
    save(graph, tmp_path / "net.onnx")
    options = ("--entry-point", ":rows=2", "--integer-io", "all")
    run(tmp_path / "net.onnx", *options, "--output", tmp_path)
    header = (tmp_path / "net.h").read_text()
    assert "int32_t net_run(const int8_t *x, int8_t *y1);" in header
    assert "#define NET_X_SCALE 0.05f\n#define NET_X_ZERO_POINT 3\n" in header
    assert "tw_quantize" not in (tmp_path / "net.c").read_text()


def test_state_that_is_int8_in_the_model(tmp_path: Path) -> None:
    quantization = {"scale": np.float32(0.5), "zero": np.int8(-3)}
    nodes = [
        helper.make_node("DequantizeLinear", ["old", *quantization], ["old_real"]),
        helper.make_node("Relu", ["old_real"], ["new_real"]),
        helper.make_node("QuantizeLinear", ["new_real", *quantization], ["new"]),
        helper.make_node("DequantizeLinear", ["new", *quantization], ["result"]),
    ]
    types = {"old": TensorProto.INT8, "new": TensorProto.INT8, "result": TensorProto.FLOAT}
    info = {name: helper.make_tensor_value_info(name, t, [4]) for name, t in types.items()}
    constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in quantization.items()]
    graph = helper.make_graph(nodes, "g", [info["old"]], [info["new"], info["result"]], constants)
    opsets = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "net.onnx")
    run(tmp_path / "net.onnx", "--state", "old=new", "--output", tmp_path)
    assert "state.old[i] = -3;" in (tmp_path / "net.c").read_text()


def test_header_compiles_as_cpp(path: Path, tmp_path: Path) -> None:
    run(path, *ENTRY_POINTS, *STATE, "--output", tmp_path)
    (tmp_path / "use.c").write_text(
        '#include "net.h"\n'
        "static const unsigned shape[] = NET_ONE_X_SHAPE;\n"
        "int f(void) { return (int)shape[0] + NET_MANY_RESULT_BYTES + NET_ARENA_BYTES; }\n"
    )
    for language in ("c", "c++"):
        subprocess.run(
            [
                *(c_compiler(), "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror"),
                *(f"-I{KERNELS / 'include'}", f"-I{TESTDATA}", f"-I{tmp_path}"),
                *("-fsyntax-only", str(tmp_path / "use.c")),
            ],
            check=True,
        )


# --- bad input -----------------------------------------------------------------------------------

BAD: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "no such model": (["{tmp}/none.onnx"], ["TW-0001"]),
    "a folder": (["{tmp}"], ["TW-0001"]),
    "no model": (["{tmp}/garbage.onnx"], ["TW-0101"]),
    "an empty file": (["{tmp}/empty.onnx"], ["TW-0101"]),
    "no dimensions": (["{net}"], ["TW-0103"]),
    "unknown dimension": (["{net}", "--entry-point", "a:rows=1,height=2"], ["TW-0401"]),
    "unknown option": (["{net}", "--frobnicate"], ["TW-0002"]),
    "no extent": (["{net}", "--entry-point", "a:rows", "--state", "memory"], ["TW-0002"] * 2),
    "negative extent": (["{net}", "--entry-point", "a:rows=-1"], ["TW-0002"]),
    "dimension twice": (["{net}", "--entry-point", "a:rows=1,rows=2"], ["TW-0002"]),
    "name twice": (["{net}", *["--entry-point", "a:rows=1"] * 2], ["TW-0002"]),
    "colliding": (["{net}", *ENTRY_POINTS, "--entry-point", "one!:rows=2"], ["TW-0601"]),
    "one without a name": (["{net}", *ENTRY_POINTS, "--entry-point", ":rows=2"], ["TW-0002"]),
    "unknown states": (
        ["{net}", *ENTRY_POINTS, "--state", "a=b"],
        ["TW-0402", "TW-0402"],
    ),
    "state of other shape": (["{net}", *ENTRY_POINTS, "--state", "memory=result"], ["TW-0402"]),
    "state twice": (["{net}", *ENTRY_POINTS, *STATE, *STATE], ["TW-0002"] * 2),
    "unknown tensor": (["{net}", *ENTRY_POINTS, "--integer-io", "foo"], ["TW-0002"]),
    "tensors that stay float": (
        ["{net}", *ENTRY_POINTS[:2], "--integer-io", "result", "--integer-io", "memory"],
        ["TW-0301"] * 2,
    ),
    "bad name": (["{net}", *ENTRY_POINTS, "--name", "9 lives"], ["TW-0002"]),
    "bad number": (["{net}", *ENTRY_POINTS, "--memory", "much"], ["TW-0002"]),
    "little memory": (["{net}", *ENTRY_POINTS, "--memory", "1200"], ["TW-0501"] * 2),
    "less memory": (["{net}", *ENTRY_POINTS, "--memory", "10"], ["TW-0501"]),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_reported_and_leaves_nothing(
    what: str, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "garbage.onnx").write_bytes(b"\x08\x09garbage" * 7)
    (tmp_path / "empty.onnx").write_bytes(b"")
    arguments, codes = BAD[what]
    before = sorted(tmp_path.rglob("*"))
    filled = [argument.format(tmp=tmp_path, net=path) for argument in arguments]
    assert main([*filled, "--output", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    found = [line.split()[1].rstrip(":") for line in message.splitlines() if "error TW" in line]
    assert found == list(codes), message
    assert "Traceback" not in message
    assert sorted(tmp_path.rglob("*")) == before


def test_state_whose_shape_an_entry_point_changes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 4])
        for name in ("old", "new")
    )
    graph = helper.make_graph([helper.make_node("Relu", ["old"], ["new"])], "g", [old], [new])
    opsets = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "net.onnx")
    options = [*ENTRY_POINTS, "--state", "old=new", "--output", str(tmp_path / "out")]
    for command in ([], ["analyse"]):
        assert main([*command, str(tmp_path / "net.onnx"), *options]) == 1
        message = capsys.readouterr().err
        assert message.startswith("error TW-0402: state 'old': it is float32[1, 4] in entry point")
    assert not (tmp_path / "out").exists()


def test_output_that_cannot_be_written_changes_nothing(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "net.mapping.json").mkdir(parents=True)
    (out / "net.c").write_text("precious")
    assert main([str(path), *ENTRY_POINTS, "--output", str(out)]) == 1
    assert "TW-0001" in capsys.readouterr().err
    assert contents(out) == {"net.c": b"precious"}
    assert main([str(path), *ENTRY_POINTS, "--output", str(path / "folder")]) == 1
    assert "TW-0001" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 99}', "\xff"])
def test_damaged_stage_files_are_refused(
    text: str, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "damaged.json"
    file.write_bytes(text.encode("latin-1"))
    emit = ["emit", str(path), *ENTRY_POINTS, "--placement", str(file)]
    for command in (["place", str(file)], emit):
        assert main([*command, "--output", str(tmp_path / "out")]) == 1
        message = capsys.readouterr().err
        assert message.startswith("error TW-000")
        assert str(file) in message
    assert not (tmp_path / "out").exists()


def test_placement_of_another_model_is_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(model(layers=5), tmp_path / "other.onnx")
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    run("analyse", tmp_path / "other.onnx", *ENTRY_POINTS, "--output", problem)
    run("place", problem, "--output", placement)
    for options in (ENTRY_POINTS, ENTRY_POINTS[:2]):
        emit = ["emit", str(path), *options, "--placement", str(placement)]
        assert main([*emit, "--output", str(tmp_path / "out")]) == 1
        assert "it belongs to another model" in capsys.readouterr().err


def test_help_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("analyse", "place", "emit", "interpret"):
        assert f"python -m compiler {command}" in text
