"""What a team edits, and which actions may run again for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Edit:
    """One edit of one file of a checkout.

    `reruns` is exactly what runs again, as execution_log.describe has it.
    """

    name: str
    path: str
    change: Callable[[bytes], bytes]
    reruns: frozenset[str]

    def apply(self, checkout: Path) -> None:
        """Edits the file; raises AssertionError if that changes nothing."""
        file = checkout / self.path
        before = file.read_bytes()
        after = self.change(before)
        if before == after:
            raise AssertionError(f"{self.name}: {self.path} is as it was")
        file.write_bytes(after)


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replaces what occurs once; raises AssertionError if it does not."""

    def change(contents: bytes) -> bytes:
        if contents.count(old.encode()) != 1:
            raise AssertionError(f"{old!r} occurs {contents.count(old.encode())} times")
        return contents.replace(old.encode(), new.encode())

    return change


def appended(text: str) -> Callable[[bytes], bytes]:
    """Adds `text` at the end."""
    return lambda contents: contents + text.encode()


def one_weight(name: str) -> Callable[[bytes], bytes]:
    """Changes one number of an array in an .npz file, and no shape."""

    def change(contents: bytes) -> bytes:
        with np.load(io.BytesIO(contents)) as arrays:
            weights = dict(arrays)
        weights[name] = weights[name].copy()
        weights[name].flat[0] *= 0.5
        file = io.BytesIO()
        np.savez(file, **weights)
        return file.getvalue()

    return change


EDITS = (
    Edit(
        "README",
        "README.md",
        appended("\nOne more line.\n"),
        frozenset(),
    ),
    Edit(
        "comment of a kernel",
        "kernels/ref/max_pool_s8.c",
        appended("/* One more line. */\n"),
        frozenset(),
    ),
    Edit(
        "kernel",
        "kernels/xcorev/max_pool_s8.c",
        appended("extern const int tw_marker;\nconst int tw_marker = 1;\n"),
        frozenset(),
    ),
    Edit(
        "comment of generated code's template",
        "compiler/codegen/templates/source.c.jinja",
        replaced("The weights, packed in", "All weights, packed in"),
        frozenset(),
    ),
    Edit(
        "template",
        "compiler/codegen/templates/source.c.jinja",
        replaced("static uint8_t arena[", "static uint8_t  arena["),
        frozenset(),
    ),
    Edit(
        "pass",
        "compiler/passes/remove_identities.py",
        appended("# One more line.\n"),
        frozenset(),
    ),
    Edit(
        "latency of a chip",
        "platforms/siracusa/soc.yaml",
        replaced("l2_latency: 12", "l2_latency: 13"),
        frozenset(),
    ),
    Edit(
        "weights of a model",
        "models/digits/plain_weights.npz",
        one_weight("convolution1.weight"),
        frozenset(),
    ),
    Edit(
        "shape of a model",
        "models/autoencoder/architecture.py",
        replaced("HIDDEN = (128, 128, 128, 128, 8,", "HIDDEN = (128, 128, 128, 128, 16,"),
        frozenset(),
    ),
)
