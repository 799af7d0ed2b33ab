"""Lays out C as clang-format does (Google style, 100 columns, pointers to the right)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

WIDTH = 100
BRACKETS = re.compile(r"\[[^]]*\]|\{[^}]*\}")


def packed(head: str, items: Sequence[str], tail: str, brackets: str = "()") -> list[str]:
    """`head(items)tail`, as many items on a line as fit.

    They are aligned behind the bracket unless starting on a new line takes fewer lines.
    """
    head, tail = f"{head}{brackets[0]}", f"{brackets[1]}{tail}"
    aligned = _filled(head, " " * len(head), items, tail)
    indent = len(head) - len(head.lstrip()) + 4
    broken = [head, *_filled(" " * indent, " " * indent, items, tail)]
    return broken if len(broken) < len(aligned) and brackets == "()" else aligned


def _filled(first: str, following: str, items: Sequence[str], tail: str) -> list[str]:
    lines = [first]
    start = len(first)
    for index, item in enumerate(items):
        text = item + (tail if index == len(items) - 1 else ",")
        if len(lines[-1]) == start:
            lines[-1] += text
        elif len(lines[-1]) + 1 + len(text) <= WIDTH:
            lines[-1] += f" {text}"
        else:
            lines.append(following + text)
            start = len(following)
    if not items:
        lines[-1] += tail
    return lines


def initialiser(indent: int, head: str, fields: Sequence[tuple[str, str]], tail: str) -> list[str]:
    """`head{.name = value, ...}tail`, a field on each line, unless it has one that fits."""
    space = " " * indent
    if len(fields) <= 1:
        line = f"{space}{head}{{" + "".join(f".{n} = {v}" for n, v in fields) + f"}}{tail}"
        if len(line) <= WIDTH:
            return [line]
    lines = [f"{space}{head}{{"]
    for name, value in fields:
        head = f"{space}    .{name} = "
        if len(head) + len(value) + 1 > WIDTH and value.startswith("{"):
            lines += packed(head, value[1:-1].split(", "), ",", "{}")
        else:
            lines.append(f"{head}{value},")
    return [*lines, f"{space}}}{tail}"]


def comment(indent: int, text: str) -> list[str]:
    """`text`, which must not contain the end of a comment, as a comment of lines that fit.

    Line breaks in `text` stay; it is never broken inside brackets, so that shapes stay whole.
    """
    space = " " * indent
    single = f"{space}/* {text} */"
    if len(single) <= WIDTH and "\n" not in text:
        return [single]
    lines: list[str] = []
    for paragraph in text.split("\n"):
        whole = BRACKETS.sub(lambda match: match[0].replace(" ", "\0"), paragraph)
        wrapped = textwrap.wrap(
            whole, WIDTH - indent - 3, break_long_words=False, break_on_hyphens=False
        )
        lines += [line.replace("\0", " ") for line in wrapped] or [""]
    body = [f"{space}/* {lines[0]}", *(f"{space} * {line}".rstrip() for line in lines[1:])]
    return [*body, f"{space} */"]
