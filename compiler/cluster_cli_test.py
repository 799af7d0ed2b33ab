"""Networks for a chip with a cluster, through the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler.cli import main
from compiler.cluster_cli_harness import files, model, soc


def tall_model(path: Path) -> Path:
    """[4096, 16] through a product, whose columns are reduced."""
    weights = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["tall"], "product"),
        helper.make_node("ReduceMax", ["tall", "axes"], ["y"], "highest", keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tall",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4096, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [16])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([0]), "axes"),
        ],
    )
    opset = [helper.make_opsetid("", 21)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=10)
    path.write_bytes(proto.SerializeToString())
    return path


def updating_model(path: Path, *, reads: bool) -> Path:
    """Rows are written into an input that is no state; `reads`: something reads the result."""
    nodes = [
        helper.make_node("TensorScatter", ["past", "new", "at"], ["present"], "update", axis=2),
        helper.make_node("Relu", ["present"], ["y"], "relu"),
    ]
    outputs = [helper.make_tensor_value_info("present", TensorProto.FLOAT, [1, 2, 8, 4])]
    if reads:
        outputs.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 8, 4]))
    graph = helper.make_graph(
        nodes[: len(outputs)],
        "update",
        [
            helper.make_tensor_value_info("past", TensorProto.FLOAT, [1, 2, 8, 4]),
            helper.make_tensor_value_info("new", TensorProto.FLOAT, [1, 2, 1, 4]),
            helper.make_tensor_value_info("at", TensorProto.INT64, [1]),
        ],
        outputs,
    )
    opset = [helper.make_opsetid("", 24)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=11)
    path.write_bytes(proto.SerializeToString())
    return path


def run(tmp_path: Path, output: str, *options: str) -> int:
    network = model(tmp_path / "net.onnx")
    return main([str(network), "--output", str(tmp_path / output), *options])


@pytest.mark.parametrize("reads", [False, True])
def test_an_update_of_a_plain_input(tmp_path: Path, reads: bool) -> None:
    network = updating_model(tmp_path / "net.onnx", reads=reads)
    chip = soc(tmp_path / "soc.yaml")
    assert main([str(network), "--output", str(tmp_path / "out"), "--soc", str(chip)]) == 0


def test_the_same_bytes_again(tmp_path: Path) -> None:
    chip = soc(tmp_path / "soc.yaml")
    for output in ("first", "second"):
        assert run(tmp_path, output, "--soc", str(chip)) == 0
    assert files(tmp_path / "first") == files(tmp_path / "second")
    source = (tmp_path / "first" / "net.c").read_text()
    assert "tw_schedule_run" in source
    assert max(len(line) for line in source.splitlines()) <= 100


def test_less_of_l1_copies_the_same(tmp_path: Path) -> None:
    """No tile's constants are needed twice, however few fit."""
    moved: list[int] = []
    for l1 in (1 << 17, 1 << 14):
        chip = soc(tmp_path / "soc.yaml", l1)
        assert run(tmp_path, f"out{l1}", "--soc", str(chip)) == 0
        report = json.loads((tmp_path / f"out{l1}" / "net.memory.json").read_text())
        (program,) = report["maps"]
        assert program["l1_bytes"] <= l1
        moved.append(sum(step["loaded_bytes"] for step in program["steps"]))
    assert moved[0] == moved[1] == 4 * 64 * 64 * 4 + 64 * 4


def test_a_chip_without_a_cluster_needs_nothing_else(tmp_path: Path) -> None:
    chip = tmp_path / "soc.yaml"
    chip.write_text("name: small\nmemories: []\n")
    assert run(tmp_path, "with", "--soc", str(chip)) == 0
    assert run(tmp_path, "without") == 0
    assert files(tmp_path / "with") == files(tmp_path / "without")


def refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str], chip: Path) -> str:
    assert run(tmp_path, "refused", "--soc", str(chip)) == 1
    assert not (tmp_path / "refused").exists()
    message = capsys.readouterr().err
    assert message.startswith("error TW-0501: ")
    return message


def asked(message: str, memory: str) -> int:
    (size,) = set(re.findall(rf"at least ([0-9,]+) bytes of {memory}", message))
    return int(size.replace(",", ""))


def test_weights_that_do_not_fit_l2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(tmp_path, capsys, soc(tmp_path / "soc.yaml", l2=50000))
    assert "the weights: constants take 65,536 bytes of L2 (node 'layer0' 16,384," in message
    assert "50,000 bytes are available" in message
    assert asked(message, "L2") == 65536
    assert run(tmp_path, "out", "--soc", str(soc(tmp_path / "soc.yaml", l2=65536))) == 0
    message = refusal(tmp_path, capsys, soc(tmp_path / "soc.yaml", l2=65535))
    assert asked(message, "L2") == 65536


def test_tensors_that_do_not_fit_l2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = str(tall_model(tmp_path / "tall.onnx"))
    constants, tensor = 16 * 16 * 4, 4096 * 16 * 4
    for l2 in (constants, constants + tensor - 1):
        chip = str(soc(tmp_path / "soc.yaml", l2=l2))
        assert main([network, "--soc", chip, "--output", str(tmp_path / "refused")]) == 1
        message = capsys.readouterr().err
        assert "TW-0501: the network: constants take 1,024 bytes of L2, states 0 and" in message
        assert "tensors that L1 does not hold 262,144 (tensor 'tall' 262,144);" in message
        assert asked(message, "L2") == constants + tensor
    chip = str(soc(tmp_path / "soc.yaml", l2=constants + tensor))
    assert main([network, "--soc", chip, "--output", str(tmp_path / "out")]) == 0
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize("l1", [1, 1280, 2500])
def test_what_does_not_fit_l1(l1: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(tmp_path, capsys, soc(tmp_path / "soc.yaml", l1))
    assert re.search(r"node 'layer0'", message)
    assert "stacks of 1,280 included" in message
    needed = asked(message, "L1")
    assert run(tmp_path, "out", "--soc", str(soc(tmp_path / "soc.yaml", needed))) == 0
    (program,) = json.loads((tmp_path / "out" / "net.memory.json").read_text())["maps"]
    assert program["l1_bytes"] < needed - 1280
    message = refusal(tmp_path, capsys, soc(tmp_path / "soc.yaml", needed - 1))
    assert asked(message, "L1") == needed


@pytest.mark.parametrize("text", ["", "name: x\ncluster: {}\n", "{"])
def test_what_is_no_chip(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chip = tmp_path / "soc.yaml"
    chip.write_text(text)
    assert run(tmp_path, "out", "--soc", str(chip)) == 1
    assert "TW-0002" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
