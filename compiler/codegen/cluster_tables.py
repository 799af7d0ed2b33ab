"""A program's tables as C: descriptors of calls, transfers, steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compiler.codegen.identifiers import Scope
from compiler.codegen.interface import EntryPoint, Interface
from compiler.codegen.layout import comment, initialiser, packed
from compiler.codegen.literals import comment_text, literal
from compiler.ir import Kernel, TensorType
from compiler.schedule.estimate import StepTime
from compiler.schedule.extents import parameter_patches
from compiler.schedule.program import SLOTS, Call, Place, Program, Space, Step, Transfer
from compiler.schedule.table_size import kernel_of
from compiler.target.neureka_job import job_shapes


@dataclass(frozen=True)
class KernelFunction:
    """A kernel that calls go to.

    Attributes:
        function: its name.
        header: declares it.
        operands: how many pointers it takes.
        is_job: whether calls only start it.
        has_rest: whether there are calls of more than one job.
    """

    function: str
    header: str
    operands: int
    is_job: bool
    has_rest: bool


@dataclass
class Tables:
    """C text of one entry point's tables.

    Attributes:
        name: of the C struct and of its constant.
        members: declarations of descriptors.
        steps: lines of the initialiser.
        transfers, calls, jobs: entries of it, of one line or more.
        descriptors: lines.
        relocations: (word, index of the argument), ordered by argument.
        patches: (word, growth with each row) by extent.
    """

    name: str
    members: list[str]
    steps: list[str]
    transfers: list[str]
    calls: list[str]
    jobs: list[str]
    descriptors: list[str]
    relocations: list[tuple[str, int]]
    patches: list[list[tuple[str, int]]]


def kernel_functions(programs: Sequence[Program]) -> list[KernelFunction]:
    """Every kernel that the programs call, once, by name."""
    found: dict[str, KernelFunction] = {}
    for program in programs:
        for step in program.steps:
            for call in step.calls:
                kernel = kernel_of(call)
                name = kernel.function
                has_rest = _has_rest(call, kernel) or (name in found and found[name].has_rest)
                found[name] = KernelFunction(
                    name, kernel.header, len(call.operands), call.operation.is_job, has_rest
                )
    return [found[name] for name in sorted(found)]


def _has_rest(call: Call, kernel: Kernel) -> bool:
    """Whether a call is more than one job, of which the first one is prepared beforehand."""
    return call.operation.is_job and len(job_shapes(kernel.parameters)) > 1


class TablesWriter:
    """Writes the tables of one entry point.

    `constants` maps offsets among the program's constants to offsets among the network's, and
    `weights` does so for weight memory.
    """

    def __init__(
        self,
        interface: Interface,
        entry_point: EntryPoint,
        program: Program,
        times: Sequence[StepTime],
        constants: Mapping[int, int],
        weights: Mapping[int, int],
    ) -> None:
        self._interface = interface
        self._entry_point = entry_point
        self._program = program
        self._times = times
        self._constants = constants
        self._weights = weights
        self._scope = Scope(
            (
                "steps",
                "transfers",
                "calls",
                "jobs",
                "relocations",
                "relocated",
                "extents",
                "patches",
            )
        )
        prefix = f"{entry_point.identifier}_" if entry_point.name else ""
        patches: list[list[tuple[str, int]]] = [[] for _ in program.extents]
        self._result = Tables(f"{prefix}tables", [], [], [], [], [], [], [], patches)

    def write(self) -> Tables:
        slots = Slots()
        result = self._result
        tiles: dict[str, int] = {}
        for step in self._program.steps:
            for call in step.calls:
                tiles[call.node] = max(tiles.get(call.node, 0), call.tile + 1)
        for index, step in enumerate(self._program.steps):
            ordered = slots.assign(index, step)
            for transfer, slot in ordered:
                self._transfer(transfer, slot)
            for call in step.calls:
                self._call(call, tiles[call.node], self._times[index].compute)
            due = slots.release(index)
            jobs = sum(call.operation.is_job for call in step.calls)
            calls = len(step.calls) - jobs
            result.steps.append(f"{{{calls}, {len(ordered)}, {jobs}, {due:#x}}},")
        result.relocations.sort(key=lambda relocation: relocation[1])
        return result

    def _transfer(self, transfer: Transfer, slot: int) -> None:
        number = len(self._result.transfers)
        entry = f"l1.tables.{self._result.name}.transfers[{number}]"
        word = f"{entry}.external"
        if transfer.extent is not None:
            patch = (f"&{entry}.line_bytes", transfer.row_bytes)
            self._result.patches[transfer.extent].append(patch)
        fields = [
            ("l1", self._pointer(Place(Space.L1, transfer.l1), "")),
            ("external", self._pointer(transfer.external, word)),
            ("line_bytes", str(transfer.line_bytes)),
            ("stride", str(transfer.stride)),
            ("lines", str(transfer.lines)),
            ("is_store", "0" if transfer.load else "1"),
            ("slot", str(slot)),
        ]
        items = [f".{name} = {value}" for name, value in fields]
        lines = [*comment(8, comment_text(transfer.what)), *packed(" " * 8, items, ",", "{}")]
        self._result.transfers.append("\n".join(lines))

    def _call(self, call: Call, tiles: int, cycles: int) -> None:
        kernel = kernel_of(call)
        wanted = call.node if tiles == 1 else f"{call.node}_{call.tile}"
        name = self._scope.claim(wanted)
        result = self._result
        result.members.append(f"struct {kernel.function}_call {name};")
        descriptor = f"l1.tables.{result.name}.{name}"
        only_prepared = call.operation.is_job and not _has_rest(call, kernel)
        call_items = ["NULL" if only_prepared else f"run_{kernel.function}", f"&{descriptor}"]
        entries = result.jobs if call.operation.is_job else result.calls
        entries.append("\n".join(packed(" " * 8, call_items, ",", "{}")))
        for patch in parameter_patches(call, self._program.extents):
            word = f"(uint32_t *)&{descriptor}.parameters.{patch.field}"
            result.patches[patch.extent].append((word, patch.factor))
        tile = f", tile {call.tile + 1} of {tiles}" if tiles > 1 else ""
        types = f"{_types(call.inputs)} -> {_types(call.outputs)}"
        text = f"{comment_text(call.node)}{tile}: {types}; {cycles:,} cycles predicted"
        operands = [
            "NULL" if place is None else self._pointer(place, f"{descriptor}.operands[{index}]")
            for index, place in enumerate(call.operands)
        ]
        parameters = [(key, literal(value)) for key, value in kernel.parameters.items()]
        result.descriptors += [
            *comment(4, text),
            f"    .{name} = {{",
            *initialiser(8, ".parameters = ", parameters, ","),
            *packed("        .operands = ", operands, ",", "{}"),
            "    },",
        ]

    def _pointer(self, place: Place, word: str) -> str:
        """A constant expression for an address; what only the caller knows is added later."""
        offset = place.offset
        match place.space:
            case Space.L1:
                base = "l1.arena"
            case Space.CONSTANTS:
                offset = _moved(offset, self._constants)
                return f"(void *)({self._interface.name}_weights + {offset})"
            case Space.WEIGHT_MEMORY:
                offset = _moved(offset, self._weights)
                return f"(void *)({self._interface.name}_weight_memory + {offset})"
            case Space.ARENA:
                base = "arena"
            case Space.STATE:
                state = next(s for s in self._interface.states if s.name == place.key)
                base = f"(uint8_t *)state.{state.identifier}"
            case Space.INPUT | Space.OUTPUT:
                inputs = len(self._entry_point.inputs)
                index = int(place.key) + (inputs if place.space is Space.OUTPUT else 0)
                self._result.relocations.append((word, index))
                return f"(void *){offset}"
        return f"{base} + {offset}" if offset else base


def _moved(offset: int, places: Mapping[int, int]) -> int:
    """Where an offset is when the segments that begin at the keys begin at the values."""
    start = max(start for start in places if start <= offset)
    return offset + places[start] - start


class Slots:
    """Numbers for groups of transfers that are due together."""

    def __init__(self) -> None:
        self._busy: dict[int, int] = {}

    def assign(self, step: int, content: Step) -> list[tuple[Transfer, int]]:
        """A step's transfers, grouped by when they are due, each with its slot."""
        groups: dict[int, list[Transfer]] = {}
        for transfer in content.transfers:
            groups.setdefault(transfer.due, []).append(transfer)
        result: list[tuple[int, Transfer]] = []
        for due, group in groups.items():
            free = next((s for s in range(SLOTS) if s not in self._busy), None)
            if free is None:
                raise AssertionError(f"step {step}: more than {SLOTS} groups of transfers at once")
            self._busy[free] = due
            result += [(free, transfer) for transfer in group]
        result.sort(key=lambda item: item[0])
        return [(transfer, slot) for slot, transfer in result]

    def release(self, step: int) -> int:
        """The slots that are due at the end of a step, as bits; they are free again."""
        due = [slot for slot, when in self._busy.items() if when == step]
        for slot in due:
            del self._busy[slot]
        return sum(1 << slot for slot in due)


def _types(types: Sequence[TensorType | None]) -> str:
    return ", ".join(str(type_) for type_ in types if type_ is not None) or "nothing"
