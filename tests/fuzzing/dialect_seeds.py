"""Seeds in the integer dialect of the PULP tools: its operators one by one, and random chains."""

from __future__ import annotations

from random import Random

from tests.fuzzing.seed_model import SeedModel
from tests.integer_dialect.builder import Builder
from tests.integer_dialect.inventory import INVENTORY
from tests.integer_dialect.variations import DOMAINS, Variation

SHARE_OF_CHAINS = 0.4
OPSET = 13


def integer_dialect(random: Random) -> SeedModel:
    """An operator of the inventory with one of its types, or a few in other shapes and forms."""
    number = random.randrange(2**32)
    if random.random() < SHARE_OF_CHAINS:
        model, types = Variation(number).build()
        return SeedModel(f"variation {number} of the integer dialect", model, dict(types))
    operator = random.choice(list(INVENTORY))
    entry = INVENTORY[operator]
    type_ = random.choice(entry.types)
    builder = Builder(operator, number, OPSET, random.choice(DOMAINS))
    model = builder.model((entry.build(builder, type_), entry.rank))
    return SeedModel(f"{operator} of {type_}", model, dict(builder.types))
