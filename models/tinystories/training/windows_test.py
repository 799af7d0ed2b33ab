"""Tests of how stories are cut into windows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.tinystories.shape import CONTEXT
from models.tinystories.tokenizer import END_OF_TEXT
from models.tinystories.training.windows import TrainingWindows, evaluation_windows


@given(st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_every_token_is_scored_once(lengths: list[int]) -> None:
    # Numbered tokens (beyond the vocabulary) make every position recognisable.
    stories, expected, next_token = [np.array([END_OF_TEXT])], [], 1
    for length in lengths:
        story = np.arange(next_token, next_token + length)
        next_token += length
        stories += [story, np.array([END_OF_TEXT])]
        expected += [*story.tolist(), END_OF_TEXT]
    scored: list[int] = []
    for window in evaluation_windows(np.concatenate(stories).astype(np.int16)):
        assert 0 < len(window.tokens) - 1 <= CONTEXT
        targets = window.tokens[1:][window.scored_from :]
        assert targets.size
        scored += targets.tolist()
    assert scored == expected


def test_training_windows_are_a_pure_function_and_shifted_by_one() -> None:
    tokens = np.array([END_OF_TEXT, *range(1, 500), END_OF_TEXT, *range(500, 900), END_OF_TEXT])
    windows = TrainingWindows(tokens.astype(np.int16), seed=3)
    inputs, targets = windows.batch(step=5, part=1, windows=8, length=64)
    again, _ = windows.batch(step=5, part=1, windows=8, length=64)
    other, _ = windows.batch(step=5, part=2, windows=8, length=64)
    assert inputs.shape == targets.shape == (8, 64)
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    assert (inputs == again).all() and (inputs != other).any()
    assert (inputs[:4, 0] == END_OF_TEXT).all()
