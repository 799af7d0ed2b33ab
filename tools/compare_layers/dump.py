"""The bytes that layers of a network made, and the file that keeps them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compiler.ir import Array, DataType
from tools.compare_layers.recording import Form, Made, Recording, Run

MAPPING = "mapping"
INPUTS = "inputs/"
LAYERS = "layers/"
DUMP_SUFFIX = ".layers.npz"


class DumpError(Exception):
    """A dump is damaged, or is not of the network that the mapping report is of."""


@dataclass
class Result:
    """What one layer made in one run, as far as it has come: in pieces, in any order."""

    layer: int
    index: int
    data: bytearray
    offsets: set[int] = field(default_factory=set[int])
    present: int = 0

    @property
    def is_complete(self) -> bool:
        return self.present == len(self.data)


class Dump:
    """Results in the order in which they began to come.

    On a cluster a result comes in tiles. A piece of a result that has come already belongs to
    another run, and so does all that follows.
    """

    def __init__(self) -> None:
        self.results: list[Result] = []
        self._open: dict[tuple[int, int], Result] = {}

    def add(self, layer: int, index: int, size: int, offset: int, data: bytes) -> None:
        """Adds a piece of a result; raises DumpError if it does not fit the others."""
        result = self._open.get((layer, index))
        if result is not None and offset in result.offsets:
            self._open.clear()
            result = None
        if result is None:
            result = Result(layer, index, bytearray(size))
            self.results.append(result)
            self._open[layer, index] = result
        if len(result.data) != size or offset + len(data) > size:
            raise DumpError(
                f"bytes {offset} to {offset + len(data)} of layer {layer}, which has {size} bytes, "
                f"do not fit the {len(result.data)} of the lines before"
            )
        result.data[offset : offset + len(data)] = data
        result.offsets.add(offset)
        result.present += len(data)

    def recording(self, source: str, mapping: Mapping[str, Any]) -> Recording:
        """What the bytes are, by the network's mapping report.

        Raises:
            DumpError: the report is of another network.
        """
        layers = {
            layer["layer"]: (entry_point["name"], layer)
            for entry_point in mapping["entry_points"]
            for layer in entry_point["layers"]
        }
        recording = Recording(source)
        runs: list[tuple[str, dict[tuple[int, int], Result]]] = []
        for result in self.results:
            entry_point, layer = layers.get(result.layer, ("", None))
            if layer is None or result.index >= len(layer["results"]):
                raise DumpError(
                    f"{source}: {mapping['network']!r} has no result {result.index} of layer "
                    f"{result.layer}; the mapping report is another network's"
                )
            key = result.layer, result.index
            if not runs or runs[-1][0] != entry_point or key in runs[-1][1]:
                runs.append((entry_point, {}))
            runs[-1][1][key] = result
        for number, (entry_point, found) in enumerate(runs):
            recording.runs.append(Run(entry_point))
            results = [found[key] for key in sorted(found)]
            lacking = next((result for result in results if not result.is_complete), None)
            if lacking is not None:
                if number + 1 < len(runs):
                    raise DumpError(f"{source}: the dump lacks a part of layer {lacking.layer}")
                recording.end = f"it ends within layer {lacking.layer}"
            for result in results:
                if result.is_complete:
                    made = _made(source, layers[result.layer][1], result)
                    key = made.form.value, int(layers[result.layer][1]["form"] == "copy")
                    recording.runs[-1].made[key] = made
        if runs and not recording.end:
            entry_point, found = runs[-1]
            final = next(e for e in mapping["entry_points"] if e["name"] == entry_point)["layers"][
                -1
            ]
            last = max(found)
            if last != (final["layer"], len(final["results"]) - 1):
                recording.end = f"it ends after layer {last[0]}"
        return recording


def _made(source: str, layer: Mapping[str, Any], result: Result) -> Made:
    entry = layer["results"][result.index]
    form = Form.of_result(entry)
    array = _array(source, result.layer, entry, bytes(result.data))
    return Made(
        form,
        form.in_model_layout(array),
        result.layer,
        layer["kernel"],
        tuple(layer["nodes"]),
    )


def _array(source: str, layer: int, result: Mapping[str, Any], data: bytes) -> Array:
    data_type, shape = DataType(result["data_type"]), tuple(result["shape"])
    expected = int(np.prod(shape, dtype=np.int64)) * data_type.bytes
    if len(data) != expected:
        raise DumpError(
            f"{source}: layer {layer} made {len(data)} bytes, not the {expected} of its report; "
            "the mapping report is another network's"
        )
    return np.frombuffer(data, data_type.numpy.newbyteorder("<")).reshape(shape)


def dump_file(dump: Dump, mapping: Mapping[str, Any], inputs: Mapping[str, Array]) -> bytes:
    """An npz file of a dump, its mapping report, and the inputs (golden data) if known.

    The arrays `layers/<number of the result>/<layer>/<result>` are the bytes, in order.
    """
    arrays: dict[str, Array] = {
        MAPPING: np.frombuffer(json.dumps(mapping).encode(), np.uint8),
        **{INPUTS + name: array for name, array in inputs.items()},
    }
    for number, result in enumerate(dump.results):
        if result.is_complete:
            name = f"{LAYERS}{number}/{result.layer}/{result.index}"
            arrays[name] = np.frombuffer(bytes(result.data), np.uint8)
    memory = io.BytesIO()
    np.savez_compressed(memory, **arrays)
    return memory.getvalue()


def read_dump_file(path: Path) -> tuple[Dump, dict[str, Any], dict[str, Array]]:
    """What `dump_file` was given; `path` may be a test's `outputs.zip` with one such file.

    Raises DumpError if it is neither.
    """
    try:
        with np.load(_within_outputs(path), allow_pickle=False) as file:
            mapping = json.loads(file[MAPPING].tobytes())
            dump = Dump()
            for name in file.files:
                if name.startswith(LAYERS):
                    _, _, layer, index = name.split("/")
                    data = file[name].tobytes()
                    dump.add(int(layer), int(index), len(data), 0, data)
            inputs = {
                name.removeprefix(INPUTS): file[name]
                for name in file.files
                if name.startswith(INPUTS)
            }
    except OSError as error:
        raise DumpError(f"{path}: {error.strerror or 'it is no npz file'}") from error
    except (ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise DumpError(f"{path} is no dump of layers") from error
    return dump, mapping, inputs


def _within_outputs(path: Path) -> io.BytesIO:
    """The dump in an archive of a test's undeclared outputs, or the file itself."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(DUMP_SUFFIX)]
        if not names:
            return io.BytesIO(path.read_bytes())
        if len(names) > 1:
            raise DumpError(f"{path} has the layers of several networks: {', '.join(names)}")
        return io.BytesIO(archive.read(names[0]))
