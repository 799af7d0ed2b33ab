from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compiler.array_archive import DamagedArchiveError, read_arrays


def test_arrays_are_in_the_files_order(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"second": np.arange(3, dtype=np.int8), "first": np.float32(0.5)}
    arrays["none"] = np.zeros((0, 2))
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_a_single_array_and_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DamagedArchiveError, match="a single array"):
        read_arrays(tmp_path / "one.npy")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DamagedArchiveError, match="allow_pickle"):
        read_arrays(tmp_path / "objects.npz")


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "gone.npz")


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_bytes_are_data_or_a_message(compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save = np.savez_compressed if compressed else np.savez
    save(path, x=np.arange(40, dtype=np.int32), y=np.ones((3, 5), np.float32))
    sound = path.read_bytes()
    source = random.Random(0)
    messages = 0
    for _ in range(500):
        content = bytearray(sound[: source.choice([len(sound), source.randrange(len(sound))])])
        for _ in range(source.randrange(4)):
            if content:
                content[source.randrange(len(content))] = source.randrange(256)
        path.write_bytes(content)
        message = message_of(path)
        messages += message is not None
        assert "\n" not in (message or "")
    assert messages > 200


def message_of(path: Path) -> str | None:
    """What is said of a file; None if it can be read."""
    try:
        read_arrays(path)
    except DamagedArchiveError as error:
        return str(error)
    return None
