"""Cases are read, and what is wrong with them is said all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from compiler.errors import Code, CompileError
from compiler.ir import Array
from tools.check_case.case_folder import find_cases, read_case


def write_model(folder: Path, elements: tuple[int, ...] = (1, 1)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    inputs = [
        helper.make_tensor_value_info(f"x{i}", element, [2, 2])
        for i, element in enumerate(elements)
    ]
    graph = helper.make_graph(
        [helper.make_node("Add", [value.name for value in inputs], ["y"])],
        "sum",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (folder / "network.onnx").write_bytes(proto.SerializeToString())


def write_arrays(folder: Path, inputs: list[Array], outputs: list[Array]) -> None:
    np.savez(folder / "inputs.npz", *inputs)
    np.savez(folder / "outputs.npz", *outputs)


def types(folder: Path, inputs: list[Array], outputs: list[Array]) -> list[str]:
    write_model(folder)
    write_arrays(folder, inputs, outputs)
    return [str(type_) for _, type_ in read_case(folder, "case").input_types]


def whole(*values: float) -> Array:
    return np.array(values, np.float64).reshape(2, 2)


def test_types_come_from_values(tmp_path: Path) -> None:
    some, sums = whole(-128, 0, 5, 127), whole(0, 0, 0, 0)
    assert types(tmp_path, [some, whole(0, 1, 2, 255)], [sums]) == ["int8[2,2]", "uint8[2,2]"]
    assert types(tmp_path, [some, whole(-1, 1, 2, 255)], [sums]) == ["int8[2,2]", "int16[2,2]"]
    assert types(tmp_path, [some, whole(0, 0, 0, 1e6)], [sums]) == ["int8[2,2]", "int32[2,2]"]


def test_a_model_of_fractions_has_floats(tmp_path: Path) -> None:
    some = whole(1, 2, 3, 4)
    assert types(tmp_path, [some, some], [whole(0.5, 0, 0, 0)]) == ["float32[2,2]"] * 2
    assert types(tmp_path, [some.astype(np.int8), whole(0.5, 0, 0, 0)], [some]) == [
        "int8[2,2]",
        "float32[2,2]",
    ]


def test_surplus_arrays_are_constants(tmp_path: Path) -> None:
    assert len(types(tmp_path, [whole(1, 2, 3, 4)] * 5, [whole(1, 2, 3, 4)] * 2)) == 2


def test_cases_are_found_below_a_folder(tmp_path: Path) -> None:
    for name in ("b/deep", "a"):
        write_model(tmp_path / name)
    assert find_cases(tmp_path) == [tmp_path / "a", tmp_path / "b/deep"]
    assert find_cases(tmp_path / "a") == [tmp_path / "a"]


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_no_cases(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompileError) as caught:
        find_cases(tmp_path / name)
    assert [problem.code for problem in caught.value.problems] == [Code.UNREADABLE_FILE]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CompileError, match=r"has a network\.onnx"):
        find_cases(tmp_path / "empty")


def test_everything_that_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"\xff no model")
    (tmp_path / "inputs.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(CompileError) as caught:
        read_case(tmp_path, "case")
    codes = [problem.code for problem in caught.value.problems]
    assert codes == [Code.CASE_DATA, Code.UNREADABLE_FILE, Code.INVALID_MODEL]


@pytest.mark.parametrize("size", [0, 10, 60, 200])
def test_a_file_that_is_cut_off(tmp_path: Path, size: int) -> None:
    write_model(tmp_path)
    write_arrays(tmp_path, [whole(1, 2, 3, 4)] * 2, [whole(1, 2, 3, 4)])
    path = tmp_path / "outputs.npz"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CompileError) as caught:
        read_case(tmp_path, "case")
    assert [problem.code for problem in caught.value.problems] == [Code.CASE_DATA]


def test_objects_and_texts_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    np.savez(tmp_path / "inputs.npz", a=np.array([{}], object), b=np.array(["text"]))
    np.savez(tmp_path / "outputs.npz", y=np.array(["text"]))
    with pytest.raises(CompileError) as caught:
        read_case(tmp_path, "case")
    assert [problem.code for problem in caught.value.problems] == [Code.CASE_DATA] * 2


def test_a_single_array(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_arrays(tmp_path, [whole(1, 2, 3, 4)] * 2, [whole(1, 2, 3, 4)])
    with (tmp_path / "inputs.npz").open("wb") as file:
        np.save(file, whole(1, 2, 3, 4))
    with pytest.raises(CompileError, match="a single array"):
        read_case(tmp_path, "case")


def test_too_few_arrays(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_arrays(tmp_path, [whole(1, 2, 3, 4)], [])
    with pytest.raises(CompileError) as caught:
        read_case(tmp_path, "case")
    assert [problem.found for problem in caught.value.problems] == [
        "it has 1 arrays, and the model has 2 inputs",
        "it has 0 arrays, and the model has 1 outputs",
    ]
