"""The plot of compile times."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from tests.benchmarks.compile_time.plot import HEIGHT, svg_of

SVG = "{http://www.w3.org/2000/svg}"
TIMES = {
    "chain & tree": {10: {"import": 1.0, "emission": 3.0}, 1000: {"import": 50.0, "emission": 50.0}}
}


def test_bars_are_as_high_as_milliseconds_per_node() -> None:
    root = ElementTree.fromstring(svg_of(TIMES, "a < b"))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"a < b", "chain & tree", "import", "emission", "10", "1,000", "0.4"} <= set(texts)
    bars = [float(bar.attrib["height"]) for bar in list(root.iter(f"{SVG}rect"))[3:]]
    highest = 0.4  # the mark from 4 ms for 10 nodes
    expected = [milliseconds / highest * HEIGHT for milliseconds in (0.1, 0.3, 0.05, 0.05)]
    assert bars == [round(height, 1) for height in expected]


def test_same_numbers_give_the_same_bytes() -> None:
    assert svg_of(TIMES, "title") == svg_of(TIMES, "title")
