"""Draws how a build's fixed costs grow with the number of firmwares, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WIDTH, HEIGHT = 300, 200
LEFT, TOP, GAP, BOTTOM = 60, 50, 70, 40
COLOUR = "#4477aa"
TITLES = {
    "actions": "actions",
    "analysis_s": "analysis from nothing, s",
    "again_s": "analysis, nothing changed, s",
    "heap_mb": "heap of the server, MB",
    "no_op_s": "build, nothing to do, s",
}
COLUMNS = 2


def svg_of(table: Mapping[int, Mapping[str, float]]) -> str:
    """A panel for each figure over the number of firmwares; both axes begin at 0.

    What grows in proportion is a line through the first point; what grows faster bends upwards.
    """
    names = list(next(iter(table.values())))
    rows = -(-len(names) // COLUMNS)
    width, height = COLUMNS * (WIDTH + GAP) + LEFT, TOP + rows * (HEIGHT + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for index, name in enumerate(names):
        x = LEFT + index % COLUMNS * (WIDTH + GAP)
        y = TOP + index // COLUMNS * (HEIGHT + GAP)
        points = {firmwares: row[name] for firmwares, row in table.items()}
        lines += _panel(TITLES[name], points, x, y)
    return "\n".join([*lines, "</svg>", ""])


def _panel(title: str, points: Mapping[int, float], x: int, y: int) -> list[str]:
    most, highest = max(points), max(points.values()) or 1.0
    places = [
        (x + WIDTH * firmwares / most, y + HEIGHT - HEIGHT * value / highest)
        for firmwares, value in sorted(points.items())
    ]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    return [
        f'<text x="{x}" y="{y - 12}" font-size="13">{escape(title)}</text>',
        f'<path d="M{x},{y} V{y + HEIGHT} H{x + WIDTH}" fill="none" stroke="#888"/>',
        f'<text x="{x - 6}" y="{y + 5}" text-anchor="end">{highest:,.4g}</text>',
        f'<text x="{x - 6}" y="{y + HEIGHT}" text-anchor="end">0</text>',
        f'<text x="{x + WIDTH}" y="{y + HEIGHT + 16}" text-anchor="end">{most:,} firmwares</text>',
        f'<polyline points="{line}" fill="none" stroke="{COLOUR}" stroke-width="2"/>',
        *(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{COLOUR}"/>' for px, py in places),
    ]
