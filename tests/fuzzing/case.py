"""One fuzz case: a function of its seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.fuzzing.mutations import MUTATIONS, mutated_bytes
from tests.fuzzing.seed_models import random_seed_model
from tests.fuzzing.variations import VARIATIONS, restate_outputs

SHARE_OF_DAMAGED_FILES = 0.05
SHARE_UNCHANGED = 0.1
SHARE_OF_VARIATIONS = 0.65
"""Of cases whose changes are meant to leave the model valid."""

NUMBERS_OF_MUTATIONS = (1, 1, 1, 2, 2, 3)


@dataclass(frozen=True)
class Case:
    """What a seed stands for.

    Attributes:
        seed_model: the name of the model that was mutated.
        mutations: what was done to it, in order.
        content: the ONNX file.
        types: what its inputs hold, where it stores integers as float32.
    """

    seed: int
    seed_model: str
    mutations: tuple[str, ...]
    content: bytes
    types: Mapping[str, str]

    def __str__(self) -> str:
        changes = "; ".join(self.mutations) or "no mutation"
        return f"seed {self.seed}: {self.seed_model}: {changes}"


def fuzz_case(seed: int) -> Case:
    """The case of a seed; the same in every process."""
    random = Random(seed)
    start = random_seed_model(random)
    model = start.model
    mutations: list[str] = []
    if random.random() >= SHARE_UNCHANGED:
        varied = random.random() < SHARE_OF_VARIATIONS
        for _ in range(random.choice(NUMBERS_OF_MUTATIONS)):
            mutations.append(random.choice(VARIATIONS if varied else MUTATIONS)(random, model))
        if varied:
            restate_outputs(model)
    content = model.SerializeToString(deterministic=True)
    if random.random() < SHARE_OF_DAMAGED_FILES:
        content, what = mutated_bytes(random, content)
        mutations.append(what)
    return Case(seed, start.name, tuple(mutations), content, start.types)
