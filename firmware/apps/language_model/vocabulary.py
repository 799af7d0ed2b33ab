"""Writes the C tables of a tokenizer file: merges by pair, and the bytes of every token."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

FIRST_MERGE = 257


def c_tables(tokenizer: str) -> str:
    """C source that defines what `vocabulary.h` declares.

    `tokenizer` is the JSON text of a byte-level BPE file: "tokens" is a list of rows with "id",
    "bytes" (hexadecimal) and, from token 257 on, "merge" ([left, right]). Raises ValueError if it
    is not.
    """
    rows = json.loads(tokenizer)["tokens"]
    if [row["id"] for row in rows] != list(range(len(rows))) or len(rows) < FIRST_MERGE:
        raise ValueError("token ids must count up from 0 and cover all bytes")
    merges = sorted((*row["merge"], row["id"]) for row in rows[FIRST_MERGE:])
    spelt = [bytes.fromhex(row["bytes"]) for row in rows]
    offsets = [0]
    for token in spelt:
        offsets.append(offsets[-1] + len(token))
    if offsets[-1] > 0xFFFF:
        raise ValueError(f"the vocabulary spells {offsets[-1]} bytes; at most 65535 are supported")
    merge_rows = [f"{{{left}, {right}, {token}}}" for left, right, token in merges]
    return "\n".join(
        [
            '#include "firmware/apps/language_model/vocabulary.h"',
            "",
            f"const uint32_t tw_vocabulary_size = {len(rows)};",
            "",
            f"const uint32_t tw_merge_count = {len(merges)};",
            "const tw_merge tw_merges[] = {",
            _lines(merge_rows or ["{0, 0, 0}"]),
            "};",
            "",
            "const uint16_t tw_token_offsets[] = {",
            _lines(map(str, offsets)),
            "};",
            "",
            "const uint8_t tw_token_bytes[] = {",
            _lines(map(str, b"".join(spelt))),
            "};",
            "",
        ]
    )


def _lines(items: Iterable[str], width: int = 98) -> str:
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= width:
            lines[-1] += f" {item},"
        else:
            lines.append(f"  {item},")
    return "\n".join(lines)


def main() -> int:
    """Command line: `vocabulary.py TOKENIZER.json OUTPUT.c`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    try:
        source = c_tables(options.tokenizer.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"error: {options.tokenizer}: {error}", file=sys.stderr)
        return 1
    options.output.write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
