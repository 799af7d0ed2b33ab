"""The simulator's YAML reader against PyYAML: what it accepts, both read alike."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

SOC_FILES = sorted(Path().glob("platforms/*/soc.yaml"))


def read(documents: list[str]) -> list[dict[str, Any]]:
    """What the reader says of documents: {"value": ...} or {"error": ...} for each."""
    program = os.environ.get("TILEWRIGHT_YAML_DUMP")
    assert program is not None, (
        "TILEWRIGHT_YAML_DUMP does not name the reader; run: "
        "bazel build //tests/simulator/debug:yaml_dump"
    )
    run = subprocess.run(
        [program], input="\0".join(documents).encode(), capture_output=True, check=True, timeout=60
    )
    answers = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert len(answers) == len(documents)
    return answers


@pytest.mark.parametrize("path", SOC_FILES, ids=str)
def test_soc_files(path: Path) -> None:
    text = path.read_text()
    assert read([text]) == [{"value": yaml.safe_load(text)}]


def test_there_are_soc_files() -> None:
    assert Path("platforms/siracusa/soc.yaml") in SOC_FILES


KEYS = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 4)),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    KEYS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def flow(value: Any, choice: random.Random) -> str:
    """A value on one line, in one of the ways to write it."""
    blank = " " * choice.randrange(2)
    if isinstance(value, dict):
        entries = [f"{key(name)}: {flow(one, choice)}" for name, one in value.items()]
        return "{" + blank + f",{blank}".join(entries) + blank + "}"
    if isinstance(value, list):
        return "[" + blank + f", {blank}".join(flow(one, choice) for one in value) + "]"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return hex(value) if value >= 0 and choice.randrange(2) else str(value)
    if isinstance(value, float):
        return f"{value:.4f}"
    if choice.randrange(2):
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def key(name: str) -> str:
    """A key, with quotes where YAML could read something else than text."""
    return name if isinstance(yaml.safe_load(name), str) and len(name) > 1 else f'"{name}"'


def block(value: Any, indentation: int, choice: random.Random) -> str:
    """A value in lines of their own, as far as it is a mapping or list; with comments."""
    lead = " " * indentation
    comment = choice.choice(["", "", "  # comment: {", f"\n{lead}# comment", "\n"])
    if isinstance(value, dict) and value:
        text = ""
        for name, one in value.items():
            nested = isinstance(one, (dict, list)) and one and choice.randrange(3)
            if nested:
                deeper = indentation + choice.randrange(1, 4)
                if isinstance(one, list) and choice.randrange(2):
                    deeper = indentation
                text += f"{lead}{key(name)}:{comment}\n{block(one, deeper, choice)}"
            else:
                text += f"{lead}{key(name)}: {flow(one, choice)}{comment}\n"
        return text
    if isinstance(value, list) and value:
        text = ""
        for one in value:
            if isinstance(one, dict) and one and choice.randrange(2):
                inner = block(one, indentation + 2, choice)
                text += f"{lead}- {inner[indentation + 2 :]}"
            else:
                text += f"{lead}- {flow(one, choice)}{comment}\n"
        return text
    return f"{lead}{flow(value, choice)}\n"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5), min_size=20, max_size=20))
def test_generated_documents(values: list[dict[str, Any]]) -> None:
    documents = [block(value, 0, random.Random(i)) for i, value in enumerate(values)]
    for document, answer in zip(documents, read(documents), strict=True):
        assert "value" in answer, (document, answer)
        assert answer["value"] == yaml.safe_load(document), document


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(
        st.text(st.sampled_from("ab:-#,[]{}'\" \n01.xe\\&*!|>%@?~"), max_size=30),
        min_size=100,
        max_size=100,
    )
)
def test_what_is_accepted_means_the_same_to_pyyaml(documents: list[str]) -> None:
    for document, answer in zip(documents, read(documents), strict=True):
        if "value" in answer:
            assert answer["value"] == yaml.safe_load(document), repr(document)
        else:
            assert re.match(r"document:\d+: .", answer["error"])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.characters(codec="ascii")), max_size=4))
def test_damaged_soc_files(changes: list[tuple[int, str]]) -> None:
    document = SOC_FILES[-1].read_text()
    for at, character in changes:
        at %= len(document)
        document = document[:at] + character.replace("\0", " ") + document[at + 1 :]
    (answer,) = read([document])
    if "value" in answer:
        assert answer["value"] == yaml.safe_load(document)


@pytest.mark.parametrize(
    ("document", "line", "text"),
    [
        ("a: 1\na: 2", 2, "twice"),
        ("a:\n\tb: 1", 2, "tab"),
        ("a: yes", 1, "disagree"),
        ("a: 010", 1, "no supported number"),
        ("a: 1e3", 1, "no supported number"),
        ("a: 1_000", 1, "no supported number"),
        ("a: 0b11", 1, "no supported number"),
        ("a: 12:30", 1, "no supported number"),
        ("a: 2020-01-01", 1, "no supported number"),
        ("a: &anchor 1", 1, "not supported here"),
        ("a: *anchor", 1, "not supported here"),
        ("a: |\n  text", 1, "not supported here"),
        ("a: !tag 1", 1, "not supported here"),
        ("? a", 1, "not 'key: value'"),
        ("---\na: 1", 1, "markers"),
        ("a: [1,\n 2]", 1, "same line"),
        ("a: {b: 1", 1, "same line"),
        ("a: 'b", 1, "closing"),
        ('a: "\\x41"', 1, "escapes"),
        ("a: 1\n  b: 2", 2, "indented more"),
        ("a:\n    b: 1\n  c: 2", 3, "indented more"),
        ("a: 1\n- 2", 2, "list item"),
        ("- - 1", 1, "list directly in a list"),
        ("a: [1] 2", 1, "after the end"),
        ("a: b: c", 1, "quote text that contains ':'"),
        ("a: " + "[" * 100 + "]" * 100, 1, "deep"),
        ("1: 2", 1, "not a string"),
        ("text", 1, "not 'key: value'"),
    ],
)
def test_what_is_refused(document: str, line: int, text: str) -> None:
    (answer,) = read([document])
    assert answer.get("error", "").startswith(f"document:{line}: "), answer
    assert text in answer["error"]
