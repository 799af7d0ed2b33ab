"""The memory report as a self-contained HTML page with a picture of every memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.report.html_page import templates
from tools.report.memory_picture import KINDS, Picture


def to_html(content: dict[str, Any], found: Sequence[Picture]) -> str:
    """The page.

    Args:
        content: the report as JSON.
        found: pictures of the memories that have an address.
    """
    drawn = {picture.memory.name: picture for picture in found}
    return (
        templates(Path(__file__).parent / "templates")
        .get_template("memory.html.jinja")
        .render(
            soc=content["soc"],
            memories=sorted(
                (
                    (memory, drawn.get(memory["name"]))
                    for memory in content["memories"]
                    if memory["used"]
                ),
                key=lambda item: list(drawn).index(item[0]["name"]) if item[1] else 0,
            ),
            networks=content["networks"],
            kinds=KINDS,
        )
    )
