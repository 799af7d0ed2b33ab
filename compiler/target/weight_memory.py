"""What is in the accelerator's weight memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.ir import Array
from compiler.target.neureka_weights import BLOCK_BYTES


@dataclass
class WeightMemory:
    """What is left of it, in bytes, and what is there."""

    free: int
    contents: set[bytes] = field(default_factory=set[bytes])

    def needed(self, weights: Array) -> int:
        """Bytes that weights take; none if they are there."""
        data = weights.tobytes()
        return 0 if data in self.contents else -(-len(data) // BLOCK_BYTES) * BLOCK_BYTES

    def holds(self, weights: Array) -> bool:
        """Whether weights are there, or were put there because they fit."""
        size = self.needed(weights)
        if size > self.free:
            return False
        self.free -= size
        self.contents.add(weights.tobytes())
        return True
