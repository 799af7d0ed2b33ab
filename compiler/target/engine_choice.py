"""Which engine computes which layer of a graph, and where the accelerator's weights are.

Every node is a piece of work for `engine_model.plan`. A layer that the accelerator can do has
several ways: the cores, the accelerator in one form or another, or both, each a part of the output,
where the models of their cycles say that they end at about the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from compiler.ir import Box, Graph, Node, Operation, TensorType, tile_types
from compiler.schedule.estimate import STEP_CYCLES
from compiler.target import pack_weights
from compiler.target.accelerator_steps import (
    Step,
    fit,
    needs_pad,
    needs_unsigned,
    steps_of_layer,
)
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.engine_model import Way, Work, plan
from compiler.target.engine_steps import steps_of
from compiler.target.neureka_form import Layer, accelerated, layer_of, reason_against, windowed
from compiler.target.neureka_weights import BLOCK_BYTES
from compiler.target.row_blocks import in_row_blocks
from compiler.target.soc import Cluster
from compiler.target.split_layers import cut_axis, halves_of
from compiler.target.weight_memory import WeightMemory

GRANULE = 32
"""Channels that the accelerator computes at a time: a vector is cut between them."""

MOST_CUTS = 3
"""Ways to share a layer that are weighed: the best, and those around it."""

LEAST_PERCENT = 2
"""By how much less time blocks of rows have to take: the model does not see all that they cost."""

LEAST_GAIN = 150
"""Cycles that sharing a layer has to save, to be worth a further call and its code."""


@dataclass(frozen=True)
class Choice:
    """What was chosen for a layer.

    Attributes:
        reason: why, for the mapping report.
        layer: the form for the accelerator; None: the cores compute it.
        cut: where the output is cut, if the cores compute what is behind that.
        weight_memory: whether the accelerator's weights are to be in weight memory.
    """

    reason: str
    layer: Layer | None = None
    cut: int | None = None
    weight_memory: bool = True


@dataclass(frozen=True)
class _Option:
    """A way, and what it means."""

    way: Way
    choice: Choice


@dataclass(frozen=True)
class Assignment:
    """What is chosen for each layer, by the name of its node.

    Attributes:
        graph: what is assigned, possibly in blocks of rows, with its nodes in order.
        cycles: of all steps.
    """

    graph: Graph
    choices: dict[str, Choice]
    cycles: int


def choose_engines(graph: Graph, cluster: Cluster, memory: WeightMemory) -> Assignment:
    """Chooses, and orders nodes so that those that run at the same time follow each other.

    Large nodes are computed in blocks of rows where that takes less time.
    """
    whole = _Choosing(graph, cluster, memory).run()
    blocks = in_row_blocks(graph, cluster, read_unsigned(graph))
    if blocks is None:
        return whole
    cut = _Choosing(blocks, cluster, memory).run()
    return cut if cut.cycles * 100 < whole.cycles * (100 - LEAST_PERCENT) else whole


def read_unsigned(graph: Graph) -> set[str]:
    """Values that the accelerator would read as uint8, so that they are padded with 0."""
    return {
        node.inputs[0]
        for node in graph.nodes
        if (layer := layer_of(graph, node)) is not None
        and node.inputs[0] is not None
        and needs_unsigned(layer)
    }


class _Choosing:
    def __init__(self, graph: Graph, cluster: Cluster, memory: WeightMemory) -> None:
        self._graph = graph
        self._cluster = cluster
        self._memory = memory
        self._layers = {
            node.name: layer for node in graph.nodes if (layer := layer_of(graph, node)) is not None
        }
        # What the accelerator reads as uint8 is best computed as that, all of it.
        self._unsigned = read_unsigned(graph)

        # A stored weight takes a byte and, if channels are few, what fills up a block.
        blocks = sum(len(layer.weights) for layer in self._layers.values())
        weights = sum(layer.weights.size for layer in self._layers.values())
        self._is_scarce = memory.free < 2 * weights + BLOCK_BYTES * blocks

    def run(self) -> Assignment:
        nodes = self._graph.nodes
        options = [self._options(node) for node in nodes]
        works = [
            Work([option.way for option in found], needs)
            for found, needs in zip(options, _needs(self._graph), strict=True)
        ]
        found = plan(works, self._memory.free)
        choices = {
            node.name: ways[way].choice
            for node, ways, way in zip(nodes, options, found.ways, strict=True)
            if node.name in self._layers
        }
        steps = steps_of(works, found)
        ordered = replace(self._graph, nodes=[nodes[index] for index in steps.order])
        return Assignment(ordered, choices, steps.cycles)

    def _options(self, node: Node) -> list[_Option]:
        layer = self._layers.get(node.name)
        if layer is None:
            return [_Option(_way_of_cores(self._graph, node, self._cluster), Choice(""))]
        cores = self._cores(node, layer)
        output = self._graph.values[node.outputs[0]].type
        x = self._graph.input_types(node)[0]
        assert x is not None
        reason = reason_against(layer)
        forms = [layer] if reason is None else []
        product = windowed(layer)
        if product is not None and reason_against(product) is None:
            forms.append(product)
        found: list[_Option] = []
        for form in forms:
            steps = steps_of_layer(x, output, form)
            if fit(steps, self._cluster):
                found += self._on_accelerator(form, steps, cores)
        if not found:
            return [_Option(cores, Choice(reason or "what it needs does not fit L1"))]
        best = min(found, key=lambda option: option.way.cycles)
        shared = self._shared(node, layer, output, best.way) if reason is None else []
        times = f"{cores.cycles:,} cycles on the cores, {best.way.cycles:,} on the accelerator"
        return [_Option(cores, Choice(f"it takes {times}")), *found, *shared]

    # --- ways ----------------------------------------------------------------------------------

    def _cores(self, node: Node, layer: Layer) -> Way:
        step = self._core_step(node, layer)
        return Way("cores", after=_cycles(step, self._cluster), copied=_copies(step, self._cluster))

    def _core_step(self, node: Node, layer: Layer) -> Step:
        packed = pack_weights.packed(self._graph, node, self._cluster.cores)
        if packed is not None:
            return Step(packed[0], [layer.x, TensorType.of(packed[1])])
        types = [type_ for type_ in self._graph.input_types(node) if type_ is not None]
        return Step(node.operation, types)

    def _on_accelerator(self, form: Layer, steps: Sequence[Step], cores: Way) -> Iterator[_Option]:
        number = next(index for index, step in enumerate(steps) if step.is_job)
        before = sum(_cycles(step, self._cluster) for step in steps[:number])
        after = sum(_cycles(step, self._cluster) for step in steps[number + 1 :])
        job = steps[number]
        copied = _copies(job, self._cluster)
        size = job.types[1].bytes
        weights = accelerated(form, unsigned_input=False, unsigned_output=False)[1][0]
        needed = self._memory.needed(weights)
        cycles = _cycles(job, self._cluster)
        for in_memory in (True, False) if self._is_scarce else (True,):
            if in_memory and needed > self._memory.free:
                continue
            way = Way(
                "accelerator",
                before,
                cycles,
                0,
                after,
                copied if in_memory else copied + size // self._cluster.dma.bytes_per_cycle,
                needed if in_memory else 0,
            )
            reason = f"{way.cycles:,} cycles, {cores.cycles:,} on the cores"
            yield _Option(way, Choice(reason, form, weight_memory=in_memory))
            if in_memory and not needed:
                return

    def _shared(self, node: Node, layer: Layer, output: TensorType, alone: Way) -> list[_Option]:
        """Ways in which both engines compute a part each, those first that end first."""
        axis = cut_axis(output.shape)
        plain = not needs_unsigned(layer) and not needs_pad(layer) and layer.windows is None
        if axis is None or not plain or node.outputs[0] in self._unsigned:
            return []
        operation, constants = accelerated(layer, unsigned_input=False, unsigned_output=False)
        types = [layer.x, *map(TensorType.of, constants)]
        if operation.infer(types)[0].shape != output.shape or layer.clip is not None:
            return []
        core = self._core_step(node, layer)
        whole = Box.whole(output.shape)
        is_vector = axis == len(output.shape) - 1
        cuts = (
            range(GRANULE, output.shape[axis], GRANULE) if is_vector else range(1, whole.end[axis])
        )
        found: list[_Option] = []
        for cut in cuts:
            boxes = whole.on(axis, 0, cut), whole.on(axis, cut, whole.end[axis])
            job = _part(operation, types, boxes[0])
            beside = _part(core.operation, core.types, boxes[1])
            if job is None or beside is None or halves_of(self._graph, node, cut) is None:
                continue
            weights = constants[0][: cut if is_vector else None]
            way = Way(
                f"accelerator to {cut}, then cores",
                job=_cycles(job, self._cluster),
                beside=_cycles(beside, self._cluster),
                copied=_copies(job, self._cluster) + _copies(beside, self._cluster),
                weight_bytes=self._memory.needed(weights),
            )
            worth = alone.before + alone.job + alone.after - max(way.job, way.beside)
            if worth >= LEAST_GAIN and way.weight_bytes <= self._memory.free:
                reason = (
                    f"the accelerator computes {cut} of {whole.end[axis]} in {way.job:,} cycles, "
                    f"the cores the others in {way.beside:,}"
                )
                found.append(_Option(way, Choice(reason, layer, cut)))
        found.sort(key=lambda option: (max(option.way.job, option.way.beside), option.choice.cut))
        return found[:MOST_CUTS]


def _part(operation: Operation, types: Sequence[TensorType], box: Box) -> Step | None:
    if box.shape[-1] % 4 and box.begin[-1]:
        return None
    tile = operation.tile(list(types), box)
    return Step(tile.operation, [type_ for type_ in tile_types(tile.inputs, types) if type_])


def _way_of_cores(graph: Graph, node: Node, cluster: Cluster) -> Way:
    types, outputs = graph.input_types(node), graph.output_types(node)
    kernel = node.operation.kernel(types, outputs)
    if kernel is None or not any(type_.elements for type_ in outputs):
        return Way("nothing")
    return Way("cores", after=kernel_cycles(kernel, outputs, cluster.cores) + STEP_CYCLES)


def _needs(graph: Graph) -> list[list[int]]:
    """For each node, the numbers of those whose results it reads."""
    made: dict[str, int] = {}
    result: list[list[int]] = []
    for index, node in enumerate(graph.nodes):
        names = [name for name in node.inputs if name is not None and name in made]
        result.append(sorted({made[name] for name in names}))
        made.update(dict.fromkeys(node.outputs, index))
    return result


def _cycles(step: Step, cluster: Cluster) -> int:
    outputs = step.operation.infer(step.types)
    kernel = step.operation.kernel(step.types, outputs)
    assert kernel is not None
    return kernel_cycles(kernel, outputs, cluster.cores) + STEP_CYCLES


def _copies(step: Step, cluster: Cluster) -> int:
    """Cycles of the DMA for constants: not for the first operand, nor the accelerator's weights."""
    copied = step.types[2 if step.is_job else 1 :]
    return sum(type_.bytes for type_ in copied) // cluster.dma.bytes_per_cycle
