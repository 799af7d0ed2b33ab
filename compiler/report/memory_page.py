"""The memory report as text and as a self-contained HTML page with a picture of the arena."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import jinja2

from compiler.report.memory import EntryPoint, MemoryReport

PICTURE_HEIGHT = 380
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 22, 30
SHORTEST_WIDTH, LONGEST_WIDTH = 1076, 6000
CHARACTER_WIDTH = 6.2
"""Pixels per character of the labels in the picture, at their font size."""


@dataclass(frozen=True)
class Rectangle:
    """A buffer in the picture: pixels, what it is, and what to say when it is pointed at."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str
    title: str


@dataclass(frozen=True)
class Column:
    """A step in the picture."""

    x: float
    width: float
    title: str


@dataclass(frozen=True)
class Picture:
    """Arena of one entry point: execution order to the right, addresses upwards."""

    width: int
    height: int
    left: int
    right: float
    top: int
    bottom: int
    columns: tuple[Column, ...]
    rectangles: tuple[Rectangle, ...]
    live: str
    """Points of the line of bytes in use, as SVG path data."""
    addresses: tuple[tuple[float, str], ...]
    steps: tuple[tuple[float, str], ...]
    peak: Column


def picture(entry: EntryPoint) -> Picture:
    """Geometry of an entry point's picture; pixel values are rounded to a tenth."""
    steps = len(entry.steps)
    width = min(max(SHORTEST_WIDTH, LEFT + RIGHT + 9 * steps), LONGEST_WIDTH)
    pitch = (width - LEFT - RIGHT) / steps
    bottom = PICTURE_HEIGHT - BOTTOM
    scale = (bottom - TOP) / max(entry.arena_bytes, 1)

    def x(step: float) -> float:
        return round(LEFT + step * pitch, 1)

    def y(address: int) -> float:
        return round(bottom - address * scale, 1)

    rectangles: list[Rectangle] = []
    for buffer in entry.buffers:
        w = round(x(buffer.last + 1) - x(buffer.first), 1)
        h = round(y(buffer.offset) - y(buffer.offset + buffer.bytes), 1)
        name = buffer.label
        room = int((w - 6) / CHARACTER_WIDTH)
        label = name if len(name) <= room else name[: room - 1] + "…" if room > 3 else ""
        title = (
            f"{' → '.join(buffer.values)}\n{buffer.kind}, {buffer.type}, {buffer.bytes:,} bytes\n"
            f"at {buffer.offset:,} to {buffer.offset + buffer.bytes - 1:,}\n"
            f"from {entry.steps[buffer.first].node} to {entry.steps[buffer.last].node}"
        )
        rectangles.append(
            Rectangle(
                buffer.kind.split()[0],
                x(buffer.first),
                y(buffer.offset + buffer.bytes),
                w,
                h,
                label if h >= 13 else "",
                title,
            )
        )
    columns = tuple(
        Column(
            x(index),
            round(x(index + 1) - x(index), 1),
            f"{index}: {step.node} {step.operation}\n{step.live_bytes:,} bytes in use",
        )
        for index, step in enumerate(entry.steps)
    )
    live = " ".join(
        f"{'L' if index else 'M'}{x(index)} {y(step.live_bytes)}H{x(index + 1)}"
        for index, step in enumerate(entry.steps)
    )
    stride = _round_number(steps / 12)
    grid = _round_number(entry.arena_bytes / 6)
    return Picture(
        width,
        PICTURE_HEIGHT,
        LEFT,
        x(steps),
        TOP,
        bottom,
        columns,
        tuple(rectangles),
        live,
        tuple((y(a), f"{a:,}") for a in range(0, entry.arena_bytes + 1, grid)),
        tuple((x(s + 0.5), str(s)) for s in range(0, steps, stride)),
        columns[entry.peak_step],
    )


def _round_number(wanted: float) -> int:
    """The smallest 1, 2 or 5 times a power of ten that is at least `wanted`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= wanted:
                return factor * power
        power *= 10


def to_html(report: MemoryReport) -> str:
    """One HTML page without references to anything outside it, in light or dark colours."""
    totals = report.totals
    everything = max(sum(totals.values()), 1)
    return _template().render(
        report=report,
        totals=[(name, size, 100 * size / everything) for name, size in totals.items()],
        everything=sum(totals.values()),
        pictures=[(entry, picture(entry)) for entry in report.entry_points],
    )


def to_text(report: MemoryReport) -> str:
    """Tables for a terminal: totals, then every entry point at its peak."""
    lines = [f"Memory of {report.network}", ""]
    width = max(len(name) for name in [*report.totals, "total"])
    for name, size in [*report.totals.items(), ("total", sum(report.totals.values()))]:
        lines.append(f"  {name:<{width}}  {size:>14,} bytes")
    for entry in report.entry_points:
        step = entry.peak_step
        lines += [
            "",
            f"{entry.name}: arena {entry.arena_bytes:,} bytes, lower bound {entry.bound:,}; "
            f"copies {entry.copied_bytes:,} bytes per run",
            *(f"  {sentence}" for sentence in entry.schedule),
            f"  in use at the peak, node {step} ({entry.steps[step].node}):",
        ]
        alive = [b for b in entry.buffers if b.first <= step <= b.last]
        for buffer in sorted(alive, key=lambda buffer: buffer.offset):
            lines.append(
                f"  {buffer.offset:>12,} {buffer.bytes:>12,} bytes  {buffer.kind:<11} "
                f"{buffer.label}"
            )
    return "\n".join(lines) + "\n"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    return environment.get_template("memory.html.jinja")
