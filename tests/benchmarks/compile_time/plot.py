"""Draws compile times as SVG: a panel per kind of network, a stacked bar per number of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, GAP = 250, 190, 46
LEFT, TOP, BOTTOM = 52, 64, 34
COLUMNS = 3
COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677")
"""Paul Tol's "bright" scheme, which colour-blind people can tell apart."""

Times = Mapping[str, Mapping[int, Mapping[str, float]]]
"""Milliseconds by kind of network, number of nodes and stage."""


def svg_of(times: Times, title: str) -> str:
    """The plot of milliseconds per node; the same numbers give the same bytes."""
    highest = _highest(times)
    stages = list(next(iter(next(iter(times.values())).values())))
    rows = -(-len(times) // COLUMNS)
    width = LEFT + COLUMNS * (WIDTH + GAP)
    height = TOP + rows * (HEIGHT + BOTTOM + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_legend(stages),
    ]
    for index, (kind, by_nodes) in enumerate(times.items()):
        x = LEFT + index % COLUMNS * (WIDTH + GAP)
        y = TOP + 24 + index // COLUMNS * (HEIGHT + BOTTOM + GAP)
        lines += _panel(kind, by_nodes, x, y, highest)
    return "\n".join([*lines, "</svg>", ""])


def _highest(times: Times) -> float:
    """The end of the axis: the largest time per node, rounded up to one of few marks."""
    largest = max(
        sum(stages.values()) / nodes
        for by_nodes in times.values()
        for nodes, stages in by_nodes.items()
    )
    return next(mark for mark in _marks() if mark >= largest)


def _marks() -> Sequence[float]:
    return [digit * 10.0**power for power in range(-4, 6) for digit in (1, 2, 3, 4, 6, 8)]


def _legend(stages: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for index, (stage, colour) in enumerate(zip(stages, COLOURS, strict=False)):
        x = LEFT + 110 * index
        lines.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="46">{escape(stage)}</text>')
    return lines


def _panel(
    kind: str, by_nodes: Mapping[int, Mapping[str, float]], x: int, y: int, highest: float
) -> list[str]:
    lines = [f'<text x="{x}" y="{y - 8}" font-weight="bold">{escape(kind)}</text>']
    for part in range(5):
        level = y + HEIGHT - HEIGHT * part / 4
        lines.append(
            f'<line x1="{x}" y1="{level:.1f}" x2="{x + WIDTH}" y2="{level:.1f}" stroke="#ddd"/>'
        )
        lines.append(
            f'<text x="{x - 6}" y="{level + 4:.1f}" text-anchor="end">{highest * part / 4:g}</text>'
        )
    step = WIDTH / len(by_nodes)
    for index, (nodes, stages) in enumerate(by_nodes.items()):
        left, level = x + step * (index + 0.2), float(y + HEIGHT)
        for milliseconds, colour in zip(stages.values(), COLOURS, strict=False):
            size = HEIGHT * milliseconds / nodes / highest
            level -= size
            lines.append(
                f'<rect x="{left:.1f}" y="{level:.1f}" width="{step * 0.6:.1f}" '
                f'height="{size:.1f}" fill="{colour}"/>'
            )
        middle = x + step * (index + 0.5)
        lines.append(
            f'<text x="{middle:.1f}" y="{y + HEIGHT + 16}" text-anchor="middle">{nodes:,}</text>'
        )
    return lines
