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
class Dump:
    """Results in the order in which they came, as (layer, result, size, bytes)."""

    results: list[tuple[int, int, int, bytearray]] = field(
        default_factory=list[tuple[int, int, int, bytearray]]
    )

    def add(self, layer: int, result: int, size: int, offset: int, data: bytes) -> None:
        """Adds a piece of a result; raises DumpError if it is not the next one."""
        if offset == 0:
            self.results.append((layer, result, size, bytearray()))
        last = self.results[-1] if self.results else None
        if last is None or last[:3] != (layer, result, size) or len(last[3]) != offset:
            raise DumpError(f"the dump lacks something before byte {offset} of layer {layer}")
        last[3].extend(data)

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
        last: tuple[str, int, int] | None = None
        for number, index, size, data in self.results:
            entry_point, layer = layers.get(number, ("", None))
            results: list[dict[str, Any]] = layer["results"] if layer is not None else []
            if layer is None or index >= len(results):
                raise DumpError(
                    f"{source}: {mapping['network']!r} has no result {index} of layer {number}; "
                    "the mapping report is another network's"
                )
            # Within a run, numbers increase.
            if last is None or last[0] != entry_point or (number, index) <= last[1:]:
                recording.runs.append(Run(entry_point))
            last = (entry_point, number, index)
            if len(data) < size:
                recording.end = f"it ends within layer {number}"
                break
            form = Form.of_result(results[index])
            key = (form.value, int(layer["form"] == "copy"))
            recording.runs[-1].made[key] = Made(
                form,
                form.in_model_layout(_array(source, number, results[index], bytes(data))),
                number,
                layer["kernel"],
                tuple(layer["nodes"]),
            )
        if last is not None and not recording.end:
            number = last[1]
            entry_point = next(e for e in mapping["entry_points"] if e["name"] == last[0])
            final = entry_point["layers"][-1]
            if last[1:] != (final["layer"], len(final["results"]) - 1):
                recording.end = f"it ends after layer {number}"
        return recording


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
    for index, (layer, result, size, data) in enumerate(dump.results):
        if len(data) == size:
            arrays[f"{LAYERS}{index}/{layer}/{result}"] = np.frombuffer(bytes(data), np.uint8)
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
                    _, _, layer, result = name.split("/")
                    data = file[name].tobytes()
                    dump.results.append((int(layer), int(result), len(data), bytearray(data)))
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
