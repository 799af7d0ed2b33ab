"""Writes the calibration sample: windows of training stories as prefill runs of up to 64 tokens."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.tinystories.shape import CONTEXT
from models.tinystories.tokenizer import END_OF_TEXT, Tokenizer
from models.tinystories.training.corpus import encode_stories, read_stories

CHUNK = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="train.txt.xz")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="calibration.npz to write")
    parser.add_argument("--stories", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    stories = read_stories(arguments.train)
    random = np.random.default_rng(arguments.seed)
    chosen = random.choice(len(stories), arguments.stories, replace=False)
    tokenizer = Tokenizer.load(arguments.tokenizer)
    arrays: dict[str, np.ndarray] = {}
    for number, index in enumerate(chosen):
        tokens = encode_stories(tokenizer, [stories[index]]).astype(np.int64)
        # Every second window begins inside its story, as after a full cache.
        begin = (len(tokens) // 2 if number % 2 else 0) if tokens.size > CONTEXT else 0
        window = tokens[begin : begin + CONTEXT]
        if window[-1] == END_OF_TEXT:
            window = window[:-1]
        for run, at in enumerate(range(0, len(window), CHUNK)):
            chunk = window[at : at + CHUNK]
            arrays[f"{number}/{run}/tokens"] = chunk[None]
            arrays[f"{number}/{run}/position"] = np.array([at], np.int64)
            arrays[f"{number}/{run}/last"] = np.array([len(chunk) - 1], np.int64)
    np.savez_compressed(arguments.output, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
