"""Windows that slide over the spatial axes of [batch, spatial..., channels]: Conv and pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from compiler.errors import UnsupportedForm
from compiler.ir import Box, ParameterValue

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode

Pair = tuple[int, int]
Slices = tuple[slice, slice]


@dataclass(frozen=True)
class Window:
    """A 2-D window; each pair is (height, width), and a 1-D window has height 1.

    Attributes:
        kernel: taps on each axis.
        strides, dilations: input elements between outputs, and between taps.
        begins, ends: padding before and after the input. `ends` is what the output's extent
            implies: it may differ from the model's, and be negative if input remains unread.
    """

    kernel: Pair
    strides: Pair
    dilations: Pair
    begins: Pair
    ends: Pair

    def output(self, extents: Pair) -> Pair:
        """Height and width of the output for an input of the given extents."""
        height, width = (
            (extents[a] + self.begins[a] + self.ends[a] - self.reach(a)) // self.strides[a] + 1
            for a in (0, 1)
        )
        return height, width

    def reach(self, axis: int) -> int:
        """Input elements that one window spans."""
        return self.dilations[axis] * (self.kernel[axis] - 1) + 1

    def counts(self, axis: int, extent: int, before: int = 0, after: int = 0) -> list[int]:
        """For each output on one axis, how many taps lie in [-before, extent + after)."""
        outputs = self.output((extent, extent))[axis]
        origins = [output * self.strides[axis] - self.begins[axis] for output in range(outputs)]
        taps = [tap * self.dilations[axis] for tap in range(self.kernel[axis])]
        return [sum(-before <= o + tap < extent + after for tap in taps) for o in origins]

    def tile(self, shape: Sequence[int], box: Box) -> tuple[Window, Box]:
        """The window that computes a box of the output, and the box of the input that it reads.

        `shape` is the input's, [batch, spatial..., channels]; the box of channels is that of the
        output. What a tile's windows need of the padding, and no more, is the tile's padding.
        """
        read = box
        begins, ends = list(self.begins), list(self.ends)
        spatial = len(shape) - 2
        for axis in range(2 - spatial, 2):
            extent = shape[axis + spatial - 1]
            begin, end = (side[axis + spatial - 1] for side in (box.begin, box.end))
            first = begin * self.strides[axis] - self.begins[axis]
            last = (end - 1) * self.strides[axis] - self.begins[axis] + self.reach(axis)
            inside = min(max(first, 0), extent - 1), max(min(last, extent), 1)
            begins[axis], ends[axis] = inside[0] - first, last - inside[1]
            read = read.on(axis + spatial - 1, *inside)
        window = replace(self, begins=(begins[0], begins[1]), ends=(ends[0], ends[1]))
        return window, read

    def taps(self, extents: Pair) -> Iterator[tuple[int, int, Slices, Slices]]:
        """Taps in the kernels' order, rows before columns, that meet the input.

        Yields (row, column, outputs, inputs): the slices of the outputs whose tap lies inside of
        the input, and of the inputs they read.
        """
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                rows = self._valid(0, row, extents)
                columns = self._valid(1, column, extents)
                if rows is not None and columns is not None:
                    yield row, column, (rows[0], columns[0]), (rows[1], columns[1])

    def _valid(self, axis: int, tap: int, extents: Pair) -> Slices | None:
        stride = self.strides[axis]
        shift = tap * self.dilations[axis] - self.begins[axis]  # input = output * stride + shift
        first = max(0, -(shift // stride))
        end = min(self.output(extents)[axis], (extents[axis] - 1 - shift) // stride + 1)
        if end <= first:
            return None
        start = first * stride + shift
        return slice(first, end), slice(start, start + (end - first - 1) * stride + 1, stride)

    def parameters(
        self, inputs: Sequence[int], outputs: Sequence[int]
    ) -> dict[str, ParameterValue]:
        """The parameters that all kernels with windows share, from the tensors' shapes."""
        batches, (height, width), channels = split_shape(inputs)
        _, (output_height, output_width), output_channels = split_shape(outputs)
        return {
            "batches": batches,
            "input_height": height,
            "input_width": width,
            "input_channels": channels,
            "output_height": output_height,
            "output_width": output_width,
            "output_channels": output_channels,
            "kernel_height": self.kernel[0],
            "kernel_width": self.kernel[1],
            "stride_height": self.strides[0],
            "stride_width": self.strides[1],
            "dilation_height": self.dilations[0],
            "dilation_width": self.dilations[1],
            "pad_top": self.begins[0],
            "pad_left": self.begins[1],
        }


