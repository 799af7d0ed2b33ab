"""Error codes are unique and documented."""

from __future__ import annotations

import re
from pathlib import Path

from compiler.errors import Code, CompileError, Problem

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "errors.md"


def test_codes_are_unique() -> None:
    codes = [code.code for code in Code]
    assert len(set(codes)) == len(codes)


def test_every_code_is_documented_and_no_other() -> None:
    documented = re.findall(
        r"^\| (TW-\d{4}) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(documented) == sorted(code.code for code in Code)


def test_a_message_holds_all_that_is_known() -> None:
    problem = Problem(Code.DYNAMIC_SHAPE, "input 'x'", "no shape", "static shapes", "pin it")
    expected = "error TW-0103: input 'x': no shape\n  supported: static shapes\n  to change: pin it"
    assert str(problem) == expected
    assert str(CompileError([problem, problem])) == f"{expected}\n{expected}"
