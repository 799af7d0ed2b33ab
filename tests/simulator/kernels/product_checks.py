"""Compares calls of products on the simulated cluster with what they must give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.simulator.kernels.kernel_program import Kernel, run
from tests.simulator.kernels.product_cases import Case


def check(kernel: Kernel, cases: Sequence[Case], cores: int) -> None:
    """Runs all cases; every output equals the expected one, and is not one value throughout."""
    outcomes = run(kernel, [case.call for case in cases], cores=cores, seed=cores)
    for index, (case, outcome) in enumerate(zip(cases, outcomes, strict=True)):
        actual = np.frombuffer(outcome.outputs[0], np.int8)
        wrong = np.flatnonzero(actual != case.expected.reshape(-1))
        assert not wrong.size, (kernel.name, index, case.call.parameters, wrong[:8])
        assert case.expected.size < 8 or np.unique(case.expected).size > 1
