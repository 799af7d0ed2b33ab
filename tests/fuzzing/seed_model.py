"""A model from which mutation starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from onnx import ModelProto


@dataclass(frozen=True)
class SeedModel:
    """A valid model that the compiler supports, for its caller alone to change.

    Attributes:
        name: what it is a form of.
        types: what its inputs hold, where the model stores integers as float32.
    """

    name: str
    model: ModelProto
    types: Mapping[str, str] = field(default_factory=dict[str, str])


Family = Callable[[Random], SeedModel]
"""Models of one importer, or of one kind of file: all of its operators are as likely."""
