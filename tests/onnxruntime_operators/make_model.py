"""Writes one of the models: python -m tests.onnxruntime_operators.make_model NAME FILE."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.onnxruntime_operators.models import MODELS

if __name__ == "__main__":
    model = MODELS[sys.argv[1]]()
    Path(sys.argv[2]).write_bytes(model.SerializeToString(deterministic=True))
