"""Writes what the model says greedily after a prompt, computed by the NumPy interpreter.

`greedy.py MODEL.onnx TOKENIZER.json --prompt TEXT --tokens N --output FILE`: one token number a
line, as the firmware prints them with `output=tokens`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from compiler.ir import State
from firmware.apps.language_model.reference import Reference, generate
from models.tinystories.shape import LAYERS
from models.tinystories.tokenizer import Tokenizer

BLOCK = 64
"""Tokens of one prefill: the extent of `sequence` in that entry point."""

STATES = tuple(
    State(f"{kind}_cache_{layer}", f"{kind}_cache_{layer}_next")
    for layer in range(LAYERS)
    for kind in ("key", "value")
)


def main() -> int:
    """The command line; exits with 1 if the text ends before N tokens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    prompt = Tokenizer.load(options.tokenizer).encode(options.prompt)
    try:
        tokens = generate(Reference(options.model, STATES, BLOCK), prompt, options.tokens)
    except ValueError as error:
        print(f"error: prompt {options.prompt!r}: {error}", file=sys.stderr)
        return 1
    options.output.write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
