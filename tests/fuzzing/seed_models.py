"""Where mutation starts: a small valid model of one of the importers, or two in a row."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.fuzzing import backend_seeds
from tests.fuzzing.chained import chained
from tests.fuzzing.contrib_seeds import contrib
from tests.fuzzing.dialect_seeds import integer_dialect
from tests.fuzzing.exported_seeds import exported
from tests.fuzzing.qoperator_seeds import qoperator
from tests.fuzzing.seed_model import Family, SeedModel

FAMILIES: Sequence[tuple[int, Family]] = (
    (8, backend_seeds.plain),
    (1, backend_seeds.recurrent),
    (2, backend_seeds.clipped),
    (2, backend_seeds.narrow_weights),
    (2, backend_seeds.half_precision),
    (4, qoperator),
    (4, contrib),
    (5, integer_dialect),
    (1, exported),
)
"""How often models of a family are drawn, and what draws one."""

SHARE_OF_CHAINS = 0.08


def random_seed_model(random: Random) -> SeedModel:
    """A model of a random family, and of a random operator of it."""
    seed = _random_model(random)
    if random.random() < SHARE_OF_CHAINS:
        return chained(random, seed, _random_model(random)) or seed
    return seed


def _random_model(random: Random) -> SeedModel:
    shares, families = zip(*FAMILIES, strict=True)
    (family,) = random.choices(families, shares)
    return family(random)
