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

from compiler.errors import Code, CompileError
from tools.quantize.calibration import (
    Arrays,
    CalibrationError,
    StatefulRunner,
    load_sequences,
    session,
)
from tools.quantize.integer_interface import make_integer
from tools.quantize.layer_errors import activation_pairs
from tools.quantize.quantize import main
from tools.quantize.static_quantization import Scheme, quantize

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
QUANTIZED = quantize(MODEL, SEQUENCES, STATE, Scheme())
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
    other = quantize(MODEL, SEQUENCES, STATE, Scheme("uint8", per_channel=False))
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
            [*command, "--name=q", "--state", "cache=cache_next", "--integer-io", "y"],
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


def test_everything_that_does_not_fit_the_model_is_told_at_once() -> None:
    first = SEQUENCES[0][0] | {
        "tokens": np.zeros((1, 3), np.int32),
        "position": np.zeros(2, np.int64),
        "surplus": np.zeros(1),
    }
    second = dict(SEQUENCES[0][1])
    del second["queries"]
    with pytest.raises(CompileError) as caught:
        quantize(MODEL, [[first, second]], {"cache": "nowhere"}, Scheme(), "data.npz")
    messages = [str(problem) for problem in caught.value.problems]
    assert {problem.code for problem in caught.value.problems} == {Code.CALIBRATION}
    for part in (
        "state 'cache=nowhere': it does not name an input=output",
        "data.npz: input 'tokens' is int32 [1, 3]; the model takes int64 [1, sequence] "
        "(in run 0/0 of 2)",
        "data.npz: input 'position' is int64 [2]; the model takes int64 [1]",
        "data.npz: array 'surplus' is no input",
        "data.npz: input 'queries' has no array (in run 0/1 of 2)",
    ):
        assert any(part in message for message in messages), part
    assert len(messages) == 5


