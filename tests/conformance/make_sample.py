"""Writes the model and the inputs of one shard of the sample.

make_sample SHARD MODEL.onnx INPUTS.npz
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx

from tests.conformance import records, sample
from tests.conformance.cases import load_cases

WORKSPACE = Path(__file__).parents[2]


def main(shard: str, model_path: str, inputs_path: str) -> None:
    names = sample.read(WORKSPACE).shards[int(shard)]
    cases = [case for case in load_cases() if case.name in names]
    model, inputs = sample.merge(cases, records.read(WORKSPACE))
    onnx.save(model, model_path)
    np.savez(inputs_path, **inputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
