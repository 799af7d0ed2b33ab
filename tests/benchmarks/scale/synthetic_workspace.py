"""Writes a repository of many models for many boards, as a team's would be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

_MODULE = """module(name = "synthetic")

bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_cc", version = "0.2.8")
bazel_dep(name = "tilewright", version = "0.1.0")

local_path_override(
    module_name = "tilewright",
    path = "{tilewright}",
)

register_toolchains({toolchains})
"""

_PACKAGE = """load("@tilewright//rules:defs.bzl", "compiled_network", "firmware", "onnx_model")

onnx_model(
    name = "model",
    src = "model.onnx",
)

compiled_network(
    name = "gesture",
    integer_io = ["all"],
    model = ":model",
)

[
    firmware(
        name = board + "_fw",
        srcs = ["main.c"],
        network = ":gesture",
        platform = "//{{}}:board".format(board),
    )
    for board in [{boards}]
]
"""


def write_workspace(folder: Path, tilewright: Path, models: int, boards: int) -> None:
    """Writes `models` packages, each with a network and its firmware for all of `boards` boards.

    Network, program and board are those of tests/external_module; every model has weights and
    every board a package of its own, so that no two of them share an action.
    """
    example = tilewright / "tests/external_module"
    names = [f"board{index}" for index in range(boards)]
    for name in names:
        shutil.copytree(example / "board", folder / name)
        source = folder / name / "board.c"
        source.write_text(source.read_text().replace('"board/', f'"{name}/'))
    model = onnx.load(example / "gesture.onnx")
    package = _PACKAGE.format(boards=", ".join(f'"{name}"' for name in names))
    for index in range(models):
        target = folder / f"model{index}"
        target.mkdir(parents=True)
        _draw_weights(model, index)
        onnx.save(model, target / "model.onnx")
        (target / "BUILD.bazel").write_text(package)
        shutil.copy(example / "main.c", target)
    toolchains = ", ".join(f'"//{name}:all"' for name in names)
    (folder / "MODULE.bazel").write_text(
        _MODULE.format(tilewright=tilewright, toolchains=toolchains)
    )
    for name in (".bazelrc", ".bazelversion"):
        shutil.copy(example / name, folder)


def _draw_weights(model: onnx.ModelProto, seed: int) -> None:
    """Gives every int8 matrix other values."""
    random = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) > 1:
            values = random.integers(-127, 128, tuple(tensor.dims)).astype(np.int8)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
