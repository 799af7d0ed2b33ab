"""The locked packages import and work together on the interpreter that Bazel uses."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import jinja2
import ml_dtypes
import numpy as np
import onnx
import onnx.helper
import onnxruntime
import yaml
from ortools.sat.python import cp_model


def relu_model() -> onnx.ModelProto:
    """One Relu on four floats."""
    shape = [4]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)])


def test_onnxruntime_runs_what_onnx_writes() -> None:
    model = relu_model()
    model.ir_version = 10
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, {"x": np.array([-1, 0, 1, 2], np.float32)})
    np.testing.assert_array_equal(result, np.array([0, 0, 1, 2], np.float32))


def test_constraint_solver_solves() -> None:
    model = cp_model.CpModel()
    x = model.new_int_var(0, 9, "x")
    model.add(x * 2 == 14)
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    assert solver.value(x) == 7


def test_templates_and_yaml() -> None:
    values = yaml.safe_load("{name: soc}")
    assert jinja2.Template("{{ name }}").render(values) == "soc"


@hypothesis.given(st.integers(-128, 127))
def test_small_types_hold_small_integers(value: int) -> None:
    assert int(ml_dtypes.bfloat16(value)) == value
