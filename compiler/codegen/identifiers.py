"""C identifiers made from the names of the user's model."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence

# C99 to C23, and what C++ adds: the generated header can be included from all of them. Then macros
# that compilers and the standard headers define in lower case.
KEYWORDS = frozenset(
    {
        "NULL",
        "alignas",
        "alignof",
        "and",
        "and_eq",
        "asm",
        "auto",
        "bitand",
        "bitor",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "co_await",
        "co_return",
        "co_yield",
        "compl",
        "concept",
        "const",
        "const_cast",
        "consteval",
        "constexpr",
        "constinit",
        "continue",
        "decltype",
        "default",
        "delete",
        "do",
        "double",
        "dynamic_cast",
        "else",
        "enum",
        "errno",
        "explicit",
        "export",
        "extern",
        "false",
        "float",
        "for",
        "friend",
        "goto",
        "i386",
        "if",
        "inline",
        "int",
        "linux",
        "long",
        "main",
        "mutable",
        "namespace",
        "new",
        "noexcept",
        "not",
        "not_eq",
        "nullptr",
        "operator",
        "or",
        "or_eq",
        "private",
        "protected",
        "public",
        "register",
        "reinterpret_cast",
        "requires",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "static_assert",
        "static_cast",
        "stderr",
        "stdin",
        "stdout",
        "struct",
        "switch",
        "template",
        "this",
        "thread_local",
        "throw",
        "true",
        "try",
        "typedef",
        "typeid",
        "typename",
        "typeof",
        "typeof_unqual",
        "union",
        "unix",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
        "xor_eq",
    }
)
RESERVED_PREFIXES = ("tw_", "tilewright_")
MACROS = re.compile(r"U?INT\w*_(MIN|MAX|C)|(SIZE|PTRDIFF|WCHAR|WINT|SIG_ATOMIC)_(MIN|MAX)")
"""Names of the standard headers that generated code includes."""

LENGTH = 48
"""Longer identifiers are cut: C99 promises to tell 63 characters apart, and prefixes are added."""

WORDS = re.compile(r"\d+|[A-Za-z]+|[^0-9A-Za-z]")


def identifier(name: str) -> str:
    """A C identifier as close to `name` as possible; different names can give the same one.

    Accents are dropped; other letters and digits that C does not have become `u` and their code
    point. Names that are too long are cut and end in a hash of the whole.
    """
    text = re.sub(r"[^0-9A-Za-z_]+", "_", _plain(name)).strip("_") or "unnamed"
    if text[0].isdigit():
        text = f"n{text}"
    if len(text) > LENGTH:
        text = f"{text[:LENGTH].rstrip('_')}_{_digest(name)}"
    taken = text in KEYWORDS or text.endswith("_t") or text.lower().startswith(RESERVED_PREFIXES)
    return f"{text}_" if taken or MACROS.fullmatch(text) else text


def shortened(name: str, length: int) -> str:
    """`name`, or if it is longer than `length`: its beginning, a hash of it, and its end."""
    if len(name) <= length:
        return name
    return f"{name[: length // 2]}...{_digest(name)}...{name[-length // 4 :]}"


def _plain(name: str) -> str:
    if name.isascii():
        return name
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(
        f"_u{ord(c):04x}_" if not c.isascii() and c.isalnum() else c for c in letters
    ).replace("__", "_")


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


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
