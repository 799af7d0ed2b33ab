"""Networks with attention, and the mixer that does without."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class VisionTransformer(nn.Module):
    """Patches, a class token, positions, and two encoder layers of PyTorch's own."""

    def __init__(self, width: int = 24, heads: int = 3) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.5)
        self.positions = nn.Parameter(torch.randn(1, 17, width) * 0.5)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.normalization = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.positions
        return self.head(self.normalization(self.encoder(x))[:, 0])


class SwinBlock(nn.Module):
    """Attention in shifted windows, with a table of relative positions and a mask."""

    def __init__(self, width: int = 16, heads: int = 2, size: int = 8, window: int = 4) -> None:
        super().__init__()
        self.heads, self.size, self.window, self.shift = heads, size, window, window // 2
        self.normalization1 = nn.LayerNorm(width)
        self.normalization2 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.3)
        grid = torch.stack(
            torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
        ).flatten(1)
        relative = grid[:, :, None] - grid[:, None, :] + window - 1
        self.register_buffer("index", relative[0] * (2 * window - 1) + relative[1])
        self.register_buffer("mask", self._mask())

    def _mask(self) -> Tensor:
        regions = torch.zeros(1, self.size, self.size, 1)
        cuts = (slice(0, -self.window), slice(-self.window, -self.shift), slice(-self.shift, None))
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                regions[:, rows, columns, :] = 3 * i + j
        flat = self._windows(regions).squeeze(-1)
        return (flat[:, None, :] != flat[:, :, None]).float() * -100.0

    def _windows(self, x: Tensor) -> Tensor:
        batch, height, width, channels = x.shape
        x = x.view(batch, height // self.window, self.window, width // self.window, self.window, -1)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, self.window**2, channels)

    def _together(self, x: Tensor) -> Tensor:
        count = self.size // self.window
        x = x.view(-1, count, count, self.window, self.window, x.shape[-1])
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, self.size, self.size, x.shape[-1])

    def _attention(self, x: Tensor) -> Tensor:
        windows, tokens, width = x.shape
        qkv = self.qkv(x).reshape(windows, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query * (width // self.heads) ** -0.5) @ key.transpose(-2, -1)
        bias = self.table[self.index.view(-1)].view(tokens, tokens, -1).permute(2, 0, 1)
        scores = scores + bias.unsqueeze(0)
        kinds = self.mask.shape[0]
        scores = scores.view(-1, kinds, self.heads, tokens, tokens) + self.mask[:, None]
        weights = scores.view(-1, self.heads, tokens, tokens).softmax(dim=-1)
        return self.project((weights @ value).transpose(1, 2).reshape(windows, tokens, width))

    def forward(self, features: Tensor) -> Tensor:
        x = torch.roll(self.normalization1(features), (-self.shift, -self.shift), (1, 2))
        x = self._together(self._attention(self._windows(x)))
        x = features + torch.roll(x, (self.shift, self.shift), (1, 2))
        return x + self.feed_forward(self.normalization2(x))


class MlpMixer(nn.Module):
    """Dense layers over patches and over channels in turn."""

    def __init__(self, patches: int = 16, width: int = 16) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 4, 4)
        self.normalization1, self.normalization2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tokens = nn.Sequential(nn.Linear(patches, 24), nn.GELU(), nn.Linear(24, patches))
        self.channels = nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width))
        self.head = nn.Linear(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image).flatten(2).mT
        x = x + self.tokens(self.normalization1(x).mT).mT
        x = x + self.channels(self.normalization2(x))
        return self.head(x.mean(1))


