"""Which files make up a kernel: for CORE-V cores, and portable."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from compiler.target.packed_weights import kernel_suffix
from tests.simulator.kernels.kernel_program import Kernel

_FOLDER = Path(__file__).parents[3] / "kernels"


def chosen_source(stem: str, *, portable: bool = False) -> str:
    """The source with a base name that rules/kernel_library.bzl chooses for the cluster.

    Args:
        stem: the base name.
        portable: take the reference although there is an override.

    Raises:
        FileNotFoundError: there is none.
    """
    folders = ["ref"] if portable else ["neureka", "xcorev", "ref"]
    for folder in folders:
        for extension in (".c", ".S"):
            if (_FOLDER / folder / (stem + extension)).exists():
                return f"kernels/{folder}/{stem}{extension}"
    raise FileNotFoundError(stem)


def kernel(
    name: str, header: str, buffers: int, stems: Iterable[str], *, portable: bool = False
) -> Kernel:
    """A kernel of the library; arguments as for Kernel and chosen_source."""
    sources = tuple(chosen_source(stem, portable=portable) for stem in stems)
    return Kernel(name, f"tilewright/{header}.h", sources, buffers)


def matmul_packed(bits: int = 8, *, portable: bool = False) -> Kernel:
    """tw_matmul_packed_s8 for weights of so many bits."""
    suffix = kernel_suffix(bits)
    stems = [f"matmul_packed_s8{suffix}", f"packed_columns{suffix}", "packed_block"]
    return kernel(f"tw_matmul_packed_s8{suffix}", "matmul", 3, stems, portable=portable)


def conv_packed(bits: int = 8, *, portable: bool = False) -> Kernel:
    """tw_conv_packed_s8 for weights of so many bits."""
    suffix = kernel_suffix(bits)
    stems = [f"conv_packed_s8{suffix}", "bytes", f"packed_columns{suffix}", "packed_block"]
    return kernel(f"tw_conv_packed_s8{suffix}", "conv", 4, stems, portable=portable)


def depthwise_conv_packed(*, portable: bool = False) -> Kernel:
    """tw_depthwise_conv_packed_s8."""
    stems = ["depthwise_conv_packed_s8", "depthwise_planes", "depthwise_strips"]
    return kernel("tw_depthwise_conv_packed_s8", "conv", 4, stems, portable=portable)
