"""Writes the table of the inventory into docs/importers.md: what the compiler makes of each type.

python -m tests.integer_dialect.inventory_table
"""

from __future__ import annotations

import os
from pathlib import Path

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from tests.integer_dialect.builder import Builder
from tests.integer_dialect.inventory import INVENTORY, OF_NUMBERS, TYPES, WITHOUT_MEANING, Entry

PAGE = Path("docs/importers.md")
BEGIN = "<!-- Made by python -m tests.integer_dialect.inventory_table; a test compares it. -->\n"
END = "<!-- End of what is made. -->\n"
REFUSED = "TW-0202"


def graph_of(entry: Entry, type_: str, seed: int = 1) -> tuple[Builder, Graph]:
    """A model with one operator, and what it is lowered to. Raises CompileError."""
    b = Builder("inventory", seed, opset=13)
    model = b.model((entry.build(b, type_), entry.rank))
    inputs = {name: InputType.parse(text) for name, text in b.types.items()}
    graph = lower(import_model(model, inputs=inputs), "")
    run_passes(graph)
    return b, graph


def result_type(entry: Entry, type_: str) -> str:
    """The element type of the result; the code of the refusal if there is none."""
    try:
        _, graph = graph_of(entry, type_)
    except CompileError as error:
        return error.problems[0].code.code
    return graph.values[graph.outputs[0]].type.data_type.value


def table() -> str:
    """The table, in Markdown."""
    lines = [
        f"| Operator | {' | '.join(TYPES)} |",
        f"|---|{'---|' * len(TYPES)}",
    ]
    for operator, entry in INVENTORY.items():
        cells = [result_type(entry, type_) for type_ in TYPES]
        shown = ["-" if cell == REFUSED else cell for cell in cells]
        lines.append(f"| {operator} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def section() -> str:
    """What stands between the two marks."""
    nameless, real = (", ".join(sorted(names)) for names in (WITHOUT_MEANING, OF_NUMBERS))
    return (
        f"{BEGIN}\n{table()}\n"
        f"{nameless} are refused with TW-0201: Deeploy parses them for one target, and\n"
        "what they compute is described nowhere. To float32 Deeploy also binds\n"
        f"{real}, whose attributes mean nothing there: refused.\n\n{END}"
    )


def page(text: str) -> str:
    """The page with the section as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + section() + after


if __name__ == "__main__":
    target = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")) / PAGE
    target.write_text(page(target.read_text()))
