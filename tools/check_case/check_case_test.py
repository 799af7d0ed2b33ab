"""The tool on every platform, with cases made here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.integer_dialect import semantics
from tests.integer_dialect.builder import drawn
from tests.integer_dialect.models import MODELS
from tools.check_case.case_folder_test import whole, write_arrays, write_model
from tools.check_case.case_platforms import SIMULATOR_VARIABLE
from tools.check_case.check_case import WORKING_DIRECTORY, main
from tools.check_case.toolchain import CACHE_VARIABLE


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One for all tests: kernels are compiled once for each platform."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        patch.delenv(WORKING_DIRECTORY, raising=False)
        yield


def write_dialect_case(folder: Path, name: str, *, wrong: bool = False) -> None:
    model, types = MODELS[name]()
    random = np.random.default_rng(3)
    inputs: dict[str, np.ndarray] = {}
    for value in model.graph.input:
        type_, _, shape = types[value.name].partition("[")
        extents = (
            [int(e) for e in shape.rstrip("]").split(",")]
            if shape
            else [d.dim_value for d in value.type.tensor_type.shape.dim]
        )
        inputs[value.name] = drawn(random, type_, extents)
    outputs = [
        semantics.wrapped(data) if data.dtype == object else data
        for data in semantics.run(model, inputs)
    ]
    outputs = [data.astype(np.float64) for data in outputs]
    outputs[0].reshape(-1)[0] += wrong
    folder.mkdir(parents=True)
    (folder / "network.onnx").write_bytes(model.SerializeToString())
    # As the tools write them: integers in any type.
    write_arrays(folder, [data.astype(np.float64) for data in inputs.values()], outputs)


@pytest.mark.parametrize("platform", ["host", "qemu", "siracusa", "siracusa_full"])
def test_cases_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str], platform: str) -> None:
    for name in MODELS:
        write_dialect_case(tmp_path / "dialect" / name, name)
    write_model(tmp_path / "float")
    halves = whole(0.5, 1.5, -2.5, 1e6)
    write_arrays(tmp_path / "float", [halves, halves], [2 * halves + 1e-5])
    status = main([str(tmp_path), "--platform", platform])
    captured = capsys.readouterr()
    assert status == 0, captured.out + captured.err
    assert f"{len(MODELS) + 1} of {len(MODELS) + 1} runs pass" in captured.out


def test_a_wrong_element_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dialect_case(tmp_path / "wrong", "functions", wrong=True)
    write_dialect_case(tmp_path / "right", "functions")
    write_dialect_case(tmp_path / "broken", "functions")
    (tmp_path / "broken/outputs.npz").write_bytes(b"")
    assert main([str(tmp_path)]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["broken", "host", "TW-0304"],
        ["right", "host", "pass"],
        ["wrong", "host", "differs"],
    ]
    assert "1 of " in lines[2] and "by up to 1" in lines[2]
    assert "error TW-0304" in captured.err
    assert lines[3] == "1 of 3 runs pass, of 3 cases"


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "gone")]) == 1
    assert "error TW-0001" in capsys.readouterr().err


def test_several_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that two folders have is run once; what is no folder is said, the others run."""
    for name in ("a/one", "b/one"):
        write_model(tmp_path / name)
        write_arrays(tmp_path / name, [whole(1, 2, 3, 4)] * 2, [whole(2, 4, 6, 8)])
    several = [str(tmp_path / name) for name in ("a", "a/one", "b")]
    assert main(several) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["a/one", "host", "pass"],
        ["b/one", "host", "pass"],
    ]
    assert lines[2] == "2 of 2 runs pass, of 2 cases"
    assert main([*several, str(tmp_path / "c"), str(tmp_path / "a/one/network.onnx")]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("error TW-0001") == 2
    assert "there is no such folder" in captured.err and "it is a file" in captured.err
    assert captured.out.splitlines() == lines


def test_an_output_of_another_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path / "case")
    write_arrays(tmp_path / "case", [whole(1, 2, 3, 4)] * 2, [np.zeros((2, 3))])
    assert main([str(tmp_path / "case"), "--platform", "host"]) == 1
    captured = capsys.readouterr()
    assert "error TW-0304: case/outputs.npz, output 0: it has shape [2, 3]" in captured.err
    assert captured.out.split()[:3] == ["case", "host", "TW-0304"]


def test_a_missing_simulator_has_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIMULATOR_VARIABLE, raising=False)
    write_model(tmp_path)
    write_arrays(tmp_path, [whole(1, 2, 3, 4)] * 2, [whole(2, 4, 6, 8)])
    assert main([str(tmp_path), "--platform", "siracusa"]) == 1
    captured = capsys.readouterr()
    assert "error TW-0308" in captured.err and SIMULATOR_VARIABLE in captured.err
    assert "TW-0308" in captured.out
