"""A layer of a language model's decode step stays in the instruction cache that cores share.

Layers repeat. If what one of them executes, kernels and runtime, is no more than the cache holds,
only the first layer waits for L2; if it is a little more, all of them wait for everything.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.simulator.decode.executed_code import (
    LINE_BYTES,
    lines_between_calls,
    traced_instructions,
)
from tests.simulator.harness.installed_tools import soc_description

LAYERS = 8
"""Of the model: each calls attention once."""

TOKENS = 2


@pytest.fixture(scope="module")
def layers() -> list[set[int]]:
    """Lines that are executed from one layer's attention to the next one's."""
    executable = Path(os.environ["TILEWRIGHT_DECODER"])
    # No prompt: nothing but decode steps, one for each token.
    instructions = traced_instructions(executable, f"tokens={TOKENS}\n\n".encode())
    periods = lines_between_calls(instructions, "tw_attention", "core 0")
    assert len(periods) == TOKENS * LAYERS - 1
    # Between two tokens there is more than a layer.
    return [period for number, period in enumerate(periods, 1) if number % LAYERS != 0]


def test_code_of_a_layer_fits_the_shared_cache(layers: list[set[int]]) -> None:
    cache = yaml.safe_load(soc_description().read_text())["instruction_cache"]
    assert cache["line"] == LINE_BYTES
    most = max(map(len, layers)) * LINE_BYTES
    assert most <= cache["shared"]["size"]
    assert most >= 1024, "that is no layer"
