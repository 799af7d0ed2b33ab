"""Tests of golden data: reproducible, complete, and wrong networks are noticed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tools.golden import golden
from tools.golden.c_source import c_source
from tools.golden.steps import Step, steps_of


def write_model(path: Path, data_type: int = TensorProto.FLOAT) -> Path:
    """y = x * w, x [2, 3], named as C could not name it; with int32 x a Reshape instead."""
    if data_type == TensorProto.FLOAT:
        node = helper.make_node("MatMul", ["in/x", "w"], ["y"], name="product")
        constant = np.arange(12, dtype=np.float32).reshape(3, 4)
        shape = [2, 4]
    else:
        node = helper.make_node("Reshape", ["in/x", "w"], ["y"], name="reshape")
        constant = np.array([6], np.int64)
        shape = [6]
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("in/x", data_type, [2, 3])],
        [helper.make_tensor_value_info("y", data_type, shape)],
        [numpy_helper.from_array(constant, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, path)
    return path


def run(folder: Path, model: Path, *options: str) -> int:
    outputs = ["--npz", "g.npz", "--source", "g.c", "--report", "g.json"]
    outputs = [str(folder / word) if "." in word else word for word in outputs]
    return golden.main([str(model), *options, *outputs])


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def test_random_inputs_depend_on_the_seed_only(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx")
    files: list[bytes] = []
    for seed in ("0", "0", "1"):
        assert run(tmp_path, model, "--seed", seed, "--steps", "3") == 0
        files.append((tmp_path / "g.c").read_bytes())
    assert files[0] == files[1] != files[2]
    found = arrays(tmp_path / "g.npz")
    assert sorted(found) == sorted(
        f"{step:03}//{key}" for step in range(3) for key in ("input/in/x", "output/y")
    )


def test_given_inputs(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(tmp_path / "in.npz", **{"in/x": x})
    inputs = ["--inputs", str(tmp_path / "in.npz")]
    assert run(tmp_path, model, *inputs, "--reference-tolerance", "0.0001") == 0
    expected = x @ np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(arrays(tmp_path / "g.npz")["000//output/y"], expected)
    report = json.loads((tmp_path / "g.json").read_text())
    assert report["largest"][0]["output"] == "y"
    assert report["largest"][0]["unit"] == "absolute"


def test_what_inputs_mean_is_not_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "m.onnx", TensorProto.INT32)
    assert run(tmp_path, model) == 1
    assert "input 'in/x': it is int32[2, 3]" in capsys.readouterr().err
    assert not (tmp_path / "g.c").exists()


def test_a_difference_from_the_reference_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_model(tmp_path / "m.onnx")

    def wrong(*arguments: object) -> bytes:
        data = original(*arguments)
        with np.load(golden.io.BytesIO(data)) as file:
            changed = {name: file[name].copy() for name in file.files}
        changed["001//output/y"][1, 2] += 0.5
        buffer = golden.io.BytesIO()
        np.savez(buffer, **changed)
        return buffer.getvalue()

    original = golden.run_golden
    monkeypatch.setattr(golden, "run_golden", wrong)
    assert run(tmp_path, model, "--reference-tolerance", "0.1") == 1
    message = capsys.readouterr().err
    assert "output 'y' (run step 001) differs from onnxruntime by 0.5 absolute" in message
    assert not (tmp_path / "g.npz").exists()


def test_steps_run_in_the_order_of_their_names() -> None:
    array = np.zeros(1)
    keys = ["010/run/input/a/b", "002/run/input/a/b", "002/run/output/c"]
    steps = steps_of(dict.fromkeys(keys, array))
    assert [(step.name, list(step.inputs), list(step.outputs)) for step in steps] == [
        ("002", ["a/b"], ["c"]),
        ("010", ["a/b"], []),
    ]


def test_c_source_holds_the_bytes() -> None:
    step = Step("000", 'a"\n', {"x": np.array([1, -1, 5], np.int8)}, {"y": np.zeros(0, np.int8)})
    text = c_source([step])
    assert "  0x5ff01,\n" in text
    assert '{"000", "a\\042\\012", step_0_inputs, step_0_outputs, 1, 1}' in text
    assert '{"x", 3, step_0_input_0, 0}' in text
    assert "step_0_output_0_found[1]" in text