def scaled(bias: float, *, samples: int = 2) -> tuple[onnx.ModelProto, list[list[Arrays]]]:
    """log(x + bias), a sum that is always 0, and x; with data."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "bias"], ["sum"], "shift"),
            helper.make_node("Log", ["sum"], ["logarithm"], "log"),
            helper.make_node("Mul", ["logarithm", "x"], ["y"], "product"),
            helper.make_node("Mul", ["x", "nothing"], ["zero"], "silence"),
            helper.make_node("Relu", ["zero"], ["still"], "relu"),
            helper.make_node("Add", ["y", "still"], ["z"], "last"),
        ],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3])],
        [
            numpy_helper.from_array(np.array(bias, np.float32), "bias"),
            numpy_helper.from_array(np.zeros(3, np.float32), "nothing"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    data = np.random.default_rng(3).uniform(0.5, 2, (samples, 1, 3)).astype(np.float32)
    return model, [[{"x": sample}] for sample in data]


def test_numbers_that_are_none_are_refused_in_data_and_activations() -> None:
    model, data = scaled(0.0)
    data[1][0]["x"][0, 1] = np.nan
    with pytest.raises(CompileError) as caught:
        quantize(model, data, {}, Scheme())
    (problem,) = caught.value.problems
    assert problem.code is Code.CALIBRATION_VALUES
    assert "input 'x' holds NaN or infinite numbers (in run 1/0 of 2)" in problem.found
    model, data = scaled(-1.5)
    with pytest.raises(CompileError) as caught:
        quantize(model, data, {}, Scheme())
    (problem,) = caught.value.problems  # not those that follow from it
    assert problem.code is Code.CALIBRATION_VALUES
    assert problem.where == "activation 'logarithm' of Log 'log'"


def test_activations_that_never_change_are_refused_unless_allowed() -> None:
    model, data = scaled(0.0)
    with pytest.raises(CompileError) as caught:
        quantize(model, data, {}, Scheme())
    (problem,) = caught.value.problems  # 'still' only passes it on
    assert problem.code is Code.CONSTANT_ACTIVATION
    assert problem.where == "activation 'zero' of Mul 'silence'"
    assert 'allow_constant = ["zero"]' in problem.advice
    assert quantize(model, data, {}, Scheme(allow_constant=("z?ro",)))
    with pytest.raises(CompileError, match="no tensor that may be constant is called so"):
        quantize(model, data, {}, Scheme(allow_constant=("zero", "nought")))


def masked() -> tuple[onnx.ModelProto, list[list[Arrays]]]:
    """Attention weights of which a mask of -inf takes some out."""
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["scores"], "product"),
            helper.make_node("Where", ["keep", "scores", "nothing"], ["masked"], "mask"),
            helper.make_node("Flatten", ["masked"], ["flat"], "flatten"),
            helper.make_node("Softmax", ["flat"], ["shares"], "softmax"),
            helper.make_node("MatMul", ["shares", "weights"], ["y"], "sum"),
        ],
        "masked",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [
            numpy_helper.from_array(np.array([True, False, True, True]), "keep"),
            numpy_helper.from_array(np.array(-np.inf, np.float32), "nothing"),
            numpy_helper.from_array(np.eye(4, dtype=np.float32), "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    data = np.random.default_rng(4).normal(size=(3, 1, 4)).astype(np.float32)
    return model, [[{"x": sample}] for sample in data]


def test_what_reads_a_mask_of_infinities_stays_float() -> None:
    model, data = masked()
    with pytest.raises(CompileError, match="called so; there are: 'product', 'mask', 'flatten'"):
        quantize(model, data, {}, Scheme(float_layers=("soft",)))
    found = quantize(model, data, {}, Scheme())
    made = {output: node for node in found.graph.node for output in node.output}
    (softmax,) = (node for node in found.graph.node if node.op_type == "Softmax")
    assert made[softmax.input[0]].op_type == "Flatten"
    assert made[made[softmax.input[0]].input[0]].op_type == "Where"
    expected = session(model).run(["y"], data[0][0])[0]
    np.testing.assert_allclose(session(found).run(["y"], data[0][0])[0], expected, atol=0.02)


def test_a_run_that_the_model_refuses_is_told() -> None:
    wrong = SEQUENCES[0][0] | {"tokens": np.array([[1, 99, 3]], np.int64)}
    with pytest.raises(CalibrationError, match=r"run 0/0: the model cannot be run on it: .*99"):
        quantize(MODEL, [[wrong]], STATE, Scheme())


def test_a_model_that_onnxruntime_lacks_is_refused() -> None:
    unknown = onnx.ModelProto()
    unknown.CopyFrom(MODEL)
    (node,) = (node for node in unknown.graph.node if node.op_type == "Swish")
    node.op_type = "Swash"
    with pytest.raises(CompileError, match=r"TW-0\d01: the model: onnxruntime, which .* Swash"):
        session(unknown)


def test_no_samples_are_refused() -> None:
    with pytest.raises(CompileError, match="it holds no samples"):
        quantize(MODEL, [], STATE, Scheme())


@pytest.mark.parametrize(
    ("options", "complaints"),
    [
        (["--state=cache"], ["is not of the form INPUT=OUTPUT"]),
        (["--tolerance=speed=1", "--tolerance=accuracy=2"], ["no such measure", "it is a share"]),
        (["--tolerance=agreement=most"], ["it is no number"]),
        (["--percentile=101"], ["no number in 0"]),
        (["--weight-bits-search=4"], ["nothing says how much worse"]),
        (["--state=cache=cache_next", "--tolerance=accuracy=0.9"], ["has no array 'labels'"]),
    ],
)
def test_malformed_options_are_told_at_once(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    complaints: list[str],
) -> None:
    onnx.save(MODEL, tmp_path / "model.onnx")
    save(tmp_path / "data.npz", SEQUENCES)
    files = [f"--model={tmp_path / 'model.onnx'}", f"--calibration={tmp_path / 'data.npz'}"]
    output = tmp_path / "out.onnx"
    monkeypatch.setattr(sys, "argv", ["quantize", *files, f"--output={output}", *options])
    assert main() == 1
    message = capsys.readouterr().err
    assert message.count("error TW-0002") == len(complaints)
    assert all(complaint in message for complaint in complaints)
    assert not output.exists()
