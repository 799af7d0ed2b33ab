"""Tests of the quantiser on a small model with a cache, attention and a gated product."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.calibration import (
    Arrays,
    CalibrationError,
    StatefulRunner,
    load_sequences,
    session,
)
from tools.quantize.error_report import activation_pairs, error_report
from tools.quantize.integer_interface import make_integer
from tools.quantize.quantize import main, quantize

STATE = {"cache": "cache_next"}


def small_model() -> onnx.ModelProto:
    """Embedding, norm, product, rotary embedding, cache update, attention, Swish gate, add."""
    random = np.random.default_rng(1)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)

    node = helper.make_node
    nodes = [
        node("Gather", ["table", "tokens"], ["x"]),
        node("RMSNormalization", ["x", "norm_weight"], ["normed"], axis=-1),
        node("MatMul", ["normed", "weight"], ["product"]),
        node("Reshape", ["product", "split_shape"], ["split"]),
        node("Transpose", ["split"], ["heads"], perm=[0, 2, 1, 3]),
        node("RotaryEmbedding", ["heads", "cosine", "sine", "positions"], ["rotated"]),
        node("TensorScatter", ["cache", "rotated", "position"], ["cache_next"], axis=-2),
        node("LessOrEqual", ["slots", "queries"], ["mask"]),
        node("Attention", ["rotated", "cache_next", "cache_next", "mask"], ["mixed"]),
        node("Transpose", ["mixed"], ["rows"], perm=[0, 2, 1, 3]),
        node("Reshape", ["rows", "join_shape"], ["joined"]),
        node("Swish", ["joined"], ["activated"]),
        node("Mul", ["activated", "product"], ["gated"]),
        node("Add", ["x", "gated"], ["y"]),
    ]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "small",
            [
                helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "sequence"]),
                helper.make_tensor_value_info("positions", TensorProto.INT64, [1, "sequence"]),
                helper.make_tensor_value_info("queries", TensorProto.INT64, ["sequence", 1]),
                helper.make_tensor_value_info("position", TensorProto.INT64, [1]),
                helper.make_tensor_value_info("cache", TensorProto.FLOAT, [1, 2, 8, 4]),
            ],
            [
                helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "sequence", 8]),
                helper.make_tensor_value_info("cache_next", TensorProto.FLOAT, [1, 2, 8, 4]),
            ],
            initializer=[
                constant("table", 10, 8),
                constant("norm_weight", 8),
                constant("weight", 8, 8),
                constant("cosine", 8, 2),
                constant("sine", 8, 2),
                numpy_helper.from_array(np.array([0, 0, 2, 4], np.int64), "split_shape"),
                numpy_helper.from_array(np.array([0, 0, 8], np.int64), "join_shape"),
                numpy_helper.from_array(np.arange(8, dtype=np.int64), "slots"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 24)],
        ir_version=12,
    )


def run_of(tokens: list[int], position: int) -> Arrays:
    positions = np.arange(position, position + len(tokens), dtype=np.int64)
    return {
        "tokens": np.array([tokens], np.int64),
        "positions": positions[None],
        "queries": positions[:, None],
        "position": np.array([position], np.int64),
    }


SEQUENCES = [[run_of([1, 2, 3], 0), run_of([4], 3)], [run_of([9, 8], 0), run_of([7, 5, 6], 2)]]
MODEL = small_model()
QUANTIZED = quantize(MODEL, SEQUENCES, STATE)
CONSTANTS = {t.name: numpy_helper.to_array(t) for t in QUANTIZED.graph.initializer}
PAIRS = activation_pairs(QUANTIZED)


def scale(name: str) -> float:
    return float(CONSTANTS[PAIRS[name][1].input[1]])


def test_every_float_activation_has_one_pair() -> None:
    assert set(PAIRS) == {
        "x", "normed", "product", "split", "heads", "rotated", "cache", "cache_next", "mixed",
        "rows", "joined", "activated", "gated", "y",
    }  # fmt: skip
    assert Counter(node.op_type for node in QUANTIZED.graph.node)["QuantizeLinear"] == len(PAIRS)


def test_activations_are_symmetric_int8_of_the_largest_magnitude() -> None:
    runner = StatefulRunner(MODEL, STATE)
    peak = max(float(np.abs(out["y"]).max()) for _, out in runner.feeds(SEQUENCES))
    assert scale("y") == pytest.approx(peak / 127, rel=1e-6)
    for _, node in PAIRS.values():
        zero_point = CONSTANTS[node.input[2]]
        assert zero_point.dtype == np.int8 and zero_point == 0


def test_movement_keeps_the_scale() -> None:
    assert scale("product") == scale("split") == scale("heads")
    assert scale("rotated") == scale("cache") == scale("cache_next")
    assert scale("mixed") == scale("rows") == scale("joined")


def test_the_table_shares_its_scale_with_the_rows_taken() -> None:
    table = CONSTANTS["table_quantized"]
    assert table.dtype == np.int8 and np.abs(table.astype(int)).max() == 127
    assert scale("x") == float(CONSTANTS["table_scale"])


def test_weights_are_per_output_channel_and_parameters_stay_float() -> None:
    original = next(numpy_helper.to_array(t) for t in MODEL.graph.initializer if t.name == "weight")
    np.testing.assert_allclose(CONSTANTS["weight_scale"], np.abs(original).max(0) / 127, rtol=1e-6)
    for name in ("norm_weight", "cosine", "sine"):
        assert CONSTANTS[name].dtype == np.float32
    assert CONSTANTS["slots"].dtype == np.int64


def test_uint8_activations_and_per_tensor_weights_on_request() -> None:
    other = quantize(MODEL, SEQUENCES, STATE, activations="uint8", per_channel=False)
    constants = {t.name: numpy_helper.to_array(t) for t in other.graph.initializer}
    assert constants["weight_scale"].shape == ()
    zero_point = constants[activation_pairs(other)["y"][1].input[2]]
    assert zero_point.dtype == np.uint8 and zero_point > 0


def test_cache_entries_move_untouched() -> None:
    integers = onnx.ModelProto()
    integers.CopyFrom(QUANTIZED)
    make_integer(integers, ["cache", "cache_next"])
    cache = np.random.default_rng(2).integers(-128, 128, (1, 2, 8, 4)).astype(np.int8)
    found = session(integers).run(["cache_next"], run_of([1, 2], 5) | {"cache": cache})[0]
    assert found.dtype == np.int8
    keep = [0, 1, 2, 3, 4, 7]
    np.testing.assert_array_equal(found[:, :, keep], cache[:, :, keep])
    assert (found[:, :, 5:7] != cache[:, :, 5:7]).any()


def test_integer_outputs_hold_what_the_pair_would_have_held() -> None:
    integers = onnx.ModelProto()
    integers.CopyFrom(QUANTIZED)
    make_integer(integers, ["y"])
    feed = run_of([3, 4], 0) | {"cache": np.zeros((1, 2, 8, 4), np.float32)}
    expected = session(QUANTIZED).run(["y"], feed)[0]
    found = session(integers).run(["y"], feed)[0]
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found.astype(np.float32) * np.float32(scale("y")), expected)
    metadata = {entry.key: entry.value for entry in integers.metadata_props}
    assert float(metadata["quantization.y"].split(",")[0]) == scale("y")


@pytest.mark.parametrize(("name", "complaint"), [("nothing", "neither"), ("tokens", "quantised")])
def test_an_interface_that_cannot_be_integer_is_refused(name: str, complaint: str) -> None:
    copy = onnx.ModelProto()
    copy.CopyFrom(QUANTIZED)
    with pytest.raises(CalibrationError, match=complaint):
        make_integer(copy, [name])


def test_the_report_measures_noise() -> None:
    activations = error_report(MODEL, QUANTIZED, SEQUENCES, STATE)["activations"]
    assert isinstance(activations, dict)
    assert set(activations) == set(PAIRS) - {"cache"}
    assert all(entry["signal_to_noise_db"] > 15 for entry in activations.values())
    low, high = activations["y"]["observed"]
    assert max(-low, high) == pytest.approx(scale("y") * 127, rel=1e-6)


def save(path: Path, sequences: list[list[Arrays]]) -> None:
    arrays = {
        f"{s}/{r}/{name}": value
        for s, runs in enumerate(sequences)
        for r, run in enumerate(runs)
        for name, value in run.items()
    }
    np.savez(path, allow_pickle=False, **arrays)


def test_the_command_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    onnx.save(MODEL, tmp_path / "model.onnx")
    save(tmp_path / "data.npz", SEQUENCES)
    results: list[tuple[bytes, bytes]] = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "tools.quantize.quantize"]
        for option, file in (
            ("model", "model.onnx"), ("calibration", "data.npz"), ("output", f"q{seed}.onnx"),
            ("report", f"r{seed}.json"),
        ):  # fmt: skip
            command += [f"--{option}", str(tmp_path / file)]
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        subprocess.run(
            [*command, "--state", "cache=cache_next", "--integer-io", "y"],
            check=True,
            env=environment,
        )
        output = (tmp_path / f"q{seed}.onnx").read_bytes()
        results.append((output, (tmp_path / f"r{seed}.json").read_bytes()))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("model", "data", "code"),
    [
        ("none.onnx", "data.npz", "TW-0001"),
        ("model.onnx", "none.npz", "TW-0001"),
        ("data.npz", "data.npz", "TW-0101"),
        ("model.onnx", "model.onnx", "TW-0303"),
        ("model.onnx", "empty.npz", "TW-0303"),
    ],
)
def test_bad_files_are_refused_with_a_code(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    data: str,
    code: str,
) -> None:
    onnx.save(MODEL, tmp_path / "model.onnx")
    save(tmp_path / "data.npz", SEQUENCES)
    np.savez(tmp_path / "empty.npz")
    files = [f"--model={tmp_path / model}", f"--calibration={tmp_path / data}"]
    output = tmp_path / "out.onnx"
    monkeypatch.setattr(sys, "argv", ["quantize", *files, f"--output={output}"])
    assert main() == 1
    assert capsys.readouterr().err.startswith(f"error {code}: ")
    assert not output.exists()


def test_both_file_forms_are_read(tmp_path: Path) -> None:
    save(tmp_path / "stateful.npz", SEQUENCES)
    assert [len(runs) for runs in load_sequences(tmp_path / "stateful.npz")] == [2, 2]
    np.savez(tmp_path / "plain.npz", x=np.arange(6).reshape(3, 2))
    plain = load_sequences(tmp_path / "plain.npz")
    assert [runs[0]["x"].tolist() for runs in plain] == [[[0, 1]], [[2, 3]], [[4, 5]]]


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({}, "no arrays"),
        ({"x": np.zeros(2), "y": np.zeros(3)}, "different numbers of samples"),
        ({"0/x": np.zeros(2)}, "SEQUENCE/RUN/INPUT"),
        ({"0/1/x": np.zeros(2)}, "count from 0"),
    ],
)
def test_a_malformed_file_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], complaint: str
) -> None:
    np.savez(tmp_path / "data.npz", allow_pickle=False, **arrays)
    with pytest.raises(CalibrationError, match=complaint):
        load_sequences(tmp_path / "data.npz")


def test_data_that_does_not_fit_the_model_is_refused() -> None:
    with pytest.raises(CalibrationError, match="run 0/0 gives inputs"):
        quantize(MODEL, [[{"tokens": np.zeros((1, 1), np.int64)}]], STATE)
    wrong = SEQUENCES[0][0] | {"tokens": np.zeros((1, 3), np.int32)}
    with pytest.raises(CalibrationError, match=r"'0/0/tokens' is int32.*takes int64"):
        quantize(MODEL, [[wrong]], STATE)
    wrong = SEQUENCES[0][0] | {"position": np.zeros(2, np.int64)}
    with pytest.raises(CalibrationError, match="position"):
        quantize(MODEL, [[wrong]], STATE)
    with pytest.raises(CalibrationError, match="state"):
        quantize(MODEL, SEQUENCES, {"cache": "nowhere"})
