"""What every model with seeded weights has to be; see `seeded_network.bzl` for the environment."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnx

from models.building_blocks.count_operations import multiply_accumulates, parameters
from models.building_blocks.layer_agreement import largest_differences
from models.building_blocks.write_model import RANGE_BITS
from tools.quantize.ranges import distance_to_step


def _file(variable: str) -> Path:
    return Path(os.environ[variable])


def test_size_is_that_of_the_architecture() -> None:
    model = onnx.load(_file("FLOAT_MODEL"))
    assert multiply_accumulates(model) == int(os.environ["MULTIPLY_ACCUMULATES"])
    assert parameters(model) == int(os.environ["PARAMETERS"])


def test_files_are_the_same_on_every_machine() -> None:
    digests = [
        hashlib.sha256(_file(variable).read_bytes()).hexdigest()
        for variable in ("FLOAT_MODEL", "INT8_MODEL")
    ]
    assert digests == [os.environ["FLOAT_DIGEST"], os.environ["INT8_DIGEST"]]


def test_no_range_is_where_noise_could_change_its_rounding() -> None:
    report = json.loads(_file("QUANTIZATION_REPORT").read_text(encoding="utf-8"))
    observed = {
        layer["tensor"]: [end for end in layer["observed"] if end != 0.0]
        for layer in report["layers"]
        # The quantiser knows that probabilities are 0 … 1; a Clip's bounds and inputs are exact.
        if layer["tensor"] != "probabilities" and layer["operator"]
    }
    near = {
        (name, end)
        for name, ends in observed.items()
        for end in ends
        if end != 6.0 and distance_to_step(end, RANGE_BITS) < 1e-5
    }
    assert not near, "choose another seed: float32 sums differ by a few millionths"


def test_every_layer_is_computed_in_integers() -> None:
    report = json.loads(_file("MAPPING_REPORT").read_text(encoding="utf-8"))
    forms = {
        (layer["name"], layer["form"])
        for entry_point in report["entry_points"]
        for layer in entry_point["layers"]
    }
    assert {(name, form) for name, form in forms if form not in ("integer", "wide")} == set()


def test_every_layer_agrees_with_onnxruntime() -> None:
    """docs/numerics.md allows one step."""
    with np.load(_file("CALIBRATION")) as file:
        inputs = {name: file[name][:1] for name in file.files}
    differences = largest_differences(onnx.load(_file("INT8_MODEL")), inputs)
    assert {name: steps for name, steps in differences.items() if steps > 1} == {}


def test_answers_depend_on_the_input() -> None:
    """Otherwise a test with these inputs would not see what happens inside."""
    with np.load(_file("GOLDEN")) as file:
        outputs = [file[name].ravel() for name in file.files if "/output/" in name]
    assert len(outputs) > 1
    first = outputs[0].astype(int)
    assert all(np.abs(first - other).max() > 16 for other in outputs[1:])
