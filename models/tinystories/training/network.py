"""The TinyStories transformer in PyTorch, in float or with simulated int8 arithmetic.

Quantisation is simulated at exactly the tensors that carry a QuantizeLinear/DequantizeLinear pair
in the deployed graph: per-tensor symmetric int8 activations, per-output-channel symmetric int8
weights, a per-tensor int8 embedding table. Gradients pass straight through the rounding.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.tinystories.shape import (
    CONTEXT,
    EPSILON,
    FEED_FORWARD,
    HEADS,
    LAYERS,
    VOCABULARY,
    WIDTH,
    rotary_tables,
)
from models.tinystories.training.attention import attention

LAYER_POINTS = (
    "attention_norm", "query", "key", "value", "query_rotated", "key_rotated", "attention",
    "projection", "attention_add", "feed_forward_norm", "gate", "up", "swish", "product", "down",
    "feed_forward_add",
)  # fmt: skip
POINTS = (
    "embedding",
    *(f"layer{layer}/{point}" for layer in range(LAYERS) for point in LAYER_POINTS),
    "final_norm",
    "logits",
)
_INDEX = {name: index for index, name in enumerate(POINTS)}


def _straight_through(x: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    return x + (rounded - x).detach()


def _quantize_weight(weight: torch.Tensor) -> torch.Tensor:
    """Rounds [..., in, out] weights to int8 with one step per output channel."""
    step = weight.detach().abs().amax(-2, keepdim=True).clamp(min=1e-8) / 127
    return _straight_through(weight, torch.round(weight / step) * step)


class Network(nn.Module):
    """Weights are stored [in, out], stacked over layers; query|key|value and gate|up side by side.

    ``forward`` returns logits float32 [batch, length, vocabulary] and the largest magnitude seen
    at every quantisation point, float32 [len(POINTS)].
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int, deviation: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator) * deviation)

        self.embedding = normal(VOCABULARY, WIDTH, deviation=0.5)
        self.query_key_value = normal(LAYERS, WIDTH, 3 * WIDTH, deviation=WIDTH**-0.5)
        self.projection = nn.Parameter(torch.zeros(LAYERS, WIDTH, WIDTH))
        self.gate_up = normal(LAYERS, WIDTH, 2 * FEED_FORWARD, deviation=WIDTH**-0.5)
        self.down = nn.Parameter(torch.zeros(LAYERS, FEED_FORWARD, WIDTH))
        self.attention_norm = nn.Parameter(torch.ones(LAYERS, WIDTH))
        self.feed_forward_norm = nn.Parameter(torch.ones(LAYERS, WIDTH))
        self.final_norm = nn.Parameter(torch.ones(WIDTH))
        self.head = nn.Parameter(torch.zeros(WIDTH, VOCABULARY))
        cosine, sine = rotary_tables()
        self.register_buffer("cosine", torch.from_numpy(cosine))
        self.register_buffer("sine", torch.from_numpy(sine))

    def forward(
        self,
        tokens: torch.Tensor,
        peaks: torch.Tensor | None = None,
        observe: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Args:
        tokens: int64 [batch, length], length a multiple of 16 up to 256.
        peaks: float32 [len(POINTS)], the largest magnitude that int8 127 stands for at every
            point; None computes in float.
        observe: whether to return the largest magnitudes (else zeros).
        """
        seen: list[torch.Tensor] = []
        quantized = peaks is not None
        zeros = torch.zeros(2)

        def point(x: torch.Tensor, name: str) -> torch.Tensor:
            if observe:
                seen.append(x.detach().abs().amax().float())
            if peaks is None:
                return x
            step = peaks[_INDEX[name]] / 127
            return _straight_through(x, torch.clamp(torch.round(x / step), -128, 127) * step)

        def weight(x: torch.Tensor) -> torch.Tensor:
            return _quantize_weight(x) if quantized else x

        x = point(self.embedding[tokens], "embedding")
        for layer in range(LAYERS):
            name = f"layer{layer}/"
            normed = functional.rms_norm(x, (WIDTH,), self.attention_norm[layer], EPSILON)
            normed = point(normed, name + "attention_norm")
            projected = (normed @ weight(self.query_key_value[layer])).float()
            query, key, value = projected.split(WIDTH, -1)
            query = point(query, name + "query")
            key = point(key, name + "key")
            value = point(value, name + "value")
            steps = zeros
            if peaks is not None:
                at = _INDEX[name + "query_rotated"]
                steps = peaks[at : at + 2] / 127
            mixed, rotated_peaks = attention(
                torch.cat([query, key, value], -1), self.cosine, self.sine, steps
            )
            if observe:
                seen.extend(rotated_peaks.detach().unbind())
            mixed = point(mixed, name + "attention")
            projected = point(mixed @ weight(self.projection[layer]), name + "projection")
            x = point(x + projected, name + "attention_add")
            normed = functional.rms_norm(x, (WIDTH,), self.feed_forward_norm[layer], EPSILON)
            normed = point(normed, name + "feed_forward_norm")
            gate, up = (normed @ weight(self.gate_up[layer])).split(FEED_FORWARD, -1)
            gate = point(gate, name + "gate")
            up = point(up, name + "up")
            activated = point(functional.silu(gate), name + "swish")
            product = point(activated * up, name + "product")
            down = point(product @ weight(self.down[layer]), name + "down")
            x = point(x + down, name + "feed_forward_add")
        x = functional.rms_norm(x, (WIDTH,), self.final_norm, EPSILON)
        x = point(x, "final_norm")
        logits = point(x @ weight(self.head), "logits")
        return logits.float(), torch.stack(seen) if observe else torch.zeros(len(POINTS))


assert CONTEXT == 256 and HEADS * 4 == WIDTH, "attention.c is written for these"
