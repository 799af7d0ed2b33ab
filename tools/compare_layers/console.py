"""Takes dumped layers out of what firmware writes to its console (tilewright/layer_dump.h)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from tools.compare_layers.dump import Dump, DumpError

BEGIN = b"\x1elayer "
END = b"\n"


class ConsoleReader:
    """Divides a console's bytes, as they come, into layers and the rest."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._lines: list[bytes] = []

    def text(self, chunk: bytes) -> bytes:
        """The bytes of `chunk` that are the firmware's own output, but for a line's beginning."""
        own = bytearray()
        self._line += chunk
        while self._line:
            begin = self._line.find(BEGIN[:1])
            if begin != 0:
                end = begin if begin > 0 else len(self._line)
                own += self._line[:end]
                del self._line[:end]
            elif not self._line.startswith(BEGIN[: len(self._line)]):
                own += self._line[:1]
                del self._line[:1]
            else:
                end = self._line.find(END)
                if end < 0:
                    break
                self._lines.append(bytes(self._line[len(BEGIN) : end]))
                del self._line[: end + 1]
        return bytes(own)

    def end(self) -> bytes:
        """What is left when the output ends: the firmware's own, or empty."""
        rest = bytes(self._line)
        self._line.clear()
        return b"" if rest.startswith(BEGIN) else rest

    def dumps(self) -> dict[str, Dump]:
        """What has come so far, by the network's name.

        Raises:
            DumpError: a line is damaged or missing.
        """
        dumps: dict[str, Dump] = {}
        for number, line in enumerate(self._lines, 1):
            network, layer, result, size, offset, data = _parsed(number, line)
            dumps.setdefault(network, Dump()).add(layer, result, size, offset, data)
        return dumps


def _parsed(number: int, line: bytes) -> tuple[str, int, int, int, int, bytes]:
    words = line.rstrip(b"\r").split(b" ")
    try:
        network, layer, result, size, offset, text = words
        data = base64.b64decode(text, validate=True)
        return network.decode(), int(layer), int(result), int(size), int(offset), data
    except (ValueError, binascii.Error) as error:
        shown = line[:60].decode(errors="backslashreplace")
        raise DumpError(f"line {number} of the dump is damaged: {shown!r}") from error


def own_output(reader: ConsoleReader, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The firmware's own output, as it comes."""
    for chunk in chunks:
        if text := reader.text(chunk):
            yield text
    if text := reader.end():
        yield text
