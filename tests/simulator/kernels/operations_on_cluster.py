"""Operations of the compiler, run on the simulated cluster: their kernels against their twins."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, Operation, TensorType
from compiler.operators.kernel_harness import parameter_struct
from tests.simulator.kernels.kernel_program import Call, Kernel, Outcome, Output, run
from tests.simulator.kernels.kernel_sources import chosen_source


@dataclass(frozen=True)
class Example:
    """An operation and the data it is applied to."""

    operation: Operation
    inputs: Sequence[Array | None]


def prepare(
    examples: Sequence[Example],
    helpers: Sequence[str] = (),
    *,
    portable: bool = False,
    drivers: Sequence[str] = (),
) -> tuple[Kernel, list[Call]]:
    """The calls of examples of one kernel.

    Args:
        examples: what is called.
        helpers: base names of sources that the kernel's own needs.
        portable: take references although there are overrides.
        drivers: further sources, by their paths in the repository.
    """
    kernels: set[Kernel] = set()
    calls: list[Call] = []
    for example in examples:
        types = [None if array is None else TensorType.of(array) for array in example.inputs]
        outputs = example.operation.infer(types)
        called = example.operation.kernel(types, outputs)
        assert called is not None
        struct = parameter_struct(called.header, called.function)
        assert struct is not None
        parameters = struct()
        for name, value in called.parameters.items():
            target = getattr(parameters, name)
            if isinstance(value, tuple):
                target[:] = value
            else:
                setattr(parameters, name, value)
        assert ctypes.sizeof(parameters) % 4 == 0
        words = np.frombuffer(bytes(parameters), np.uint32).tolist()
        buffers: list[Array | Output | None] = list(example.inputs)
        buffers += [Output(t.elements * t.data_type.bytes) for t in outputs]
        if example.operation.updates is not None:
            before = example.inputs[example.operation.updates]
            assert before is not None
            buffers[len(types)] = Output(before.nbytes, contents=before.tobytes())
        if called.scratch_bytes:
            buffers.append(Output(called.scratch_bytes))
        calls.append(Call(words, buffers))
        stem = called.function.removeprefix("tw_")
        sources = [chosen_source(name, portable=portable) for name in (stem, *helpers)]
        sources += drivers
        kernels.add(Kernel(called.function, called.header, tuple(sources), len(buffers)))
    (kernel,) = kernels
    return kernel, calls


def assert_twins(
    examples: Sequence[Example],
    helpers: Sequence[str] = (),
    *,
    cores: int = 8,
    drivers: Sequence[str] = (),
) -> list[Outcome]:
    """Fails unless the outputs of every example equal those of the operation's `evaluate`."""
    kernel, calls = prepare(examples, helpers, drivers=drivers)
    outcomes = run(kernel, calls, cores=cores, seed=cores)
    for index, (example, outcome) in enumerate(zip(examples, outcomes, strict=True)):
        expected = example.operation.evaluate(example.inputs)
        for number, array in enumerate(expected):
            actual = np.frombuffer(outcome.outputs[number], np.uint8)
            wanted = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
            wrong = np.flatnonzero(actual != wanted)
            assert not wrong.size, (kernel.name, index, example.operation, wrong[:8])
    return outcomes
