"""Reads the story files and turns them into token arrays."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.tinystories.tokenizer import END_OF_TEXT, FIRST_BYTE, FIRST_MERGE, Tokenizer

SEPARATOR = b"<|endoftext|>"


def read_stories(path: Path) -> list[bytes]:
    """Returns the stories of an xz-compressed text file, without the blanks around them."""
    with lzma.open(path) as stream:
        parts = stream.read().split(SEPARATOR)
    return [story for story in (part.strip() for part in parts) if story]


def byte_tokens(stories: Sequence[bytes]) -> npt.NDArray[np.int16]:
    """Returns all stories as byte tokens, an end-of-text before each and after the last."""
    pieces: list[npt.NDArray[np.int16]] = []
    separator = np.array([END_OF_TEXT], dtype=np.int16)
    for story in stories:
        pieces.append(separator)
        pieces.append(np.frombuffer(story, dtype=np.uint8).astype(np.int16) + FIRST_BYTE)
    return np.concatenate([*pieces, separator])


def apply_merge(
    text: npt.NDArray[np.int16], left: int, right: int, token: int
) -> npt.NDArray[np.int16]:
    """Replaces every pair (left, right) by one token, leftmost first where pairs overlap."""
    match = (text[:-1] == left) & (text[1:] == right)
    if left == right:
        # In a run of equal tokens every second pair overlaps the one before it.
        positions = np.flatnonzero(match)
        if positions.size:
            starts = np.concatenate([[True], np.diff(positions) != 1])
            run_start = np.maximum.accumulate(np.where(starts, positions, 0))
            match[positions[(positions - run_start) % 2 == 1]] = False
    merged = text.copy()
    merged[:-1][match] = token
    keep = np.ones(text.size, dtype=bool)
    keep[1:] = ~match
    return merged[keep]


def encode_stories(tokenizer: Tokenizer, stories: Sequence[bytes]) -> npt.NDArray[np.int16]:
    """Encodes all stories, an end-of-text before each and after the last.

    Applying the merges one after the other to everything gives what ``Tokenizer.encode`` gives
    story by story: a merge can only use tokens that were complete before its turn.
    """
    text = byte_tokens(stories)
    for index, (left, right) in enumerate(tokenizer.merges):
        text = apply_merge(text, left, right, FIRST_MERGE + index)
    return text
