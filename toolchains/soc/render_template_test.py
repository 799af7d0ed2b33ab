"""Tests of rendering with soc.yaml."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from toolchains.soc.render_template import main, render

DESCRIPTION = """
name: board
memories:
  - {name: ram, base: 0x80000000, size: 0x100}
stack: {size: 64}
"""


def test_facts_are_variables() -> None:
    template = '{{ name }} {{ "0x%08x" % memories[0].base }} {{ stack_size }}\n'
    assert render(template, DESCRIPTION, {}) == "board 0x80000000 64\n"


def test_overrides_win() -> None:
    assert render("{{ stack_size }}", DESCRIPTION, {"stack_size": 128}) == "128"


def test_a_missing_fact_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'clock' is undefined"):
        render("{{ clock }}", DESCRIPTION, {})


def test_errors_name_the_file(tmp_path: Path) -> None:
    template, soc, output = (tmp_path / name for name in ("link.ld.jinja", "soc.yaml", "link.ld"))
    template.write_text("{{ clock }}")
    soc.write_text(DESCRIPTION)
    arguments = ["--template", template, "--soc", soc, "--output", output]
    message = main([str(argument) for argument in arguments])
    assert message is not None
    assert message.startswith(f"{template}: 'clock' is undefined")
    assert not output.exists()
