"""Test support: shapes that broadcast."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

Shape = tuple[int, ...]


@st.composite
def broadcasts(draw: st.DrawFn, operands: int = 2) -> tuple[Shape, ...]:
    """Shapes of up to 6 axes that broadcast."""
    shape = draw(st.lists(st.integers(1, 4), max_size=6))
    shapes = [
        tuple(extent if draw(st.booleans()) else 1 for extent in shape) for _ in range(operands)
    ]
    return tuple(extents[draw(st.integers(0, len(extents))) :] for extents in shapes)


def full(shapes: tuple[Shape, ...]) -> tuple[int, ...]:
    """Indices of the shapes that are the output's."""
    output = np.broadcast_shapes(*shapes)
    return tuple(index for index, shape in enumerate(shapes) if shape == output)
