"""Runs the language model firmware on a simulator: sends the request, streams the text."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence

from firmware.apps.language_model.simulation import Region, Simulation, simulate

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

    Returns its exit code, after lines with the simulated and the simulation's own speed if text was
    generated.
    """
    start = time.monotonic()
    simulation = simulate(simulator, request)
    seconds = time.monotonic() - start
    if simulation.exit_code == 0 and (found := GENERATED.search(simulation.tail)):
        for line in simulated_speed(simulation):
            print(line)
        rate = int(found[1]) / seconds
        print(f"[the simulation took {seconds:.1f} s of this machine's time: {rate:.1f} tokens/s]")
    return simulation.exit_code


def simulated_speed(simulation: Simulation) -> list[str]:
    """Time and energy per token on the simulated SoC, without sampling; nothing if it has no time.

    What an entry point takes goes from its call to the logits in memory.
    """
    if simulation.clock_hertz is None:
        return []
    clock = f"at {simulation.clock_hertz / 1e6:g} MHz"
    lines: list[str] = []
    if (decode := simulation.region("decode")) is not None:
        rate = decode.visits / decode.seconds
        energy = decode.energy / decode.visits
        lines.append(
            f"[simulated decode {clock}: {rate:,.0f} tokens/s, {energy:.1f} uJ/token "
            f"({_estimate(decode)})]"
        )
    if (prefill := simulation.region("prefill")) is not None:
        milliseconds = 1e3 * prefill.seconds / prefill.visits
        energy = prefill.energy / prefill.visits
        lines.append(
            f"[simulated prefill {clock}: {milliseconds:.2f} ms, {energy:.0f} uJ/block "
            f"({_estimate(prefill)})]"
        )
    return lines


def _estimate(region: Region) -> str:
    """That the energy is an estimate, and how far off the constants' ranges allow it to be."""
    if region.energy_range is None:
        return "estimate"
    low, high = (energy / region.visits for energy in region.energy_range)
    return f"estimate, {low:.0f} to {high:.0f} by the ranges of soc.yaml's constants"


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
