"""Damaged files, and external data that is missing, cut off or out of bounds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model
from compiler.frontend.read_model import read_model

DATA = np.arange(8, dtype=np.float32)


def model(*entries: dict[str, str]) -> ModelProto:
    """Adds one external initialiser of four elements per dictionary of its external data."""
    tensors: list[TensorProto] = []
    for index, external in enumerate(entries):
        tensor = TensorProto(name=f"w{index}", dims=[4], data_type=TensorProto.FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in external.items():
            tensor.external_data.add(key=key, value=value)
        tensors.append(tensor)
    nodes = [
        helper.make_node("Add", [f"a{i}" if i else "x", f"w{i}"], [f"a{i + 1}"], f"add{i}")
        for i in range(len(entries))
    ]
    graph = helper.make_graph(
        nodes,
        "external",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info(f"a{len(entries)}", TensorProto.FLOAT, [4])],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def write(folder: Path, proto: ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(CompileError) as caught:
        import_model(path)
    return caught.value.problems


def test_external_data_is_read_from_below_the_models_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "weights").write_bytes(DATA.tobytes())
    proto = model(
        {"location": "data/weights", "length": "16"}, {"location": "data/weights", "offset": "16"}
    )
    imported = import_model(write(tmp_path, proto))
    for name, expected in (("w0", DATA[:4]), ("w1", DATA[4:])):
        constant = imported.tensors[name].constant
        assert constant is not None
        assert constant.tolist() == expected.tolist()


def test_all_missing_data_is_reported(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(DATA.tobytes()[:20])
    proto = model(
        {"location": "absent"},
        {"location": "short", "offset": "16", "length": "16"},
        {"location": "short", "offset": "-1"},
        {"location": "short", "length": "many"},
    )
    found = problems(write(tmp_path, proto))
    assert [problem.code for problem in found] == [Code.MISSING_INITIALIZER_DATA] * 4
    assert [problem.where for problem in found] == [f"initialiser 'w{i}'" for i in range(4)]


def test_data_of_another_length_than_the_shape_asks_for(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(DATA.tobytes()[:12])
    (problem,) = problems(write(tmp_path, model({"location": "short"})))
    assert problem.code is Code.INVALID_MODEL
    assert problem.where == "initialiser 'w0'"


@pytest.mark.parametrize(
    "location",
    ["../secret", "a/../../secret", "/etc/hostname", "..\\secret", "C:\\secret", "", "link/x"],
)
def test_external_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(DATA.tobytes())
    (tmp_path / "model" / "link").symlink_to(tmp_path)
    (problem,) = problems(write(tmp_path / "model", model({"location": location})))
    assert problem.code is Code.UNSAFE_PATH


def test_every_truncation_is_diagnosed_or_harmless(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(DATA.tobytes())
    content = model({"location": "weights", "length": "16"}).SerializeToString()
    for length in range(len(content)):
        path = tmp_path / "model.onnx"
        path.write_bytes(content[:length])
        with contextlib.suppress(CompileError):
            import_model(path)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    content = model({"location": "weights"}).SerializeToString().replace(b"add0", b"a\xff\xfed")
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(CompileError) as caught:
        read_model(path)
    assert caught.value.problems[0].code is Code.INVALID_MODEL


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 9])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert problem.code is Code.INVALID_MODEL
    assert problem.where == str(path) and problem.advice
