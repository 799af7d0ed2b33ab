"""Tests of the bulk encoder against the tokenizer."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.tinystories.tokenizer import END_OF_TEXT, Tokenizer
from models.tinystories.training.corpus import (
    apply_merge,
    byte_tokens,
    encode_stories,
    read_stories,
)
from models.tinystories.training.train_tokenizer import learn

TOKENIZER = Tokenizer.load(Path(__file__).parents[1] / "tokenizer.json")


@given(st.lists(st.text(alphabet="aeht .,s\n\u00e9", min_size=1, max_size=80), min_size=1))
def test_bulk_encoding_equals_encoding_story_by_story(texts: list[str]) -> None:
    expected: list[int] = []
    for text in texts:
        expected += [END_OF_TEXT, *TOKENIZER.encode(text)]
    expected.append(END_OF_TEXT)
    found = encode_stories(TOKENIZER, [text.encode() for text in texts])
    assert found.tolist() == expected


def test_equal_pairs_merge_leftmost_first() -> None:
    text = np.array([7, 7, 7, 1, 7, 7, 7, 7], np.int16)
    assert apply_merge(text, 7, 7, 300).tolist() == [300, 7, 1, 300, 300]


def test_learning_takes_the_most_frequent_pair_and_no_space_on_the_right() -> None:
    tokenizer = learn(byte_tokens([b"ab ab ab ab b b b b b b"]), 259)
    assert [tokenizer.token_bytes(token) for token in (257, 258)] == [b" b", b"ab"]


def test_reading_drops_blanks_and_empty_stories(tmp_path: Path) -> None:
    path = tmp_path / "stories.xz"
    path.write_bytes(lzma.compress(b"\n one\n<|endoftext|>\n\n<|endoftext|>\ntwo\n"))
    assert read_stories(path) == [b"one", b"two"]
