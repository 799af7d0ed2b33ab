"""Models of the dialect that are changed at random: a diagnosis or a network, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from tests.fuzzing.mutations import MUTATIONS
from tests.integer_dialect.builder import Builder
from tests.integer_dialect.inventory import INVENTORY
from tests.integer_dialect.variations import Variation

CASES_VARIABLE = "TILEWRIGHT_DAMAGED_MODELS"
CASES = int(os.environ.get(CASES_VARIABLE, "600"))
PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_models(tmp_path: Path, part: int) -> None:
    made = 0
    for seed in range(part, CASES, PARTS):
        random = Random(seed)
        if random.random() < 0.5:
            model, types = Variation(seed).build()
        else:
            entry = random.choice(list(INVENTORY.values()))
            b = Builder("damaged", seed, opset=13)
            model = b.model((entry.build(b, random.choice(entry.types)), entry.rank))
            types = b.types
        changes = [random.choice(MUTATIONS)(random, model) for _ in range(random.choice([1, 1, 2]))]
        path = tmp_path / "damaged.onnx"
        path.write_bytes(model.SerializeToString())
        names = {value.name for value in model.graph.input}
        inputs = {n: InputType.parse(text) for n, text in types.items() if n in names}
        try:
            graph = lower(import_model(path, inputs=inputs), "")
            run_passes(graph)
            made += 1
        except CompileError as error:
            codes = {problem.code for problem in error.problems}
            if Code.INTERNAL_ERROR in codes:
                pytest.fail(f"seed {seed}: {changes}: {error}")
        except Exception as error:
            pytest.fail(f"seed {seed}: {changes}: {type(error).__name__}: {error}")
    assert made > CASES / PARTS / 10, "nearly nothing is left that is valid"
