"""Tests of the tokenizer and its file."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tinystories.tokenizer import (
    END_OF_TEXT,
    FIRST_BYTE,
    FIRST_MERGE,
    Tokenizer,
    TokenizerError,
)

FILE = Path(__file__).with_name("tokenizer.json")
TOKENIZER = Tokenizer.load(FILE)


@given(st.binary(max_size=300))
def test_any_bytes_come_back(text: bytes) -> None:
    tokens = TOKENIZER.encode(text)
    assert TOKENIZER.decode(tokens) == text
    assert all(FIRST_BYTE <= token < TOKENIZER.vocabulary_size for token in tokens)


@given(st.text(max_size=200))
def test_any_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)).decode() == text


@given(st.text(alphabet="the quick. \n,", max_size=60))
def test_no_merge_applies_to_an_encoding(text: str) -> None:
    tokens = TOKENIZER.encode(text)
    merges = set(TOKENIZER.merges)
    assert not any(pair in merges for pair in itertools.pairwise(tokens))


def test_the_file_has_the_model_s_vocabulary() -> None:
    assert TOKENIZER.vocabulary_size == 512
    assert TOKENIZER.token_bytes(END_OF_TEXT) == b""
    assert TOKENIZER.token_bytes(FIRST_BYTE + 65) == b"A"


def test_the_file_form_round_trips() -> None:
    assert TOKENIZER.to_json() == FILE.read_text(encoding="utf-8")


def test_merges_apply_lowest_first_and_leftmost_first() -> None:
    a, b = FIRST_BYTE + ord("a"), FIRST_BYTE + ord("b")
    tokenizer = Tokenizer(((a, a), (a, b), (FIRST_MERGE, b)))
    assert tokenizer.encode("aaa") == [FIRST_MERGE, a]
    assert tokenizer.encode("aab") == [FIRST_MERGE + 2]
    assert tokenizer.encode("bab") == [b, FIRST_MERGE + 1]


def test_common_words_are_short() -> None:
    assert len(TOKENIZER.encode("Once upon a time")) <= 5


@pytest.mark.parametrize("merge", [(0, 5), (5, FIRST_MERGE), (-1, 5)])
def test_a_merge_of_unknown_tokens_is_refused(merge: tuple[int, int]) -> None:
    with pytest.raises(TokenizerError, match="merge 257"):
        Tokenizer((merge,))


def test_a_repeated_merge_is_refused() -> None:
    with pytest.raises(TokenizerError, match="twice"):
        Tokenizer(((5, 6), (5, 6)))


@pytest.mark.parametrize("token", [-1, 512])
def test_an_unknown_token_is_refused(token: int) -> None:
    with pytest.raises(TokenizerError, match=str(token)):
        TOKENIZER.decode([token])


@pytest.mark.parametrize("text", ["", "{}", '{"tokens": [{"id": 1}]}', '{"tokens": []}'])
def test_a_malformed_file_is_refused(text: str) -> None:
    with pytest.raises(TokenizerError):
        Tokenizer.from_json(text)


def test_a_file_whose_bytes_disagree_is_refused() -> None:
    text = FILE.read_text(encoding="utf-8").replace('"bytes": "6865"', '"bytes": "6866"')
    with pytest.raises(TokenizerError, match="257"):
        Tokenizer.from_json(text)
