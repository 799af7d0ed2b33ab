"""C identifiers made from the names of the user's model."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

# C99, and what C++ adds: the generated header can be included from both.
KEYWORDS = frozenset(
    {
        "NULL",
        "and",
        "asm",
        "auto",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "explicit",
        "export",
        "extern",
        "false",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "main",
        "mutable",
        "namespace",
        "new",
        "not",
        "operator",
        "or",
        "private",
        "protected",
        "public",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typedef",
        "typename",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
    }
)
RESERVED_PREFIXES = ("tw_", "tilewright_")
WORDS = re.compile(r"\d+|[A-Za-z]+|[^0-9A-Za-z]")


def identifier(name: str) -> str:
    """A C identifier as close to `name` as possible; different names can give the same one."""
    text = re.sub(r"[^0-9A-Za-z_]+", "_", name).strip("_") or "unnamed"
    if text[0].isdigit():
        text = f"n{text}"
    taken = text in KEYWORDS or text.endswith("_t") or text.lower().startswith(RESERVED_PREFIXES)
    return f"{text}_" if taken else text


class Scope:
    """Identifiers in use in one C scope."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, name: str) -> str:
        """`identifier(name)`, with the first free numeric suffix if that is taken."""
        base = identifier(name)
        result, suffix = base, 1
        while result in self._taken:
            suffix += 1
            result = f"{base}_{suffix}"
        self._taken.add(result)
        return result

    def copy(self) -> Scope:
        return Scope(self._taken)


def merged(names: Sequence[str]) -> str:
    """One name for corresponding things of a repetition: without the words that differ.

    `layers.0.query`, `layers.1.query` give `layers..query`; names that do not have the same
    number of words give the empty name.
    """
    words = [WORDS.findall(name) for name in dict.fromkeys(names)]
    if len({len(text) for text in words}) != 1:
        return ""
    return "".join(column[0] for column in zip(*words, strict=True) if len(set(column)) == 1)


def described(names: Sequence[str]) -> str:
    """Names of corresponding things for a reader: `layers.{0..7}.query`, `{key, value}.norm`."""
    names = list(dict.fromkeys(names))
    words = [WORDS.findall(name) for name in names]
    if len({len(text) for text in words}) != 1:
        return ", ".join(names) if len(names) <= 3 else f"{names[0]} .. {names[-1]}"
    return "".join(_choices(list(dict.fromkeys(column))) for column in zip(*words, strict=True))


def _choices(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    if len(words) > 2:
        return f"{{{words[0]}..{words[-1]}}}"
    return f"{{{', '.join(words)}}}"


def common_prefix(names: Sequence[str]) -> str:
    """What all names begin with, up to a separator, so that each keeps a word of its own."""
    columns = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    prefix = "".join(letters[0] for letters in columns)
    prefix = prefix[: 1 + max(prefix.rfind(separator) for separator in "/._")]
    return prefix if all(name.removeprefix(prefix).strip("/._") for name in names) else ""