class RmsNormalization(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class LlamaDecoder(nn.Module):
    """One block of a decoder: rotary embedding, grouped queries, SwiGLU, and a cache of 16 keys.

    `position` is that of the first of the `seq` tokens.
    """

    def __init__(
        self, tokens: int = 64, width: int = 32, heads: int = 4, groups: int = 2, context: int = 16
    ) -> None:
        super().__init__()
        self.heads, self.groups, self.depth, self.context = heads, groups, width // heads, context
        self.embedding = nn.Embedding(tokens, width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, groups * self.depth, bias=False)
        self.value = nn.Linear(width, groups * self.depth, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 2 * width, bias=False)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)
        self.normalizations = nn.ModuleList([RmsNormalization(width) for _ in range(3)])
        self.head = nn.Linear(width, tokens, bias=False)
        frequencies = 10000.0 ** (-torch.arange(0, self.depth, 2) / self.depth)
        angles = torch.outer(torch.arange(context).float(), frequencies)
        self.register_buffer("cosine", torch.cat((angles, angles), dim=-1).cos())
        self.register_buffer("sine", torch.cat((angles, angles), dim=-1).sin())

    def _rotate(self, x: Tensor, positions: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat((-second, first), dim=-1)
        return x * self.cosine[positions] + turned * self.sine[positions]

    def _split(self, x: Tensor, heads: int) -> Tensor:
        return x.view(x.shape[0], x.shape[1], heads, self.depth).transpose(1, 2)

    def forward(
        self, ids: Tensor, position: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = self.embedding(ids)
        positions = position + torch.arange(ids.shape[1])
        y = self.normalizations[0](x)
        query = self._rotate(self._split(self.query(y), self.heads), positions)
        key = self._rotate(self._split(self.key(y), self.groups), positions)
        value = self._split(self.value(y), self.groups)
        keys = keys.index_copy(2, positions, key)
        values = values.index_copy(2, positions, value)
        mask = torch.arange(self.context) <= positions[:, None]
        repeats = self.heads // self.groups
        y = functional.scaled_dot_product_attention(
            query,
            keys.repeat_interleave(repeats, dim=1),
            values.repeat_interleave(repeats, dim=1),
            attn_mask=mask,
        )
        x = x + self.output(y.transpose(1, 2).reshape(x.shape))
        y = self.normalizations[1](x)
        x = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return self.head(self.normalizations[2](x)), keys, values


class Gpt2Block(nn.Module):
    """Embeddings, one block as in GPT-2 with its causal mask, and the tied head."""

    def __init__(
        self, tokens: int = 48, width: int = 24, heads: int = 4, context: int = 16
    ) -> None:
        super().__init__()
        self.heads, self.context = heads, context
        self.tokens = nn.Embedding(tokens, width)
        self.positions = nn.Embedding(context, width)
        self.normalization1 = nn.LayerNorm(width)
        self.attend = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.normalization2 = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.reduce = nn.Linear(4 * width, width)
        self.normalization3 = nn.LayerNorm(width)
        causal = torch.tril(torch.ones(context, context, dtype=torch.bool))
        self.register_buffer("causal", causal.view(1, 1, context, context))

    def forward(self, ids: Tensor) -> Tensor:
        batch, length = ids.shape
        x = self.tokens(ids) + self.positions(torch.arange(length, device=ids.device))
        width = x.shape[-1]
        parts = self.attend(self.normalization1(x)).split(width, dim=2)
        query, key, value = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in parts
        )
        scores = query @ key.transpose(-2, -1) / math.sqrt(key.size(-1))
        scores = scores.masked_fill(~self.causal[:, :, :length, :length], float("-inf"))
        y = functional.softmax(scores, dim=-1) @ value
        x = x + self.project(y.transpose(1, 2).contiguous().view(batch, length, width))
        y = functional.gelu(self.expand(self.normalization2(x)), approximate="tanh")
        x = self.normalization3(x + self.reduce(y))
        return functional.linear(x, self.tokens.weight)


class WhisperEncoder(nn.Module):
    """Two convolutions over a spectrogram, sinusoidal positions, and one encoder block."""

    def __init__(self, bands: int = 8, width: int = 24, heads: int = 3, steps: int = 12) -> None:
        super().__init__()
        self.heads = heads
        self.convolution1 = nn.Conv1d(bands, width, 3, padding=1)
        self.convolution2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        scale = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
        angles = torch.arange(steps)[:, None] * scale[None]
        self.register_buffer("positions", torch.cat((angles.sin(), angles.cos()), dim=1))
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.normalization1 = nn.LayerNorm(width)
        self.normalization2 = nn.LayerNorm(width)
        self.normalization3 = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, spectrogram: Tensor) -> Tensor:
        x = functional.gelu(self.convolution1(spectrogram))
        x = functional.gelu(self.convolution2(x)).permute(0, 2, 1)
        x = x + self.positions
        batch, steps, _ = x.shape
        y = self.normalization1(x)
        query, key, value = (
            layer(y).view(batch, steps, self.heads, -1).permute(0, 2, 1, 3)
            for layer in (self.query, self.key, self.value)
        )
        y = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.output(y.permute(0, 2, 1, 3).flatten(start_dim=2))
        return self.normalization3(x + self.feed_forward(self.normalization2(x)))


class PostNormEncoder(nn.Module):
    """A BERT-like classifier of token ids: PyTorch's encoder layer, normalisation last."""

    def __init__(self, tokens: int = 50, width: int = 16, length: int = 10) -> None:
        super().__init__()
        self.tokens = nn.Embedding(tokens, width, padding_idx=0)
        self.positions = nn.Parameter(torch.randn(length, width) * 0.5)
        self.encoder = nn.TransformerEncoderLayer(width, 2, 32, activation="relu", batch_first=True)
        self.pool = nn.Linear(width, width)
        self.head = nn.Linear(width, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions
        y = self.encoder(x, src_key_padding_mask=mask == 0)
        return self.head(torch.tanh(self.pool(y[:, 0])))
