"""What a node of the lowered graph computes, and the kernel that computes it.

An operation is written once, in `compiler/operators/<family>.py`, and answers everything the
compiler asks about it: result types, the bit-exact NumPy twin of its kernel, the C function to
call with its parameters, scratch memory, and which operands may share memory.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compiler.ir.data_type import Array, TensorType
from compiler.ir.tile import Box, Tile

ParameterValue = int | float | tuple[int, ...]


@dataclass(frozen=True)
class Kernel:
    """A call of a C kernel.

    The C function is called as

        function(&parameters, inputs..., outputs..., [scratch,] core, cores)

    with one pointer per input of the node, in order (NULL for an absent optional input), one per
    output, a scratch pointer if `scratch_bytes` is not zero, then the index of the calling core
    and the number of cores. `parameters` are the fields of `<function>_parameters` by name; each
    field of the C struct is `int32_t`, `uint32_t`, `float` or a fixed array of one of them, and
    every field is given.
    """

    function: str
    header: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    scratch_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """How far into an operand an operation reaches, where only data tell.

    Along `axis` neither results nor what is written depend on elements from
    max(values of input `by`) + `offset` on.
    """

    axis: int
    by: int
    offset: int


class Operation(abc.ABC):
    """Base of all operations: frozen dataclasses whose fields are compile-time constants.

    Operands that are arrays (weights, per-channel bias and scale, tables) are inputs of the node
    with constant data, not fields: they are placed and packed like every other tensor.
    """

    @abc.abstractmethod
    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        """Types of the outputs, from those of the inputs (None: absent optional input)."""

    @abc.abstractmethod
    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The outputs, equal to the kernel's to the last bit (see docs/numerics.md)."""

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        """The C kernel to call; None if nothing has to run because the output is a view."""
        raise TypeError(f"{type(self).__name__} is neither a view nor has a kernel")

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        """Number of multiply-accumulate operations, for reports and cost models."""
        del inputs
        return 0

    @property
    def view_of(self) -> int | None:
        """Index of the input that output 0 is a view of (its bytes, or part of them), or None."""
        return None

    def view_begin(self, inputs: Sequence[TensorType | None]) -> int | None:
        """Where a view of part of an input begins in it, in bytes; None: it shows all of it."""
        del inputs
        return None

    @property
    def joins(self) -> bool:
        """Whether output 0 is its inputs one behind the other, each computed in its memory."""
        return False

    @property
    def in_place(self) -> tuple[int, ...]:
        """Indices of inputs whose memory output 0 may take over: element i needs only element i."""
        return ()

    @property
    def updates(self) -> int | None:
        """Index of the input that output 0 updates in place and leaves otherwise untouched.

        Unlike `in_place` this is not an option: the kernel writes the changed elements only, so
        output 0 must have that input's memory (a KV cache, for example). The NumPy twin returns
        the whole updated tensor.
        """
        return None

    @property
    def sparsely_read(self) -> tuple[int, ...]:
        """Indices of inputs of which the kernel reads a small part that only data tells."""
        return ()

    def reach(self, inputs: Sequence[TensorType | None]) -> Mapping[int, Reach]:
        """By index, inputs of which only a first part matters: the rows of a cache in use."""
        del inputs
        return {}

    def within(self, inputs: Sequence[TensorType | None], extents: Mapping[int, int]) -> Tile:
        """The same on operands that end after `extents` elements, on the axes of their `reach`.

        `extents` has every input that `reach` names, and is nowhere below what that says. An
        output that is an update of a shortened input is shortened like that.
        """
        raise TypeError(f"{type(self).__name__} reaches all of its operands")

    @property
    def is_job(self) -> bool:
        """Whether the kernel is a job of an accelerator, which runs beside the cores' calls.

        A job is started by `<kernel>_start`, and `<kernel>_finish` waits for all of them.
        """
        return False

    @property
    def weight_memory_inputs(self) -> tuple[int, ...]:
        """Indices of inputs, constants, that the kernel reads in an accelerator's weight memory."""
        return ()

    @property
    def needs_l1(self) -> bool:
        """Whether the kernel reaches nothing else than a cluster's L1 and its weight memory."""
        return False

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        """Axes of output 0 along which `tile` can cut, non-negative; none: it is one piece."""
        del inputs
        return ()

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        """The tile that computes a box of output 0, cut along `tile_axes` only."""
        (output,) = self.infer(inputs)
        assert box == Box.whole(output.shape)
        whole = tuple(None if type_ is None else Box.whole(type_.shape) for type_ in inputs)
        return Tile(self, whole, box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        """How the operation commutes with a permutation of axes; for passes that change layouts.

        Axis i of a permuted tensor is axis `permutation[i]` of the original, as in `Transpose`.
        Returns (operation, indices): `operation`, applied to the same inputs with those at
        `indices` permuted (after axes of extent 1 are prepended up to the output's rank), gives
        the permuted output. None if there is no such operation.
        """
        del permutation
        return None
