"""What the guides show are the files here, word for word, and all of them.

So whoever follows a guide has what this repository builds and tests.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

GUIDES = ("adding_an_operator.md", "adding_a_soc.md")
FOLDERS = ("sensors", "quad")

WHOLE = re.compile(r"^\*\*`([^`\n]+)`\*\*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PART = re.compile(r"^\*\*In `([^`\n]+)`\*\*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)

MADE = {"sensors/vibration.onnx": "sensors/make_model.py"}
"""Files that a guide says how to make, by the script that makes them."""


def text(guide: str) -> str:
    (path,) = Path().resolve().parent.glob(f"*/docs/{guide}")
    return path.read_text(encoding="utf-8")


def own(path: Path) -> str:
    """A file without the lines that it has for this test."""
    return re.sub(
        r"\n# For //:guides_test\.\n.*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
    )


def shown(pattern: re.Pattern[str]) -> dict[str, str]:
    return {name: block for guide in GUIDES for name, block in pattern.findall(text(guide))}


@pytest.mark.parametrize("name", sorted(shown(WHOLE)))
def test_a_file_is_what_the_guide_shows(name: str) -> None:
    assert own(Path(name)) == shown(WHOLE)[name]


def test_the_guides_show_every_file() -> None:
    files = [path for folder in FOLDERS for path in Path(folder).rglob("*") if path.is_file()]
    assert files
    assert {path.as_posix() for path in files} - MADE.keys() == shown(WHOLE).keys()


def test_what_else_the_guides_ask_for_is_there() -> None:
    parts = shown(PART)
    assert parts
    for name, block in parts.items():
        assert block in Path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MADE)
def test_files_are_made_as_the_guide_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    monkeypatch.setattr(sys, "argv", [MADE[name], str(made)])
    runpy.run_path(MADE[name])
    assert made.read_bytes() == Path(name).read_bytes()
