"""Cuts stories into token windows for training and for the bits-per-byte measure."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.tinystories.shape import CONTEXT
from models.tinystories.tokenizer import END_OF_TEXT

EVALUATION_STRIDE = CONTEXT // 2


class TrainingWindows:
    """Random windows: half begin with a story, half anywhere; both run on into the next story."""

    def __init__(self, tokens: npt.NDArray[np.int16], seed: int) -> None:
        self._tokens = tokens
        self._story_starts = np.flatnonzero(tokens == END_OF_TEXT)
        self._seed = seed

    def batch(
        self, step: int, part: int, windows: int, length: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Returns inputs and next-token targets, int64 [windows, length]; a pure function."""
        random = np.random.default_rng([self._seed, step, part])
        limit = self._tokens.size - length - 1
        starts = random.integers(0, limit, windows)
        stories = self._story_starts[self._story_starts <= limit]
        half = windows // 2
        starts[:half] = random.choice(stories, half)
        span = self._tokens[starts[:, None] + np.arange(length + 1)].astype(np.int64)
        return span[:, :-1], span[:, 1:]


@dataclasses.dataclass(frozen=True)
class EvaluationWindow:
    """One run of the model: ``tokens`` from position 0; targets count from ``scored_from`` on.

    Attributes:
        tokens: int64 [n + 1] with n <= CONTEXT inputs; the targets are ``tokens[1:]``.
        scored_from: first position whose target is scored.
    """

    tokens: npt.NDArray[np.int64]
    scored_from: int


def evaluation_windows(tokens: npt.NDArray[np.int16]) -> Iterator[EvaluationWindow]:
    """Cuts each story as a device with a cache of CONTEXT positions would run it.

    A story begins with end-of-text at position 0 and ends with an end-of-text that has to be
    predicted. The first window covers its first CONTEXT predictions. Where the story goes on, the
    cache starts afresh with the last EVALUATION_STRIDE tokens as context, and the next
    EVALUATION_STRIDE predictions are scored, and so on: every token of the split is scored once.

    Args:
        tokens: all stories, an end-of-text before each and after the last.
    """
    bounds = np.flatnonzero(tokens == END_OF_TEXT)
    for begin, end in itertools.pairwise(bounds):
        story = tokens[begin : end + 1].astype(np.int64)
        yield EvaluationWindow(story[: CONTEXT + 1], 0)
        start = EVALUATION_STRIDE
        while start + EVALUATION_STRIDE < story.size - 1:
            yield EvaluationWindow(story[start : start + CONTEXT + 1], EVALUATION_STRIDE)
            start += EVALUATION_STRIDE
