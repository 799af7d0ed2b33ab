"""Every importer is fuzzed, from models that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from onnx import ModelProto

from compiler.frontend.expand_operators import EXPANSIONS
from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.operators.registry import CONTRIB_DOMAIN
from tests.fuzzing.chained import chained
from tests.fuzzing.contrib_seeds import CONTRIB_OPERATORS, contrib
from tests.fuzzing.dialect_seeds import integer_dialect
from tests.fuzzing.exported_seeds import exported
from tests.fuzzing.qoperator_seeds import QOPERATORS, qoperator
from tests.fuzzing.seed_builder import SeedBuilder
from tests.fuzzing.seed_model import Family, SeedModel
from tests.fuzzing.seed_models import FAMILIES, random_seed_model

WITHOUT_SEED = {
    "DynamicQuantizeLSTM",  # onnxruntime also quantises what each step is given
    "QEmbedLayerNormalization",  # EmbedLayerNormalization of tables that DequantizeLinear reads
    "TransposeMatMul",  # FusedMatMul by an earlier name
    # Of channels last: onnxruntime runs few of them on a CPU, where it would judge the results.
    *("GroupNorm", "NhwcConv", "NhwcMaxPool", "SkipGroupNorm"),
}

SEEDS = 6


def models() -> Iterator[ModelProto]:
    """One of every operator of onnxruntime."""
    for build in CONTRIB_OPERATORS.values():
        builder = SeedBuilder.drawn(Random(1))
        build(builder)
        yield builder.model()
    for build in QOPERATORS.values():
        builder = SeedBuilder.drawn(Random(1))
        build(builder, np.uint8)
        yield builder.declared(builder.nodes[-1].output[0], np.zeros(1))


def test_every_operator_of_onnxruntime_has_a_seed() -> None:
    wanted = {operator for domain, operator in EXPANSIONS if domain == CONTRIB_DOMAIN}
    used = {node.op_type for model in models() for node in model.graph.node}
    assert wanted - used == WITHOUT_SEED


def imported(seed: SeedModel) -> None:
    types = {name: InputType.parse(text) for name, text in seed.types.items()}
    import_model(seed.model, inputs=types)


@pytest.mark.parametrize("family", [contrib, exported, integer_dialect, qoperator])
def test_seeds_are_valid(family: Family) -> None:
    for number in range(SEEDS):
        imported(family(Random(number)))


def test_the_second_model_reads_what_the_first_makes() -> None:
    for number in range(SEEDS):
        random = Random(number)
        first, second = contrib(random), contrib(random)
        both = chained(random, first, second)
        if both is None:
            continue
        imported(both)
        assert len(both.model.graph.input) < len(first.model.graph.input) + len(
            second.model.graph.input
        )
        return
    pytest.fail("no two models fit together")


@pytest.mark.parametrize("family", [family for _, family in FAMILIES])
def test_models_have_operators(family: Family) -> None:
    for number in range(20 * SEEDS):
        assert family(Random(number)).model.graph.node


def test_models_are_the_same_again() -> None:
    first, second = (random_seed_model(Random(5)) for _ in range(2))
    assert first == second
