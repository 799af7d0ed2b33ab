"""Networks for a chip with a cluster, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler.cli import main

SOC = """
name: sample
cores: 4
clock_hertz: 100000000
memories:
  - {{name: l1, base: 0x10000000, size: {l1}}}
  - {{name: l2, base: 0x1c000000, size: {l2}}}
cluster: {{control_core: 4}}
cluster_stack: {{size: 0x100, guard: 0}}
l2: {{latency: 15}}
dma: {{counters: 16, start: 6, minimum: 7, bytes_per_cycle: 8, l2_latency: 12, burst: 256,
      store_burst_penalty: 1, store_line_penalty: 1}}
"""


def model(path: Path) -> Path:
    """x [1, 64] through four layers of 64 outputs: 4 x 16 KiB of weights."""
    random = np.random.default_rng(0)
    weights = {f"w{i}": random.normal(size=(64, 64)).astype(np.float32) for i in range(4)}
    nodes = [
        node
        for i in range(4)
        for node in (
            helper.make_node("MatMul", [f"h{i}", f"w{i}"], [f"s{i}"], f"layer{i}"),
            helper.make_node("Relu", [f"s{i}"], [f"h{i + 1}"], f"relu{i}"),
        )
    ]
    graph = helper.make_graph(
        nodes,
        "layers",
        [helper.make_tensor_value_info("h0", TensorProto.FLOAT, [1, 64])],
        [helper.make_tensor_value_info("h4", TensorProto.FLOAT, [1, 64])],
        [numpy_helper.from_array(data, name) for name, data in weights.items()],
    )
    opset = [helper.make_opsetid("", 21)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=10)
    path.write_bytes(proto.SerializeToString())
    return path


def soc(path: Path, l1: int = 1 << 16, l2: int = 1 << 20) -> Path:
    path.write_text(SOC.format(l1=l1, l2=l2))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def run(tmp_path: Path, output: str, *options: str) -> int:
    network = model(tmp_path / "net.onnx")
    return main([str(network), "--output", str(tmp_path / output), *options])


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


def test_weights_that_do_not_fit_l2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chip = soc(tmp_path / "soc.yaml", l2=50000)
    assert run(tmp_path, "out", "--soc", str(chip)) == 1
    message = capsys.readouterr().err
    assert "TW-0501" in message
    assert "50,000 bytes are available" in message
    assert "at least 65,536 bytes" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "name: x\ncluster: {}\n", "{"])
def test_what_is_no_chip(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chip = tmp_path / "soc.yaml"
    chip.write_text(text)
    assert run(tmp_path, "out", "--soc", str(chip)) == 1
    assert "TW-0002" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
