"""Weights from tables equal powers of two, whatever the form of the table."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.attention_weights import (
    DISTANCE_BITS,
    HALVINGS,
    LARGEST_WEIGHT,
    weight_table,
)


@pytest.mark.parametrize("head_size", [4, 64, 4096])
@pytest.mark.parametrize("halvings", [0.0, 1e-9, 3e-5, 2e-4, 0.0017, 0.01, 0.9, 5.0, 32.0])
@pytest.mark.parametrize("most_entries", [0, 4096])
def test_weights_are_powers_of_two(head_size: int, halvings: float, most_entries: int) -> None:
    form = weight_table(halvings, head_size, most_entries)
    table = form.build(halvings)
    assert table.shape == (form.entries,)
    assert form.bits == 0 or form.limit % (1 << form.bits) == 0
    assert form.entries <= max(2 ** (DISTANCE_BITS // 2 + 2), most_entries)
    farthest = 255 * 255 * head_size
    distance: Array = np.unique(np.linspace(0, farthest, 30_000).astype(np.int64))
    near = np.arange(min(farthest, 30_000))
    for distances in (distance, near):
        found = form.of(distances, table)
        # The middle of the step that a distance is counted to.
        middle = (distances >> form.drop << form.drop) + ((1 << form.drop) - 1) / 2
        exact = LARGEST_WEIGHT * np.exp2(-halvings * middle)
        steps = LARGEST_WEIGHT * np.log(2) * halvings * ((1 << form.drop) - 1) / 2
        allowed = (0.51 if form.bits == 0 else 1.0) + steps
        assert np.abs(found - exact).max() <= allowed
        assert steps <= 2.0**-15 * LARGEST_WEIGHT
        assert not found[halvings * distances >= HALVINGS + 1].any()


def test_one_table_where_it_is_small() -> None:
    assert weight_table(0.01, 4, 2000).bits == 0
    assert weight_table(0.01, 4, 1500).bits > 0
