"""Writes a model, or inputs for it: python -m tests.onnxruntime_operators.make_model NAME FILE.

A file whose name ends in .npz gets inputs for `STEPS` runs, as `golden_data` reads them: all but
states, which are what the run before left.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.onnxruntime_operators.fused_models import fused_feeds
from tests.onnxruntime_operators.models import MODELS

STEPS = 2
STATES = "past_"
"""How the names of states begin."""

if __name__ == "__main__":
    name, target = sys.argv[1], Path(sys.argv[2])
    model = MODELS[name]()
    if target.suffix == ".npz":
        inputs = {
            f"{step:03}//input/{tensor}": data
            for step in range(STEPS)
            for tensor, data in fused_feeds(model, step).items()
            if not tensor.startswith(STATES)
        }
        np.savez(target, **inputs)
    else:
        target.write_bytes(model.SerializeToString(deterministic=True))
