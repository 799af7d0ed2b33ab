"""Byte-pair-encoding tokenizer of the TinyStories model.

The vocabulary has three parts, in this order of token ids:

* id 0, ``<|endoftext|>``: written before a story (as its beginning) and expected after it (as its
  end); no text encodes to it and it decodes to no byte;
* ids 1 to 256, one per byte value (id = byte + 1), so that every byte string can be encoded;
* ids from 257 on, one per merge: the concatenation of two earlier tokens.

Encoding replaces, as long as any merge applies, the adjacent pair whose merge has the lowest id,
leftmost first (Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword
Units", 2016, on bytes as in GPT-2). There is no splitting into words beforehand: a merge whose
right part begins with a space is never learnt, which keeps tokens inside one word and makes the
merge list alone sufficient to encode.

The file format is JSON with one token or merge per line; see ``tokenizer.json``.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

END_OF_TEXT = 0
FIRST_BYTE = 1
FIRST_MERGE = FIRST_BYTE + 256


class TokenizerError(ValueError):
    """A tokenizer file is malformed, or a token id is outside the vocabulary."""


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """An immutable merge list with its derived tables.

    Attributes:
        merges: pairs of token ids in the order they were learnt; pair ``i`` makes token
            ``FIRST_MERGE + i``.
    """

    merges: tuple[tuple[int, int], ...]
    _bytes: tuple[bytes, ...] = dataclasses.field(init=False, repr=False, compare=False)
    _rank: dict[tuple[int, int], int] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        spelled = [b"", *(bytes([value]) for value in range(256))]
        for left, right in self.merges:
            limit = len(spelled)
            if not (FIRST_BYTE <= left < limit and FIRST_BYTE <= right < limit):
                raise TokenizerError(
                    f"merge {limit} joins tokens {left} and {right}; both must be byte tokens or "
                    f"earlier merges (ids {FIRST_BYTE} to {limit - 1})"
                )
            spelled.append(spelled[left] + spelled[right])
        object.__setattr__(self, "_bytes", tuple(spelled))
        rank = {pair: FIRST_MERGE + index for index, pair in enumerate(self.merges)}
        if len(rank) != len(self.merges):
            raise TokenizerError("the merge list holds the same pair twice")
        object.__setattr__(self, "_rank", rank)

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, the end-of-text token included."""
        return len(self._bytes)

    def token_bytes(self, token: int) -> bytes:
        """Returns what one token spells (empty for end-of-text)."""
        if not 0 <= token < len(self._bytes):
            raise TokenizerError(
                f"token id {token} is outside the vocabulary of {len(self._bytes)} tokens"
            )
        return self._bytes[token]

    def encode(self, text: bytes | str) -> list[int]:
        """Encodes a byte string (a ``str`` as UTF-8) into token ids, without end-of-text."""
        if isinstance(text, str):
            text = text.encode()
        tokens = [value + FIRST_BYTE for value in text]
        while len(tokens) > 1:
            ranks = [self._rank.get(pair, 1 << 30) for pair in itertools.pairwise(tokens)]
            best = min(ranks)
            if best == 1 << 30:
                break
            left, right = self.merges[best - FIRST_MERGE]
            merged: list[int] = []
            index = 0
            while index < len(tokens):
                if tokens[index : index + 2] == [left, right]:
                    merged.append(best)
                    index += 2
                else:
                    merged.append(tokens[index])
                    index += 1
            tokens = merged
        return tokens

    def decode(self, tokens: Iterable[int]) -> bytes:
        """Returns the bytes that the tokens spell; they need not be valid UTF-8."""
        return b"".join(self.token_bytes(token) for token in tokens)

    def to_json(self) -> str:
        """Returns the readable file form, deterministic byte for byte."""
        lines = ["{", '  "format": "tilewright byte-level BPE 1",', '  "tokens": [']
        rows = [_token_row(token, self._bytes[token], self.merges) for token in self._range()]
        lines.append(",\n".join(rows))
        lines += ["  ]", "}", ""]
        return "\n".join(lines)

    def _range(self) -> range:
        return range(len(self._bytes))

    @classmethod
    def from_json(cls, text: str) -> Tokenizer:
        """Parses the file form.

        Raises:
            TokenizerError: if the ids are not consecutive or a merge is malformed.
        """
        try:
            rows = json.loads(text)["tokens"]
            ids = [row["id"] for row in rows]
            merges = tuple((row["merge"][0], row["merge"][1]) for row in rows[FIRST_MERGE:])
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise TokenizerError(f"not a tokenizer file: {error}") from error
        if ids != list(range(len(ids))) or len(ids) < FIRST_MERGE:
            raise TokenizerError("token ids must count up from 0 and cover all bytes")
        tokenizer = cls(merges)
        for row in rows:
            if bytes.fromhex(row["bytes"]) != tokenizer.token_bytes(row["id"]):
                raise TokenizerError(f"token {row['id']} does not spell what its merge spells")
        return tokenizer

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Reads a tokenizer file."""
        return cls.from_json(path.read_text(encoding="utf-8"))


def _token_row(token: int, spelled: bytes, merges: Sequence[tuple[int, int]]) -> str:
    row: dict[str, object] = {"id": token, "bytes": spelled.hex()}
    if token == END_OF_TEXT:
        row["special"] = "<|endoftext|>"
    else:
        row["text"] = spelled.decode("utf-8", errors="replace")
    if token >= FIRST_MERGE:
        row["merge"] = list(merges[token - FIRST_MERGE])
    return "    " + json.dumps(row, ensure_ascii=True)
