"""Cases are read, and what is wrong with them is said all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

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


def problems_of(folder: Path, inputs: list[Array]) -> list[str]:
    write_model(folder)
    write_arrays(folder, inputs, [whole(0, 0, 0, 0)])
    with pytest.raises(CompileError) as caught:
        read_case(folder, "case")
    assert {problem.code for problem in caught.value.problems} == {Code.CASE_DATA}
    return [problem.found for problem in caught.value.problems]


def test_inputs_of_another_shape(tmp_path: Path) -> None:
    found = problems_of(tmp_path, [np.zeros(5), np.zeros((2, 3))])
    assert found == ["it has shape [5]", "it has shape [2, 3]"]


def test_integers_that_are_too_large(tmp_path: Path) -> None:
    data = np.array([[0, 0], [0, 2**31]], np.int64)
    assert problems_of(tmp_path, [data, data]) == ["its values reach from 0 to 2147483648"] * 2


def test_arrays_are_found_by_name_if_all_have_one(tmp_path: Path) -> None:
    write_model(tmp_path)
    some, others = whole(1, 2, 3, 4), whole(5, 6, 7, 8)
    write_arrays(tmp_path, [some, others], [some])
    np.savez(tmp_path / "inputs.npz", x1=some, x0=others, more=some)
    assert np.array_equal(read_case(tmp_path, "case").inputs[0], others)
    np.savez(tmp_path / "inputs.npz", x1=some, other=others)
    assert np.array_equal(read_case(tmp_path, "case").inputs[0], some)


def rename_inputs(folder: Path, *names: str) -> None:
    """Gives the inputs of the folder's model other names."""
    proto = ModelProto.FromString((folder / "network.onnx").read_bytes())
    for value, name in zip(proto.graph.input, names, strict=True):
        value.name = name
    proto.graph.node[0].input[:] = names
    (folder / "network.onnx").write_bytes(proto.SerializeToString())


def test_numbered_arrays_are_in_the_models_order(tmp_path: Path) -> None:
    """Also where the model has tensors that are called like them."""
    write_model(tmp_path)
    some, others = whole(1, 2, 3, 4), whole(5, 6, 7, 8)
    write_arrays(tmp_path, [some, others], [some])
    rename_inputs(tmp_path, "x2", "x1")
    np.savez(tmp_path / "inputs.npz", x0=some, x1=others, x2=some + others)
    assert np.array_equal(read_case(tmp_path, "case").inputs[0], some)
    assert np.array_equal(read_case(tmp_path, "case").inputs[1], others)


def test_numbers_of_exactly_the_models_tensors_are_names(tmp_path: Path) -> None:
    write_model(tmp_path)
    some, others = whole(1, 2, 3, 4), whole(5, 6, 7, 8)
    write_arrays(tmp_path, [some, others], [some])
    rename_inputs(tmp_path, "x1", "x0")
    np.savez(tmp_path / "inputs.npz", x0=others, x1=some)
    assert np.array_equal(read_case(tmp_path, "case").inputs[0], some)


def test_whole_numbers_of_a_dialect_model_are_integers(tmp_path: Path) -> None:
    """Also if what it gives has fractions."""
    write_model(tmp_path)
    proto = ModelProto.FromString((tmp_path / "network.onnx").read_bytes())
    proto.graph.node[0].op_type = "iSoftmax"
    (tmp_path / "network.onnx").write_bytes(proto.SerializeToString())
    write_arrays(tmp_path, [whole(1, 2, 3, 4)] * 2, [whole(0.5, 0, 0, 0)])
    case = read_case(tmp_path, "case")
    assert [str(type_) for _, type_ in case.input_types] == ["int8[2,2]"] * 2
    assert case.of_floats() is None


def test_whole_numbers_may_be_floats(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_arrays(tmp_path, [whole(1, 2, 3, 4), np.ones((2, 2), np.int8)], [whole(1, 2, 3, 4)])
    floats = read_case(tmp_path, "case").of_floats()
    assert floats is not None
    assert [str(type_) for _, type_ in floats.input_types] == ["float32[2,2]", "int8[2,2]"]


def test_a_case_without_a_model_is_one(tmp_path: Path) -> None:
    write_model(tmp_path / "a")
    (tmp_path / "b").mkdir()
    write_arrays(tmp_path / "b", [], [])
    assert find_cases(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(CompileError, match="TW-0001"):
        read_case(tmp_path / "b", "b")


def test_damaged_archives(tmp_path: Path) -> None:
    """Whatever bytes they have: a message or, where they do not matter, the data."""
    write_model(tmp_path)
    data = whole(1, 2, 3, 4)
    write_arrays(tmp_path, [data, data], [data])
    np.savez_compressed(tmp_path / "inputs.npz", data, data)
    content = (tmp_path / "inputs.npz").read_bytes()
    random = np.random.default_rng(7)
    codes: list[Code] = []
    for _ in range(300):
        damaged = bytearray(content)
        for place in random.integers(len(content), size=2):
            damaged[place] = random.integers(256)
        (tmp_path / "inputs.npz").write_bytes(damaged)
        try:
            read_case(tmp_path, "case")
        except CompileError as error:
            codes += [problem.code for problem in error.problems]
    assert set(codes) == {Code.CASE_DATA} and len(codes) > 150


def test_whole_numbers_that_leave_32_bits_are_floats(tmp_path: Path) -> None:
    large = whole(100000, 3, 5, 7)
    assert types(tmp_path, [large, large], [large * large]) == ["float32[2,2]"] * 2
    assert types(tmp_path, [large, large], [large + large]) == ["int32[2,2]"] * 2
