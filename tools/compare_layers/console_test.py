"""Dumped layers come out of a console's bytes whole, and what firmware wrote stays as it was."""

from __future__ import annotations

import base64

import pytest

from tools.compare_layers.console import ConsoleReader, own_output
from tools.compare_layers.dump import DumpError


def line(layer: int, data: bytes, size: int, offset: int = 0, result: int = 0) -> bytes:
    text = base64.b64encode(data).decode()
    return f"\x1elayer net {layer} {result} {size} {offset} {text}\n".encode()


FIRST = bytes(range(200))
CONSOLE = (
    b"Once upon"
    + line(0, FIRST[:144], 200)
    + line(0, FIRST[144:], 200, 144)
    + b" a time\n\x1eno layer\n"
    + line(3, b"\x07", 1, result=1)
    + line(4, b"", 0)
    + "größe \x1e".encode()
)
OWN = b"Once upon a time\n\x1eno layer\n" + "größe \x1e".encode()


@pytest.mark.parametrize("size", [1, 2, 7, 64, len(CONSOLE)])
def test_own_output_stays_the_same_in_pieces_of_any_size(size: int) -> None:
    reader = ConsoleReader()
    chunks = (CONSOLE[start : start + size] for start in range(0, len(CONSOLE), size))
    assert b"".join(own_output(reader, chunks)) == OWN
    (dump,) = reader.dumps().values()
    assert [(r.layer, r.index, bytes(r.data), r.is_complete) for r in dump.results] == [
        (0, 0, FIRST, True),
        (3, 1, b"\x07", True),
        (4, 0, b"", True),
    ]


def test_own_output_is_passed_on_at_once() -> None:
    reader = ConsoleReader()
    assert reader.text(b"no line end") == b"no line end"
    assert reader.text(line(0, b"a", 1)[:9]) == b""
    assert reader.text(line(0, b"a", 1)[9:] + b"!") == b"!"
    assert reader.end() == b""


def test_networks_are_told_apart() -> None:
    reader = ConsoleReader()
    reader.text(line(0, b"a", 1) + line(0, b"b", 1).replace(b"net", b"other"))
    assert {name: bytes(dump.results[0].data) for name, dump in reader.dumps().items()} == {
        "net": b"a",
        "other": b"b",
    }


def test_the_line_in_which_firmware_stopped_is_left_out() -> None:
    reader = ConsoleReader()
    reader.text(line(0, b"a", 1) + line(1, FIRST[:144], 200) + line(1, FIRST[144:], 200, 144)[:40])
    assert reader.end() == b""
    stopped = reader.dumps()["net"].results[1]
    assert (stopped.layer, stopped.index, stopped.present) == (1, 0, 144)
    assert not stopped.is_complete


def test_tiles_may_come_in_any_order() -> None:
    tiles = [line(0, FIRST[i : i + 50], 200, i) for i in (50, 0, 150, 100)]
    other = [line(1, FIRST[i : i + 10], 20, i) for i in (0, 10)]
    first_run = [tiles[0], other[0], *tiles[1:], other[1]]
    reader = ConsoleReader()
    reader.text(b"".join(first_run + tiles[::-1]))
    results = reader.dumps()["net"].results
    assert [(r.layer, bytes(r.data), r.is_complete) for r in results] == [
        (0, FIRST, True),
        (1, FIRST[:20], True),
        (0, FIRST, True),
    ]


@pytest.mark.parametrize(
    ("console", "message"),
    [
        (line(0, FIRST[144:], 199, 144), "bytes 144 to 200 of layer 0, which has 199 bytes"),
        (
            line(0, FIRST[:144], 200) + line(0, FIRST[144:], 201, 144),
            "bytes 144 to 200 of layer 0, which has 201 bytes, do not fit the 200",
        ),
        (b"\x1elayer net 0 0 1 0 Y\n", "line 1 of the dump is damaged"),
        (line(0, b"a", 1) + b"\x1elayer net 0 1 0 YQ==\n", "line 2 of the dump is damaged"),
        (b"\x1elayer net zero 0 1 0 YQ==\n", "line 1 of the dump is damaged: 'net zero"),
    ],
)
def test_damage_is_told(console: bytes, message: str) -> None:
    reader = ConsoleReader()
    reader.text(console)
    with pytest.raises(DumpError, match=message):
        reader.dumps()
