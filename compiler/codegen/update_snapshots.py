"""Writes the generated files that the tests compare with.

python -m compiler.codegen.update_snapshots
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compiler.codegen.generate import generate
from compiler.codegen.sample_networks import decoder, perceptron
from compiler.memory import plan

COMMAND = "python -m compiler.codegen.update_snapshots"
TESTDATA = Path(__file__).resolve().parent / "testdata"
NETWORKS = {"perceptron": perceptron, "decoder": decoder}


def snapshots() -> Iterator[tuple[Path, str]]:
    """Paths and contents of all text files."""
    for name, build in NETWORKS.items():
        graphs = build()
        for file, data in generate(name, graphs, plan(graphs)).files().items():
            if not file.endswith(".bin"):
                yield TESTDATA / file, data.decode()


def main() -> None:
    for path, text in snapshots():
        path.write_text(text)


if __name__ == "__main__":
    main()
