"""Tests of the attention operator against PyTorch's own, forward and backward.

Needs PyTorch and an AVX-512 processor, like training itself; not part of the build's tests.
"""

from __future__ import annotations

import pytest

try:
    import torch
except ImportError:
    pytest.fail("PyTorch is missing; install it with: pip install torch==2.13.0", pytrace=False)

from torch.nn import functional

from models.tinystories.shape import rotary_tables
from models.tinystories.training.attention import attention

HEADS = 16
COSINE, SINE = (torch.from_numpy(table) for table in rotary_tables())


def reference(qkv: torch.Tensor) -> torch.Tensor:
    batch, length, _ = qkv.shape
    query, key, value = qkv.view(batch, length, 3, HEADS, 4).permute(2, 0, 3, 1, 4)

    def rotate(x: torch.Tensor) -> torch.Tensor:
        a, b = x[..., :2], x[..., 2:]
        cosine, sine = COSINE[:length], SINE[:length]
        return torch.cat([a * cosine - b * sine, a * sine + b * cosine], -1)

    mixed = functional.scaled_dot_product_attention(
        rotate(query), rotate(key), value, is_causal=True
    )
    return mixed.transpose(1, 2).reshape(batch, length, HEADS * 4)


@pytest.mark.parametrize("length", [16, 128, 256])
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_values_and_gradients_agree(length: int, scale: float) -> None:
    torch.manual_seed(length)
    qkv = (torch.randn(2, length, 3 * HEADS * 4) * scale).requires_grad_()
    gradient = torch.randn(2, length, HEADS * 4)
    exact = qkv.detach().double().requires_grad_()
    expected = reference(exact)
    (expected_gradient,) = torch.autograd.grad(expected, exact, gradient.double())
    found, _ = attention(qkv, COSINE, SINE, torch.zeros(2))
    (found_gradient,) = torch.autograd.grad(found, qkv, gradient)
    # A score is a product of two inputs; its rounding error grows with both.
    tolerance = 1e-5 * max(1.0, scale * scale)
    assert (found - expected).abs().max() < tolerance
    assert (found_gradient - expected_gradient).abs().max() < tolerance * 4


def test_steps_round_the_rotated_queries_and_keys() -> None:
    torch.manual_seed(1)
    qkv = torch.randn(1, 16, 3 * HEADS * 4)
    exact, peaks = attention(qkv, COSINE, SINE, torch.zeros(2))
    steps = peaks / 127
    rounded, _ = attention(qkv, COSINE, SINE, steps)
    coarse, _ = attention(qkv, COSINE, SINE, steps * 16)
    error = (rounded - exact).abs().max()
    assert 0 < error < 0.05
    assert (coarse - exact).abs().max() > 4 * error
