"""Writes inputs for the TinyStories network: one block of tokens, then two tokens."""

from __future__ import annotations

import sys

import numpy as np

RUNS = (("prefill", 64), ("decode", 1), ("decode", 1))
TOKENS = 500
"""Fewer than the vocabulary has; which ones does not matter."""


def main(path: str) -> None:
    random = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    position = 0
    for step, (entry_point, count) in enumerate(RUNS):
        prefix = f"{step:03}/{entry_point}/input"
        arrays[f"{prefix}/tokens"] = random.integers(0, TOKENS, (1, count), np.int32)
        arrays[f"{prefix}/position"] = np.array([position], np.int32)
        arrays[f"{prefix}/last"] = np.array([count - 1], np.int32)
        position += count
    np.savez(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
