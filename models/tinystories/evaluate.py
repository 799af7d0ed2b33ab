"""Measures bits per byte of an exported ONNX model, float or int8 QDQ, and writes sample stories.

Runs in onnxruntime with its graph optimisations disabled, one window per run: the input ``last`` is
widened so that the logits of all positions come back, which changes no arithmetic.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from models.tinystories.shape import CONTEXT, HEAD_DIMENSION, HEADS
from models.tinystories.tokenizer import END_OF_TEXT, Tokenizer
from models.tinystories.training.corpus import encode_stories, read_stories
from models.tinystories.training.windows import EvaluationWindow, evaluation_windows


class Model:
    """An opened model with its caches."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        for value in (*model.graph.input, *model.graph.output):
            if value.name == "last":
                value.type.tensor_type.shape.dim[0].dim_param = "wanted"
            if value.name == "logits":
                value.type.tensor_type.shape.dim[1].dim_param = "wanted"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._caches = [
            value.name for value in self._session.get_inputs() if "_cache_" in value.name
        ]
        self._outputs = ["logits", *(name + "_next" for name in self._caches)]
        self._state: dict[str, npt.NDArray[np.float32]] = {}
        self._position = 0
        self.reset()

    def reset(self) -> None:
        """Empties the caches."""
        shape = (1, HEADS, CONTEXT, HEAD_DIMENSION)
        self._state = {name: np.zeros(shape, np.float32) for name in self._caches}
        self._position = 0

    def caches(self) -> dict[str, npt.NDArray[np.float32]]:
        """The keys and values of all tokens so far, by the names of the model's inputs."""
        return dict(self._state)

    def run(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Appends tokens and returns the logits after each, float64 [tokens, vocabulary]."""
        feed = {
            "tokens": tokens[None],
            "position": np.array([self._position], np.int64),
            "last": np.arange(len(tokens), dtype=np.int64),
        }
        logits, *caches = self._session.run(self._outputs, {**feed, **self._state})
        self._state = dict(zip(self._caches, caches, strict=True))
        self._position += len(tokens)
        return logits[0].astype(np.float64)


def window_bits(model: Model, window: EvaluationWindow) -> float:
    """Returns the information of the window's scored tokens in bits."""
    model.reset()
    logits = model.run(window.tokens[:-1])[window.scored_from :]
    targets = window.tokens[1 + window.scored_from :]
    peak = logits.max(1)
    log_sum = peak + np.log(np.exp(logits - peak[:, None]).sum(1))
    return float((log_sum - logits[np.arange(len(targets)), targets]).sum() / np.log(2))


def write_story(
    model: Model, tokenizer: Tokenizer, prompt: str, limit: int, temperature: float, seed: int
) -> str:
    """Continues a prompt until end-of-text, ``limit`` tokens or a full cache."""
    random = np.random.default_rng(seed)
    model.reset()
    tokens = [END_OF_TEXT, *tokenizer.encode(prompt)]
    logits = model.run(np.array(tokens, np.int64))[-1]
    while len(tokens) < min(CONTEXT, limit):
        if temperature == 0.0:
            token = int(logits.argmax())
        else:
            noise = random.gumbel(size=logits.shape)
            token = int((logits / temperature + noise).argmax())
        if token == END_OF_TEXT:
            break
        tokens.append(token)
        logits = model.run(np.array([token], np.int64))[-1]
    return tokenizer.decode(tokens).decode(errors="replace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--valid", type=Path, help="valid.txt.xz; measures bits per byte")
    parser.add_argument("--windows", type=int, help="measure the first N windows only")
    parser.add_argument("--prompt", action="append", default=[], help="write a story")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    model = Model(arguments.model)
    tokenizer = Tokenizer.load(arguments.tokenizer)
    if arguments.valid:
        began = time.time()
        tokens = encode_stories(tokenizer, read_stories(arguments.valid))
        bits, scored, size = 0.0, 0, 0
        for window in list(evaluation_windows(tokens))[: arguments.windows]:
            bits += window_bits(model, window)
            targets = window.tokens[1 + window.scored_from :]
            scored += len(targets)
            size += len(tokenizer.decode(targets.tolist()))
        nats = bits * np.log(2) / scored
        print(
            f"{bits / size:.4f} bit/byte ({bits:.0f} bits, {size} bytes, {scored} tokens, "
            f"{nats:.4f} nat/token, {time.time() - began:.0f} s)"
        )
    for prompt in arguments.prompt:
        story = write_story(
            model, tokenizer, prompt, CONTEXT, arguments.temperature, arguments.seed
        )
        print(
            f"--- {prompt!r}, temperature {arguments.temperature}, seed {arguments.seed}\n{story}"
        )


if __name__ == "__main__":
    main()
