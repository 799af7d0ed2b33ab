"""Runs the language model firmware on a simulator: sends the request, streams the text."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ARGUMENT_BYTES = 4092
"""What fits the firmware's run-time arguments (`tilewright/arguments.h`) besides their length."""

GENERATED = re.compile(rb"\[prompt: .*; generated: (\d+) tokens, ")


class RequestError(ValueError):
    """The request cannot be sent; the text says why and what would do."""


def encode_request(options: argparse.Namespace) -> bytes:
    """The argument bytes: options, an empty line, the prompt (`request.h`).

    Raises RequestError if an option holds a line break or everything together is too long.
    """
    fields = {
        "tokens": options.tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "seed": options.seed,
        "output": "tokens" if options.print_tokens else "text",
    }
    for key, value in fields.items():
        if "\n" in str(value):
            raise RequestError(f"{key} holds a line break")
    lines = "".join(f"{key}={value}\n" for key, value in fields.items()) + "\n"
    prompt = os.fsencode(options.prompt)  # arguments that are not UTF-8 go through unchanged
    encoded = lines.encode() + prompt
    if len(encoded) > ARGUMENT_BYTES:
        limit = ARGUMENT_BYTES - len(lines)
        raise RequestError(f"the prompt has {len(prompt)} bytes; at most {limit} can be sent")
    return encoded


def run(simulator: Sequence[str], request: bytes) -> int:
    """Runs the simulator with the request and copies its output as it comes.

    Returns its exit code, after a line with the simulation's own speed if text was generated.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = Path(folder) / "request"
        arguments.write_bytes(request)
        start = time.monotonic()
        command = [*simulator, "--arguments", str(arguments)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            tail = b""
            while chunk := os.read(process.stdout.fileno(), 4096):
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                tail = (tail + chunk)[-4096:]
        seconds = time.monotonic() - start
    if process.returncode == 0 and (found := GENERATED.search(tail)):
        rate = int(found[1]) / seconds
        print(f"[simulated in {seconds:.1f} s of this machine's time: {rate:.1f} tokens/s]")
    return process.returncode


def main(words: Sequence[str]) -> int:
    """Command line: `run.py SIMULATOR WORDS... -- OPTIONS`; see `--help` of the options."""
    split = list(words).index("--")
    parser = argparse.ArgumentParser(prog="language model", description=__doc__)
    parser.add_argument("--prompt", default="", help="how the text begins (default: not at all)")
    parser.add_argument("--tokens", default=100, type=int, help="most tokens to generate")
    parser.add_argument("--temperature", default="0", help="0 is greedy, 1 samples as trained")
    parser.add_argument("--top-p", default="1", help="sample among the likeliest with this sum")
    parser.add_argument("--seed", default=0, type=int, help="of the sampling")
    parser.add_argument("--print-tokens", action="store_true", help="token numbers, not text")
    options = parser.parse_args(words[split + 1 :])
    try:
        request = encode_request(options)
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return run(words[:split], request)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
