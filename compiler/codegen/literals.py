"""C literals that have exactly the value the compiler computed with."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from compiler.codegen.identifiers import shortened
from compiler.ir import ParameterValue

STRING_LENGTH = 300
"""Characters of a text in a literal: each takes at most 4 bytes, which may be written as 4 each,
and a shortened text is no longer than this says plus 16."""

COMMENT_LENGTH = 400


def integer(value: int) -> str:
    """A literal for a value of int32_t or uint32_t; C has no literal for INT32_MIN itself."""
    if value == -(2**31):
        return "INT32_MIN"
    return f"{value}u" if value > 2**31 - 1 else str(value)


def real(value: float) -> str:
    """A float literal: the shortest decimal that reads back as the same float32."""
    single = np.float32(value)
    if math.isnan(single):
        raise ValueError("NaN is no kernel parameter")
    if math.isinf(single):
        return "__builtin_inff()" if single > 0 else "-__builtin_inff()"
    text = np.format_float_positional(single, unique=True, trim="0")
    if abs(single) >= 1e7 or 0 < abs(single) < 1e-4:
        text = np.format_float_scientific(single, unique=True, trim="0", exp_digits=1)
    return f"{text}f"


def is_real(value: ParameterValue) -> bool:
    """Whether a parameter's field is a float, or an array of them."""
    if isinstance(value, tuple):
        return any(is_real(element) for element in value)
    return isinstance(value, (float, np.floating))


def literal(value: ParameterValue) -> str:
    """The initialiser of one parameter field."""
    if isinstance(value, tuple):
        return sequence(value)
    return real(value) if is_real(value) else integer(int(value))


def sequence(values: Sequence[int | float]) -> str:
    """The initialiser of an array."""
    return "{" + ", ".join(literal(value) for value in values) + "}"


def string(text: str) -> str:
    """A string literal; whatever is not printable ASCII becomes octal escapes of its UTF-8.

    C99 promises 4,095 characters: longer texts are shortened.
    """
    plain = {byte: chr(byte) for byte in range(32, 127)}
    plain.update({ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"})
    octets = shortened(text, STRING_LENGTH).encode("utf-8", "surrogatepass")
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in octets) + '"'


def comment_text(text: str) -> str:
    """Text that can stand in a C comment: short, printable ASCII, no end of comment, no trigraph.

    A trigraph could hide the end of a line, and warnings about one are errors in many projects.
    """
    printable = "".join(c if " " <= c <= "~" else f"<U+{ord(c):04X}>" for c in text)
    printable = shortened(printable, COMMENT_LENGTH)
    apart = re.sub(r"\?(?=\?)", "? ", printable).replace("*/", "* /").replace("/*", "/ *")
    return apart.replace("\\", "<backslash>")
