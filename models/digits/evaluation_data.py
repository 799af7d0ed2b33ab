"""Writes the first half of the test images as evaluation data of the quantiser.

`evaluation_data.py TEST_DIGITS.npz OUTPUT.npz`; the other half is left to show how well what was
chosen on the first one does on images that had no part in the choice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SAMPLES = 180


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test_digits", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    with np.load(options.test_digits) as data:
        images, labels = data["images"][:SAMPLES], data["labels"][:SAMPLES]
    np.savez(
        options.output,
        allow_pickle=False,
        image=images[:, None].astype(np.float32) / 16,
        labels=labels.astype(np.int64),
    )


if __name__ == "__main__":
    main()
