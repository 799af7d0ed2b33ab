"""PyTorch operator around ``attention.c``: rotary embedding and causal attention, head dim 4."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import torch

_SOURCE = Path(__file__).with_name("attention.c")


def _library() -> ctypes.CDLL:
    """Compiles the C file (once per content) and loads it."""
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    target = Path(tempfile.gettempdir()) / f"tinystories_attention_{digest}.so"
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}")
        flags = ["-O3", "-march=native", "-ffast-math", "-fno-finite-math-only", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, str(_SOURCE), "-o", str(partial), "-lm"], check=True)
        partial.replace(target)
    return ctypes.CDLL(str(target))


_LIBRARY = _library()


def _pointer(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


def _sizes(qkv: torch.Tensor) -> tuple[ctypes.c_int, ctypes.c_int, ctypes.c_int]:
    batch, length, width = qkv.shape
    return ctypes.c_int(batch), ctypes.c_int(length), ctypes.c_int(width // 12)


@torch.library.custom_op("tinystories::attention", mutates_args=())
def _forward(
    qkv: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor, steps: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch, length, width = qkv.shape
    out = torch.empty(batch, length, width // 3)
    log_sum = torch.empty(batch, width // 12, length)
    peaks = torch.empty(2)
    q_step, k_step = steps.tolist()
    _LIBRARY.attention_forward(
        _pointer(qkv.contiguous()), _pointer(cosine), _pointer(sine), *_sizes(qkv),
        ctypes.c_float(q_step), ctypes.c_float(k_step),
        _pointer(out), _pointer(log_sum), _pointer(peaks),
    )  # fmt: skip
    return out, log_sum, peaks


@_forward.register_fake
def _(qkv, cosine, sine, steps):  # type: ignore[no-untyped-def]
    batch, length, width = qkv.shape
    return (
        qkv.new_empty(batch, length, width // 3),
        qkv.new_empty(batch, width // 12, length),
        qkv.new_empty(2),
    )


@torch.library.custom_op("tinystories::attention_backward", mutates_args=())
def _backward(
    qkv: torch.Tensor,
    cosine: torch.Tensor,
    sine: torch.Tensor,
    steps: torch.Tensor,
    out: torch.Tensor,
    log_sum: torch.Tensor,
    d_out: torch.Tensor,
) -> torch.Tensor:
    d_qkv = torch.empty_like(qkv, memory_format=torch.contiguous_format)
    q_step, k_step = steps.tolist()
    d_out = d_out.contiguous()
    qkv = qkv.contiguous()
    _LIBRARY.attention_backward(
        _pointer(qkv), _pointer(cosine), _pointer(sine), *_sizes(qkv),
        ctypes.c_float(q_step), ctypes.c_float(k_step),
        _pointer(out), _pointer(log_sum), _pointer(d_out), _pointer(d_qkv),
    )  # fmt: skip
    return d_qkv


@_backward.register_fake
def _(qkv, cosine, sine, steps, out, log_sum, d_out):  # type: ignore[no-untyped-def]
    return qkv.new_empty(qkv.shape)


def _setup(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    qkv, cosine, sine, steps = inputs
    out, log_sum, _ = output
    ctx.save_for_backward(qkv, cosine, sine, steps, out, log_sum)


def _gradient(ctx, d_out, d_log_sum, d_peaks):  # type: ignore[no-untyped-def]
    qkv, cosine, sine, steps, out, log_sum = ctx.saved_tensors
    return _backward(qkv, cosine, sine, steps, out, log_sum, d_out), None, None, None


_forward.register_autograd(_gradient, setup_context=_setup)


def attention(
    qkv: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor, steps: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotates queries and keys and attends causally.

    Args:
        qkv: float32 [batch, length, 3 * heads * 4], length a multiple of 16 up to 256.
        cosine, sine: float32 [length or more, 2].
        steps: float32 [2], quantisation steps of the rotated queries and keys (0: none).

    Returns:
        The attention output, float32 [batch, length, heads * 4], and the largest magnitudes of
        the rotated queries and keys, float32 [2].
    """
    out, _, peaks = _forward(qkv, cosine, sine, steps)
    return out, peaks
