"""Writes one of the models: python -m tests.integer_dialect.make_model NAME FILE."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.integer_dialect.models import MODELS

if __name__ == "__main__":
    model, _ = MODELS[sys.argv[1]]()
    Path(sys.argv[2]).write_bytes(model.SerializeToString(deterministic=True))
