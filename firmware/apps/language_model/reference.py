"""Greedy generation with the NumPy interpreter: what the firmware must print, token by token.

Feeds the network as `language_model.c` does: blocks that are at least three quarters full and fit
the context through `prefill`, other tokens through `decode`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph, State
from compiler.lowering.lower import lower
from compiler.passes import run_passes

END_OF_TEXT = 0


class Reference:
    """A language model with its KV cache, interpreted."""

    def __init__(self, model: Path, states: Sequence[State], block: int) -> None:
        """Lowers the model for one token and for blocks of `block`; the cache starts at real 0."""
        self._graphs: Mapping[int, Graph] = {
            length: _lower(model, states, length) for length in (1, block)
        }
        self._block = block
        self._states = tuple(states)
        decode = self._graphs[1]
        self._cache: dict[str, Array] = {}
        for state in states:
            value = decode.values[state.input]
            zero = value.quantization.zero_point if value.quantization is not None else 0
            self._cache[state.input] = np.full(value.type.shape, zero, value.type.data_type.numpy)
        (self._logits,) = (
            name for name in decode.outputs if name not in {state.output for state in states}
        )
        self._context = decode.values[states[0].input].type.shape[-2]

    @property
    def context(self) -> int:
        """Longest text in tokens: the length of the cache."""
        return self._context

    def run(self, tokens: Sequence[int], position: int) -> Array:
        """Logits as the network writes them, [vocabulary], after tokens from `position` on."""
        logits: Array | None = None
        rest = list(tokens)
        while rest:
            nearly_full = 4 * len(rest) >= 3 * self._block
            length = self._block if nearly_full and position + self._block <= self._context else 1
            now, rest = rest[:length], rest[length:]
            logits = self._step(length, now, position)
            position += len(now)
        assert logits is not None
        return logits

    def _step(self, length: int, tokens: Sequence[int], position: int) -> Array:
        padded = [*tokens, *[END_OF_TEXT] * (length - len(tokens))]
        inputs = {
            "tokens": np.array([padded], np.int32),
            "position": np.array([position], np.int32),
            "last": np.array([len(tokens) - 1], np.int32),
            **self._cache,
        }
        results = interpret(self._graphs[length], inputs)
        for state in self._states:
            self._cache[state.input] = results[state.output]
        return results[self._logits].reshape(-1)


def _lower(model: Path, states: Sequence[State], sequence: int) -> Graph:
    graph = lower(
        import_model(model, {"sequence": sequence}), "step", states=states, integer_io=("logits",)
    )
    run_passes(graph)
    return graph


def generate(reference: Reference, prompt: Sequence[int], count: int) -> list[int]:
    """The `count` likeliest tokens after the begin of text and the prompt.

    Raises ValueError if the text ends or the context is full before: a golden text must be whole.
    """
    tokens = [END_OF_TEXT, *prompt]
    logits = reference.run(tokens, 0)
    generated: list[int] = []
    while True:
        token = int(np.argmax(logits))
        if token == END_OF_TEXT:
            raise ValueError(f"the text ends after {len(generated)} tokens, not {count}")
        generated.append(token)
        if len(generated) == count:
            return generated
        position = len(tokens) + len(generated) - 1
        if position >= reference.context:
            raise ValueError(f"the context is full after {len(generated)} tokens")
        logits = reference.run([token], position)
