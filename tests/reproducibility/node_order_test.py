"""ONNX leaves the order of nodes and constants in a file open: the code is the same for all."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import onnx
import pytest

from compiler.cli import main

_MODELS = [Path(path) for path in os.environ["MODELS"].split()]
_SOC = os.environ["SOC"]


def _shuffled(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The same graph with all lists in another order that have none of their own."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    order = random.Random(seed)
    for field in (result.graph.node, result.graph.initializer, result.graph.value_info):
        entries = [type(entry).FromString(entry.SerializeToString()) for entry in field]
        order.shuffle(entries)
        del field[:]
        field.extend(entries)  # pyright: ignore[reportArgumentType]
    return result


def _generated(file: Path, folder: Path, options: list[str]) -> dict[str, bytes]:
    """All files that the compiler writes, but for the digest of the model's file in them."""
    assert main([str(file), "--output", str(folder), "--name", "network", *options]) == 0
    digest = hashlib.sha256(file.read_bytes()).hexdigest().encode()
    return {
        path.name: path.read_bytes().replace(digest, b"DIGEST") for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize(
    "options",
    [[], ["--soc", _SOC, "--engines=cores"], ["--soc", _SOC, "--engines=all"]],
    ids=["one core", "cluster", "accelerator"],
)
@pytest.mark.parametrize("path", _MODELS, ids=lambda path: path.stem)
def test_generated_files_do_not_depend_on_the_order_of_nodes(
    path: Path, options: list[str], tmp_path: Path
) -> None:
    model = onnx.load(path)
    expected = _generated(path, tmp_path / "as_it_is", options)
    assert expected
    for seed in range(2):
        other = tmp_path / f"shuffled{seed}.onnx"
        shuffled = _shuffled(model, seed)
        assert [node.name for node in shuffled.graph.node] != [n.name for n in model.graph.node]
        onnx.save(shuffled, other)
        assert _generated(other, tmp_path / f"{seed}", options) == expected
