"""The plot has a panel for each figure and a point for each size."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.benchmarks.scale.plot import svg_of

_SVG = "{http://www.w3.org/2000/svg}"


def test_every_figure_has_a_panel_with_all_points() -> None:
    table = {count: {"actions": 10.0 * count, "heap_mb": 100.0} for count in (1, 16, 100)}
    picture = ElementTree.fromstring(svg_of(table))
    assert len(picture.findall(f"{_SVG}polyline")) == 2
    assert len(picture.findall(f"{_SVG}circle")) == 6


def test_proportional_growth_is_a_straight_line() -> None:
    picture = ElementTree.fromstring(svg_of({count: {"actions": 2.0 * count} for count in (1, 50)}))
    first, last = (
        (float(circle.attrib["cx"]), float(circle.attrib["cy"]))
        for circle in picture.findall(f"{_SVG}circle")
    )
    left, bottom = 60.0, 250.0  # where the axes meet
    ratio = (first[0] - left) / (last[0] - left)
    assert abs((bottom - first[1]) / (bottom - last[1]) - ratio) < 0.01
