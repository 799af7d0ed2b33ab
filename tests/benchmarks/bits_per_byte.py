"""Measures the compiled TinyStories model: bits per byte of the validation split, on a simulator.

The firmware scores tokens; this program cuts the text into windows as training does, sends them a
few at a time, and adds up. The host build computes the same bits as any other platform.
"""

from __future__ import annotations

import argparse
import math
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from models.tinystories.tokenizer import Tokenizer
from models.tinystories.training.corpus import encode_stories, read_stories
from models.tinystories.training.windows import EvaluationWindow, evaluation_windows

ARGUMENT_BYTES = 4092


def encode_window(window: EvaluationWindow) -> bytes:
    """The window as `firmware/apps/language_model/evaluate.c` reads it."""
    tokens = [int(token) for token in window.tokens]
    return struct.pack(f"<{len(tokens) + 2}H", len(tokens), window.scored_from + 1, *tokens)


def packets(windows: Iterable[EvaluationWindow]) -> Iterator[bytes]:
    """As many windows at a time as fit the firmware's arguments."""
    packet = b""
    for window in windows:
        encoded = encode_window(window)
        if packet and len(packet) + len(encoded) > ARGUMENT_BYTES:
            yield packet
            packet = b""
        packet += encoded
    if packet:
        yield packet


def float_of(bits: str) -> float:
    """The float32 whose bits are written in hexadecimal."""
    (value,) = struct.unpack("<f", struct.pack("<I", int(bits, 16)))
    return float(value)


def score(simulator: Sequence[str], packet: bytes) -> tuple[float, int]:
    """Information of the packet's scored tokens in nats, and their number."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = Path(folder) / "windows"
        arguments.write_bytes(packet)
        command = [*simulator, "--arguments", str(arguments)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    first, *lines = output.splitlines()
    scale = float_of(first.removeprefix("scale "))
    nats = 0.0
    for line in lines:
        logit, largest, total = line.split()
        nats += math.log(float_of(total)) + (int(largest) - int(logit)) * scale
    return nats, len(lines)


def first_tokens(windows: Iterable[EvaluationWindow], limit: int) -> Iterator[EvaluationWindow]:
    """Windows up to the one that completes `limit` scored tokens."""
    scored = 0
    for window in windows:
        if scored >= limit:
            return
        scored += len(window.tokens) - 1 - window.scored_from
        yield window


def main(words: Sequence[str]) -> int:
    """Command line: `bits_per_byte.py SIMULATOR WORDS... -- --valid FILE [--tokens N]`."""
    split = list(words).index("--")
    parser = argparse.ArgumentParser(prog="bits_per_byte", description=__doc__)
    parser.add_argument("--valid", type=Path, required=True, help="valid.txt.xz")
    parser.add_argument("--tokens", type=int, default=sys.maxsize, help="score only the first N")
    options = parser.parse_args(words[split + 1 :])
    tokenizer = Tokenizer.load(Path("models/tinystories/tokenizer.json"))
    tokens = encode_stories(tokenizer, read_stories(options.valid))
    windows = list(first_tokens(evaluation_windows(tokens), options.tokens))
    size = sum(
        len(tokenizer.decode(window.tokens[1 + window.scored_from :].tolist()))
        for window in windows
    )
    start, nats, scored, done = time.monotonic(), 0.0, 0, 0
    parts = list(packets(windows))
    for packet in parts:
        more, count = score(words[:split], packet)
        nats, scored, done = nats + more, scored + count, done + 1
        if sys.stderr.isatty():
            print(f"\r{done}/{len(parts)} runs, {scored} tokens", end="", file=sys.stderr)
    bits = nats / math.log(2)
    print(
        f"{bits / size:.4f} bit/byte ({bits:.0f} bits, {size} bytes, {scored} tokens, "
        f"{nats / scored:.4f} nat/token, {time.monotonic() - start:.0f} s)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
