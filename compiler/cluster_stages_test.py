"""The stages of networks for a cluster, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from compiler.cli import main
from compiler.cluster_cli_harness import files, model, soc


def run(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def quantized_model(path: Path, seed: int, layers: int = 2) -> Path:
    """int8 [1, 32] through products with random weights of random scales."""
    random = np.random.default_rng(seed)
    constants: dict[str, np.ndarray] = {
        "scale": np.array(0.05, np.float32),
        "zero": np.array(3, np.int8),
    }
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q0"], "quantize")]
    for i in range(layers):
        constants[f"w{i}"] = random.integers(-127, 128, (32, 32)).astype(np.int8)
        constants[f"s{i}"] = random.uniform(0.001, 0.02, 32).astype(np.float32)
        constants[f"z{i}"] = np.zeros(32, np.int8)
        weights = [f"w{i}", f"s{i}", f"z{i}"]
        nodes += [
            helper.make_node("DequantizeLinear", [f"q{i}", "scale", "zero"], [f"x{i}"], f"in{i}"),
            helper.make_node("DequantizeLinear", weights, [f"d{i}"], f"weights{i}", axis=1),
            helper.make_node("MatMul", [f"x{i}", f"d{i}"], [f"p{i}"], f"product{i}"),
            helper.make_node("QuantizeLinear", [f"p{i}", "scale", "zero"], [f"q{i + 1}"], f"q{i}"),
        ]
    last = [f"q{layers}", "scale", "zero"]
    nodes.append(helper.make_node("DequantizeLinear", last, ["y"], "dequantize"))
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32])],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    opset = [helper.make_opsetid("", 21)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=10)
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize("options", [(), ("--record-layers",), ("--engines", "cores")])
@pytest.mark.parametrize("l1", [1 << 17, 1 << 14])
def test_stages_give_what_the_whole_gives(
    options: tuple[str, ...], l1: int, tmp_path: Path
) -> None:
    given_options = (
        model(tmp_path / "net.onnx"),
        "--soc",
        soc(tmp_path / "soc.yaml", l1),
        *options,
    )
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    run(*given_options, "--output", tmp_path / "whole")
    run("analyse", *given_options, "--output", problem)
    run("place", problem, "--output", placement)
    run("emit", *given_options, "--placement", placement, "--output", tmp_path / "stages")
    assert files(tmp_path / "stages") == files(tmp_path / "whole")


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(0, 1 << 30))
def test_new_weights_have_the_same_problem(
    tmp_path_factory: pytest.TempPathFactory, first: int, second: int
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    chip = soc(folder / "soc.yaml", 1 << 14)
    problems: list[bytes] = []
    for seed in (first, second):
        network = quantized_model(folder / "net.onnx", seed)
        run("analyse", network, "--soc", chip, "--output", folder / "problem.json")
        problems.append((folder / "problem.json").read_bytes())
    assert problems[0] == problems[1]
    run("place", folder / "problem.json", "--output", folder / "placement.json")
    outputs: list[dict[str, bytes]] = []
    for seed in (first, second):
        options = (quantized_model(folder / "net.onnx", seed), "--soc", chip)
        stages = ("--placement", folder / "placement.json", "--output", folder / f"{seed}")
        run("emit", *options, *stages)
        run(*options, "--output", folder / f"{seed}.whole")
        assert files(folder / f"{seed}") == files(folder / f"{seed}.whole")
        outputs.append(files(folder / f"{seed}"))
    different = outputs[0]["net_weights.bin"] != outputs[1]["net_weights.bin"]
    assert different == (first != second)


def test_a_schedule_of_another_network_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = soc(tmp_path / "soc.yaml")
    smaller = soc(tmp_path / "smaller.yaml", 1 << 14)
    network = quantized_model(tmp_path / "net.onnx", 0)
    deeper = quantized_model(tmp_path / "deeper.onnx", 0, layers=3)
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    run("analyse", network, "--soc", chip, "--output", problem)
    run("place", problem, "--output", placement)
    for options in (
        (deeper, "--soc", chip),
        (network, "--soc", smaller),
        (network, "--soc", chip, "--record-layers"),
    ):
        emit = ["emit", *options, "--placement", placement, "--output", tmp_path / "out"]
        assert main([str(argument) for argument in emit]) == 1
        message = capsys.readouterr().err
        assert message.startswith("error TW-0002: the placement: it belongs to another model")
    assert not (tmp_path / "out").exists()


def test_a_placement_in_one_memory_is_no_schedule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = quantized_model(tmp_path / "net.onnx", 0)
    targets = {"one": (), "cluster": ("--soc", soc(tmp_path / "soc.yaml"))}
    for name, options in targets.items():
        run("analyse", network, *options, "--output", tmp_path / f"{name}.problem")
        run("place", tmp_path / f"{name}.problem", "--output", tmp_path / f"{name}.placement")
    for name, options in (("one", targets["cluster"]), ("cluster", targets["one"])):
        placement = tmp_path / f"{name}.placement"
        emit = ["emit", network, *options, "--placement", placement, "--output", tmp_path / "out"]
        assert main([str(argument) for argument in emit]) == 1
        message = capsys.readouterr().err
        assert message.startswith(f"error TW-0002: {placement}: the file is no placement")


def test_damaged_stage_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = (quantized_model(tmp_path / "net.onnx", 0), "--soc", soc(tmp_path / "soc.yaml"))
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    run("analyse", *options, "--output", problem)
    run("place", problem, "--output", placement)
    text = placement.read_text()
    changed = json.loads(text)
    changed["programs"][0]["starts"][-1] += 1
    emit = ("emit", *options, "--placement", placement)
    for damaged in (text[: len(text) // 2], json.dumps(changed), json.dumps({"format": 1}), ""):
        placement.write_text(damaged)
        refuse(placement, [*emit, "--output", tmp_path / "out"], capsys)
    facts = json.loads(problem.read_text())
    for key in ("cluster", "graphs", "records_layers"):
        problem.write_text(json.dumps({name: facts[name] for name in facts if name != key}))
        refuse(problem, ["place", problem, "--output", tmp_path / "out"], capsys)
    assert not (tmp_path / "out").exists()


def refuse(file: Path, arguments: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(argument) for argument in arguments]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error TW-0002: {file}: the file is no ")