def split_shape(shape: Sequence[int]) -> tuple[int, Pair, int]:
    """(batch, (height, width), channels) of [batch, spatial..., channels] with 1 or 2 axes."""
    if len(shape) == 3:
        return shape[0], (1, shape[1]), shape[2]
    return shape[0], (shape[1], shape[2]), shape[3]


def with_spatial(shape: Sequence[int], spatial: Pair, channels: int) -> tuple[int, ...]:
    """A shape of the same rank as `shape` with other spatial extents and channels."""
    return (shape[0], *spatial[4 - len(shape) :], channels)


def window_attributes(node: OnnxNode, rank: int) -> tuple[list[int], list[int], list[int], str]:
    """(strides, dilations, pads, auto_pad) of a node with `rank` spatial axes."""
    return (
        node.attribute("strides", [1] * rank),
        node.attribute("dilations", [1] * rank),
        node.attribute("pads", [0] * (2 * rank)),
        node.attribute("auto_pad", "NOTSET"),
    )


def node_window(
    node: OnnxNode, kernel: Sequence[int], inputs: Sequence[int], outputs: Sequence[int]
) -> tuple[Window, tuple[Pair, Pair]]:
    """The window of a Conv or pooling node, and its (begins, ends) paddings as the model has them.

    Args:
        kernel: extents of the kernel.
        inputs, outputs: spatial extents, one or two each; the outputs' are the model's, so that
            ceil_mode is settled by them.

    Raises:
        UnsupportedForm: an attribute is none that ONNX has, or a window does not fit into the
            input: whether there is one then depends on how a quotient below 0 is rounded.
    """
    rank = len(kernel)
    strides, dilations, pads, mode = window_attributes(node, rank)
    if mode != "NOTSET":
        pads = _automatic_pads(mode, kernel, strides, dilations, inputs, outputs)
    begins, ends = pads[:rank], pads[rank:]
    for a in range(rank):
        reach, padded = dilations[a] * (kernel[a] - 1) + 1, inputs[a] + begins[a] + ends[a]
        if (
            mode == "NOTSET"
            and outputs[a]
            and reach > padded
            and not node.attribute("ceil_mode", 0)
        ):
            raise UnsupportedForm(
                f"its windows span {reach} of {padded} elements", "windows that the input has"
            )
    implied = [
        (outputs[a] - 1) * strides[a] + dilations[a] * (kernel[a] - 1) + 1 - inputs[a] - begins[a]
        for a in range(rank)
    ]
    window = Window(
        pair(kernel, 1),
        pair(strides, 1),
        pair(dilations, 1),
        pair(begins, 0),
        pair(implied, 0),
    )
    return window, (pair(begins, 0), pair(ends, 0))


def _automatic_pads(
    mode: str,
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> list[int]:
    if mode == "VALID":
        return [0] * (2 * len(kernel))
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise UnsupportedForm(f"its auto_pad is {mode}", "NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    totals = [
        max(0, (outputs[a] - 1) * strides[a] + dilations[a] * (kernel[a] - 1) + 1 - inputs[a])
        for a in range(len(kernel))
    ]
    smaller = [total // 2 for total in totals]
    larger = [total - half for total, half in zip(totals, smaller, strict=True)]
    return smaller + larger if mode == "SAME_UPPER" else larger + smaller


def pair(values: Sequence[int], default: int) -> Pair:
    """One value per axis as (height, width); `default` is the height of a 1-D window."""
    height, width = (default, *values) if len(values) == 1 else values
    return height, width
