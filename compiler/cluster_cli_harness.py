"""A model and chips with a cluster, for tests of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

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
      store_burst_penalty: 1, store_line_penalty: 1,
      core_queue: 2, global_queue: 8}}
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


ACCELERATOR = """
neureka: {}
"""


def soc(path: Path, l1: int = 1 << 16, l2: int = 1 << 20, *, accelerator: bool = False) -> Path:
    path.write_text(SOC.format(l1=l1, l2=l2) + (ACCELERATOR if accelerator else ""))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
