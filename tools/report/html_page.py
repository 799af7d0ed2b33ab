"""Templates of self-contained HTML pages: what all reports of ours read them with."""

from __future__ import annotations

import functools
from pathlib import Path

import jinja2


@functools.cache
def templates(folder: Path) -> jinja2.Environment:
    """Templates of a folder.

    Values in ``*.html.jinja`` are escaped, a name that is not given is an error, and the filter
    ``number`` separates thousands by commas. ``page.css`` is what all pages look like.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent / "styles"]),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    return environment
