"""The stages of networks for a cluster, through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler.cli import main
from compiler.cluster_cli_harness import files, model, soc
from compiler.schedule.plan_file import plans_from_json, plans_to_json


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


def image_model(path: Path, seed: int) -> Path:
    """int8 [1, 8, 12, 12] through convolutions with random weights; scales are always the same."""
    random = np.random.default_rng(seed)
    constants: dict[str, np.ndarray] = {
        "scale": np.array(0.05, np.float32),
        "zero": np.array(0, np.int8),
        "weight_scale": np.array(0.002, np.float32),
    }
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q0"], "quantize")]
    for i, (kernel, channels) in enumerate([(3, 8), (1, 32), (3, 32)]):
        constants[f"w{i}"] = random.integers(-127, 128, (32, channels, kernel, kernel)).astype(
            np.int8
        )
        nodes += [
            helper.make_node("DequantizeLinear", [f"q{i}", "scale", "zero"], [f"x{i}"], f"in{i}"),
            helper.make_node(
                "DequantizeLinear", [f"w{i}", "weight_scale", "zero"], [f"d{i}"], f"weights{i}"
            ),
            helper.make_node(
                "Conv", [f"x{i}", f"d{i}"], [f"p{i}"], f"conv{i}", pads=[kernel // 2] * 4
            ),
            helper.make_node("QuantizeLinear", [f"p{i}", "scale", "zero"], [f"q{i + 1}"], f"q{i}"),
        ]
    nodes.append(helper.make_node("DequantizeLinear", ["q3", "scale", "zero"], ["y"], "dequantize"))
    graph = helper.make_graph(
        nodes,
        "images",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 12, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 12, 12])],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    opset = [helper.make_opsetid("", 21)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=10)
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize("make", [quantized_model, image_model])
@pytest.mark.parametrize("accelerator", [False, True])
@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 3)])
def test_new_weights_have_the_same_problem(
    make: Callable[[Path, int], Path], accelerator: bool, first: int, second: int, tmp_path: Path
) -> None:
    chip = soc(tmp_path / "soc.yaml", 0x6000, accelerator=accelerator)
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    problems: list[bytes] = []
    for seed in (first, second):
        run("analyse", make(tmp_path / "net.onnx", seed), "--soc", chip, "--output", problem)
        problems.append(problem.read_bytes())
    assert problems[0] == problems[1]
    if make is image_model:
        assert accelerator == (b"AcceleratedConvInt8" in problems[0])
    run("place", problem, "--output", placement)
    outputs: list[dict[str, bytes]] = []
    for seed in (first, second):
        options = (make(tmp_path / "net.onnx", seed), "--soc", chip)
        run("emit", *options, "--placement", placement, "--output", tmp_path / f"{seed}")
        run(*options, "--output", tmp_path / f"{seed}.whole")
        assert files(tmp_path / f"{seed}") == files(tmp_path / f"{seed}.whole")
        outputs.append(files(tmp_path / f"{seed}"))
    different = outputs[0]["net_weights.bin"] != outputs[1]["net_weights.bin"]
    assert different


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


def test_a_schedule_of_another_compiler_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names its problem, and nobody changed it, but programs are made in another way now."""
    options = (quantized_model(tmp_path / "net.onnx", 0), "--soc", soc(tmp_path / "soc.yaml"))
    problem, placement = tmp_path / "problem.json", tmp_path / "placement.json"
    run("analyse", *options, "--output", problem)
    run("place", problem, "--output", placement)
    name, (plan,) = plans_from_json(placement.read_text())
    decisions = replace(plan.decisions, chains=(("fused", "node"),))
    for other in (replace(plan, decisions=decisions), replace(plan, starts=plan.starts[1:])):
        placement.write_text(plans_to_json(name, [other]))
        emit = ["emit", *options, "--placement", placement, "--output", tmp_path / "out"]
        assert main([str(argument) for argument in emit]) == 1
        message = capsys.readouterr().err
        assert message.startswith(f"error TW-0002: {placement}: another version of the compiler")
    assert not (tmp_path / "out").exists()


def refuse(file: Path, arguments: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(argument) for argument in arguments]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error TW-0002: {file}: the file is no ")
