"""Draws decode steps as SVG: a stacked bar of causes for each, with its bounds as marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 640, 190, 60, 92, 54, 24
COLOURS = (
    *("#228833", "#4477aa", "#aa3377", "#ee6677", "#ccbb44", "#997700"),
    *("#bbbbbb", "#66ccee", "#222255", "#dddddd"),
)
"""After Paul Tol's "bright" scheme."""

Bar = tuple[str, Mapping[str, float], Mapping[str, float]]
"""Title, cycles by cause, and marks: cycles by name."""


def svg_of(bars: Sequence[Bar], title: str) -> str:
    """The plot; the same numbers give the same bytes."""
    longest = max(sum(causes.values()) for _, causes, _ in bars)
    step = next(mark for mark in (1e4, 2e4, 5e4, 1e5, 2e5, 5e5) if longest / mark <= 8)
    scale = WIDTH / longest
    height = TOP + ROW * len(bars) + 34
    width = LEFT + WIDTH + RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>',
        *_legend(list(bars[0][1])),
    ]
    end = TOP + ROW * len(bars)
    for mark in range(int(longest / step) + 1):
        x = LEFT + mark * step * scale
        lines.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{end}" stroke="#ddd"/>')
        lines.append(
            f'<text x="{x:.1f}" y="{end + 16}" text-anchor="middle">{mark * step / 1000:g} k</text>'
        )
    for index, bar in enumerate(bars):
        lines += _bar(bar, TOP + ROW * index, scale)
    return "\n".join([*lines, "</svg>", ""])


def _legend(causes: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for index, (cause, colour) in enumerate(zip(causes, COLOURS, strict=True)):
        x, y = 12 + 172 * (index % 5), 36 + 20 * (index // 5)
        lines.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        lines.append(f'<text x="{x + 17}" y="{y + 10}">{escape(cause)}</text>')
    return lines


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    title, causes, marks = bar
    lines = [f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(title)}</text>']
    x = float(LEFT)
    for cycles, colour in zip(causes.values(), COLOURS, strict=True):
        lines.append(
            f'<rect x="{x:.1f}" y="{y}" width="{cycles * scale:.1f}" height="{BAR}" '
            f'fill="{colour}"/>'
        )
        x += cycles * scale
    total = sum(causes.values())
    lines.append(f'<text x="{x + 4:.1f}" y="{y + 16}">{total / 1000:.1f} k</text>')
    for name, cycles in marks.items():
        at = LEFT + cycles * scale
        lines.append(
            f'<line x1="{at:.1f}" y1="{y - 4}" x2="{at:.1f}" y2="{y + BAR + 4}" stroke="black" '
            f'stroke-width="2"/>'
        )
        lines.append(f'<text x="{at:.1f}" y="{y + BAR + 15}" font-size="10">{escape(name)}</text>')
    return lines
