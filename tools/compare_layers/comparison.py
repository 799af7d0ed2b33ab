"""Compares two recordings value by value, in the order of execution."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from compiler.ir import Array, DataType
from tools.compare_layers.recording import Form, Key, Made, Recording, Run
from tools.compare_layers.stored import stored_as

LSB = "LSB"


@dataclass(frozen=True)
class Tolerance:
    """What does not count as a difference.

    Attributes:
        lsb: of integers, and of float32 values that are dequantised integers, in their steps.
        relative, absolute: of other floats; a difference must exceed their sum.
        ulp: of other floats, in units in the last place of float32; a difference must exceed
            this as well.
    """

    lsb: float = 0.0
    relative: float = 0.0
    absolute: float = 0.0
    ulp: int = 0

    @property
    def is_exact(self) -> bool:
        return not (self.lsb or self.relative or self.absolute or self.ulp)


@dataclass(frozen=True)
class Elements:
    """One value in both recordings, elements in the model's layout and the same representation.

    Attributes:
        first, second: what is compared: stored integers, or floats.
        differs: which elements differ by more than the tolerance.
        amount: by how much all elements differ, in `unit`: "LSB", or "" for a float's own.
    """

    key: Key
    form: Form
    first: Array
    second: Array
    differs: Array
    amount: Array
    unit: str
    made: tuple[Made, Made]

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.differs))

    @property
    def largest(self) -> float:
        return float(np.max(self.amount, initial=0.0))


@dataclass
class RunComparison:
    """One run; `compared` is in the order of execution."""

    index: int
    entry_point: str
    compared: list[Elements] = field(default_factory=list[Elements])
    incomparable: list[tuple[Made, str]] = field(default_factory=list[tuple[Made, str]])
    only_first: list[Made] = field(default_factory=list[Made])
    only_second: list[Made] = field(default_factory=list[Made])

    @property
    def different(self) -> list[Elements]:
        return [elements for elements in self.compared if elements.count]


@dataclass
class Comparison:
    """All runs that both recordings have."""

    first: Recording
    second: Recording
    tolerance: Tolerance
    runs: list[RunComparison] = field(default_factory=list[RunComparison])

    @property
    def compared(self) -> int:
        return sum(len(run.compared) for run in self.runs)

    @property
    def first_different(self) -> tuple[RunComparison, Elements] | None:
        for run in self.runs:
            for elements in run.different:
                return run, elements
        return None


class UnlikeRuns(Exception):
    """The recordings are not of the same runs of the same network."""


def compare(first: Recording, second: Recording, tolerance: Tolerance) -> Comparison:
    """Compares values of the same name: of the lowered graph, or of the model with onnxruntime.

    Raises:
        UnlikeRuns: a run is of another entry point in the other recording, or there is none.
    """
    comparison = Comparison(first, second, tolerance)
    for index, (a, b) in enumerate(zip(first.runs, second.runs, strict=False)):
        if a.entry_point != b.entry_point:
            raise UnlikeRuns(
                f"run {index} is of entry point {a.entry_point!r} in {first.source} and of "
                f"{b.entry_point!r} in {second.source}"
            )
        by_tensor = not (first.is_lowered and second.is_lowered)
        comparison.runs.append(_compare_runs(index, a, b, by_tensor, comparison))
    if not comparison.compared:
        raise UnlikeRuns(f"{first.source} and {second.source} have no value in common")
    return comparison


def _compare_runs(
    index: int, first: Run, second: Run, by_tensor: bool, comparison: Comparison
) -> RunComparison:
    result = RunComparison(index, first.entry_point)
    # The run with the layers of the compiled network leads: it has their order and their copies.
    swapped = _detail(comparison.second, second) > _detail(comparison.first, first)
    leader, other = (second, first) if swapped else (first, second)
    name = _tensor if by_tensor else _value
    others = {name(key, made): made for key, made in other.made.items()}
    met: set[str] = set()
    alone: list[Made] = []
    for key, made in leader.made.items():
        wanted = name(key, made)
        partner = others.get(wanted) or others.get((wanted[0], 0))
        if partner is None:
            alone.append(made)
            continue
        met.update({wanted[0], _unquantised(partner)})
        pair = (partner, made) if swapped else (made, partner)
        lowered = pair[0] if comparison.first.is_lowered else pair[1]
        elements = _elements(key, pair, lowered, comparison.tolerance)
        if isinstance(elements, str):
            result.incomparable.append((made, elements))
        else:
            result.compared.append(elements)
    # A tensor was compared if its quantised or dequantised form was; inputs are equal.
    met.update(_unquantised(made) for made in others.values() if not made.nodes)
    rest = [
        made for key, made in others.items() if key[0] not in met and _unquantised(made) not in met
    ]
    result.only_first, result.only_second = (rest, alone) if swapped else (alone, rest)
    return result


def _unquantised(made: Made) -> str:
    return made.quantised_from or made.form.tensor


def _detail(recording: Recording, run: Run) -> tuple[bool, bool]:
    return recording.is_lowered, any(made.layer is not None for made in run.made.values())


def _value(key: Key, made: Made) -> Key:
    return key


def _tensor(key: Key, made: Made) -> Key:
    return made.form.tensor, key[1]


def _elements(
    key: Key, pair: tuple[Made, Made], lowered: Made, tolerance: Tolerance
) -> Elements | str:
    """The comparison of two arrays in the form of `lowered`, or why there is none."""
    form, data_type = lowered.form, _data_type(lowered.array)
    arrays: list[Array] = []
    for made in pair:
        array = made.array
        if array.shape != lowered.array.shape:
            shapes = " and ".join(str(list(made.array.shape)) for made in pair)
            return f"shapes {shapes}"
        converted = None if data_type is None else stored_as(form, data_type, array)
        if converted is None:
            types = " and ".join(made.array.dtype.name for made in pair)
            return f"{types}, and no scale is known"
        arrays.append(converted)
    first, second = arrays
    if data_type is DataType.FLOAT32:
        differs, amount, unit = _floats(first, second, form.step, tolerance)
    else:
        amount = np.abs(first.astype(np.int64) - second.astype(np.int64))
        differs, unit = amount > tolerance.lsb, LSB
    return Elements(key, form, first, second, differs, amount, unit, pair)


def _data_type(array: Array) -> DataType | None:
    try:
        return DataType(array.dtype.name)
    except ValueError:
        return None


def _floats(
    first: Array, second: Array, step: float | None, tolerance: Tolerance
) -> tuple[Array, Array, str]:
    a, b = first.astype(np.float64), second.astype(np.float64)
    with np.errstate(invalid="ignore"):
        amount = np.abs(a - b)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        amount = np.where(same, 0.0, np.where(np.isnan(amount), np.inf, amount))
    if tolerance.is_exact and first.dtype == second.dtype:
        bits = np.dtype(f"u{first.dtype.itemsize}")
        differs = np.ascontiguousarray(first).view(bits) != np.ascontiguousarray(second).view(bits)
        return differs, amount, ""
    if step is not None:
        steps = amount / step
        # What is left of a whole number is the rounding of the float32 product.
        return steps > tolerance.lsb + 0.01, np.round(steps, 2), LSB
    limit = tolerance.absolute + tolerance.relative * np.maximum(np.abs(a), np.abs(b))
    with np.errstate(invalid="ignore"):
        differs = amount > np.where(np.isfinite(limit), limit, 0.0)
    if tolerance.ulp:
        numbers = np.isfinite(a) & np.isfinite(b)
        units = units_in_the_last_place(first.astype(np.float32), second.astype(np.float32))
        differs &= ~numbers | (units > tolerance.ulp)
    return differs, amount, ""


def units_in_the_last_place(first: Array, second: Array) -> Array:
    """How many float32 numbers lie between elements; neither is NaN."""
    return np.abs(_ordered(first) - _ordered(second))


def _ordered(array: Array) -> Array:
    """Integers in the order of the float32 numbers, neighbours for neighbours."""
    bits = np.ascontiguousarray(array).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
