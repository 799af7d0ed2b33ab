"""The ONNX project's backend tests, from the `onnx` package."""

from __future__ import annotations

import os
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.backend.test.loader
from onnx import ModelProto, TensorProto, numpy_helper

SUITES = ("node", "simple", "pytorch-operator", "pytorch-converted")
BUCKETS = 8
"""Parts of the suite that run as tests of their own; a case's name decides on its part."""


@dataclass(frozen=True)
class Case:
    """One backend test: a model, and inputs with the outputs they lead to.

    Attributes:
        group: the ONNX operator that a node test is about (with its domain, if it is not ONNX's
            own), else the suite.
        data: (inputs, outputs) of each run, in the model's order; None for what is no tensor.
        rtol, atol: tolerances of float outputs, as the ONNX project sets them.
    """

    name: str
    group: str
    model: ModelProto
    data: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]
    rtol: float
    atol: float

    @property
    def bucket(self) -> int:
        return zlib.crc32(self.name.encode()) % BUCKETS


def load_cases() -> list[Case]:
    """All cases, sorted by suite and name; the same on every run."""
    return [case for suite in SUITES for case in _load_suite(suite)]


def _load_suite(suite: str) -> list[Case]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Cases for infinities and NaNs divide by zero when they are made.
        warnings.simplefilter("ignore")
        found = onnx.backend.test.loader.load_model_tests(kind=suite)
    groups = {
        case.name: _operator(case.model)
        for case in found
        if case.model is not None and "_expanded" not in case.name
    }
    cases: list[Case] = []
    for case in found:
        # Names are unique within a suite only.
        name = case.name if suite == "node" else f"{suite}/{case.name}"
        group = groups[re.sub("_expanded.*", "", case.name)] if suite == "node" else suite
        model, data = case.model, case.data_sets
        if model is None or data is None:
            folder = Path(os.fspath(case.model_dir))
            model = onnx.load(folder / "model.onnx")
            data = list(_stored_data(folder, model))
        pairs = tuple((_arrays(inputs), _arrays(outputs)) for inputs, outputs in data)
        cases.append(Case(name, group, model, pairs, case.rtol, case.atol))
    return sorted(cases, key=lambda case: case.name)


def _operator(model: ModelProto) -> str:
    node = model.graph.node[-1]
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def _stored_data(folder: Path, model: ModelProto) -> Iterator[tuple[list[Any], list[Any]]]:
    for data in sorted(folder.glob("test_data_set_*")):
        inputs = [data / f"input_{i}.pb" for i in range(len(list(data.glob("input_*.pb"))))]
        outputs = [data / f"output_{i}.pb" for i in range(len(model.graph.output))]
        yield [_read(path) for path in inputs], [_read(path) for path in outputs]


def _read(path: Path) -> TensorProto | None:
    tensor = TensorProto()
    try:
        tensor.ParseFromString(path.read_bytes())
    except ValueError:  # a sequence or an optional
        return None
    return tensor


def _arrays(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_array(value) for value in values)


def _array(value: Any) -> Any:
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, np.ndarray | np.generic | int | float | bool):
        return np.asarray(value)
    return None
