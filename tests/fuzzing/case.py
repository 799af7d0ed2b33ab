"""One fuzz case: a function of its seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.fuzzing.mutations import MUTATIONS, mutated_bytes
from tests.fuzzing.seed_models import prepared, random_seed_model

SHARE_OF_DAMAGED_FILES = 0.05
SHARE_UNCHANGED = 0.1
MAXIMUM_MUTATIONS = 3


@dataclass(frozen=True)
class Case:
    """What a seed stands for.

    Attributes:
        seed_model: the name of the model that was mutated.
        mutations: what was done to it, in order.
        content: the ONNX file.
    """

    seed: int
    seed_model: str
    mutations: tuple[str, ...]
    content: bytes

    def __str__(self) -> str:
        changes = "; ".join(self.mutations) or "no mutation"
        return f"seed {self.seed}: {self.seed_model}: {changes}"


def fuzz_case(seed: int) -> Case:
    """The case of a seed; the same in every process."""
    random = Random(seed)
    start = random_seed_model(random)
    model = prepared(start, random)
    mutations: list[str] = []
    if random.random() >= SHARE_UNCHANGED:
        for _ in range(random.randrange(1, MAXIMUM_MUTATIONS + 1)):
            mutations.append(random.choice(MUTATIONS)(random, model))
    content = model.SerializeToString(deterministic=True)
    if random.random() < SHARE_OF_DAMAGED_FILES:
        content, what = mutated_bytes(random, content)
        mutations.append(what)
    return Case(seed, start.name, tuple(mutations), content)
