"""The generated text of two small networks is what was reviewed."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.codegen.generate import generate
from compiler.codegen.layout import WIDTH
from compiler.codegen.sample_networks import decoder
from compiler.codegen.source import Function
from compiler.codegen.update_snapshots import COMMAND, TESTDATA, snapshots
from compiler.memory import plan

DIGESTS = """
import hashlib
from compiler.codegen.generate import generate
from compiler.codegen.sample_networks import decoder
from compiler.memory import plan
graphs = decoder()
files = generate("decoder", graphs, plan(graphs)).files()
print({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
"""


@pytest.mark.parametrize(("path", "text"), [*snapshots()], ids=lambda value: Path(value).name[:24])
def test_generated_text_is_as_reviewed(path: Path, text: str) -> None:
    reviewed = path.read_text() if path.exists() else ""
    difference = difflib.unified_diff(
        reviewed.splitlines(), text.splitlines(), str(path.name), "generated", lineterm=""
    )
    if reviewed != text:
        shown = "\n".join(difference)
        pytest.fail(f"{shown}\nIf that is as intended: {COMMAND}", pytrace=False)


def test_every_file_in_testdata_is_generated_or_a_kernel() -> None:
    generated = {path for path, _ in snapshots()}
    kept = {path for path in TESTDATA.iterdir() if not path.name.startswith("test_kernels.")}
    assert kept == generated


def test_lines_fit() -> None:
    for path, text in snapshots():
        for number, line in enumerate(text.splitlines(), 1):
            assert len(line) <= WIDTH, f"{path.name}:{number}"
            assert line == line.rstrip(), f"{path.name}:{number}"


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2718")
    }
    assert len(outputs) == 1


def test_code_of_repeated_layers_does_not_grow_with_their_number() -> None:
    def functions(layers: int) -> list[Function]:
        graphs = decoder(layers)
        return generate("decoder", graphs, plan(graphs)).content.functions

    for few, many in zip(functions(4), functions(24), strict=True):
        assert len(few.blocks[0].lines) == len(many.blocks[0].lines)
        assert len(many.blocks[0].rows) == 24
