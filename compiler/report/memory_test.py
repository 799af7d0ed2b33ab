"""The memory report counts every byte, and its page needs nothing but itself."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from compiler.ir import Graph
from compiler.memory import MemoryMap, plan
from compiler.memory.sample_graphs import GraphBuilder, int8, mobilenet, transformer_step
from compiler.report.memory import MemoryReport, memory_report
from compiler.report.memory_page import picture, to_html, to_text


def entries(*graphs: Graph) -> list[tuple[str, Graph, MemoryMap]]:
    maps = plan(graphs).maps
    return [(graph.name, graph, memory_map) for graph, memory_map in zip(graphs, maps, strict=True)]


def sample() -> MemoryReport:
    decode, prefill = transformer_step(2), transformer_step(2)
    decode.name, prefill.name = "decode", "prefill"
    return memory_report("language model", entries(decode, prefill), {"stack": 4096})


def test_totals_count_what_is_shared_once() -> None:
    report = sample()
    graph = transformer_step(2)
    assert report.totals == {
        "weights": sum(value.type.bytes for value in graph.constants()),
        "states": 4 * 256 * 288,
        "arena": plan([graph]).arena_bytes,
        "interface": 8 + 4 * 512,
        "stack": 4096,
    }


def test_json_has_every_buffer() -> None:
    data = json.loads(sample().to_json())
    assert data["totals"]["stack"] == 4096
    assert [entry["name"] for entry in data["entry_points"]] == ["decode", "prefill"]
    for entry in data["entry_points"]:
        top = max(buffer["offset"] + buffer["bytes"] for buffer in entry["buffers"])
        assert entry["bound"] <= top <= entry["arena_bytes"]
        assert max(step["live_bytes"] for step in entry["steps"]) == entry["bound"]
        assert {buffer["kind"] for buffer in entry["buffers"]} == {"activation", "scratch"}
    assert sample().to_json() == sample().to_json()


def test_section_that_is_counted_already_is_refused() -> None:
    with pytest.raises(ValueError, match="arena"):
        memory_report("x", entries(mobilenet()), {"arena": 1})


def test_text_lists_what_is_alive_at_the_peak() -> None:
    report = memory_report("mobilenet", entries(mobilenet()))
    text = to_text(report)
    assert "277,344 bytes" in text
    assert re.search(r"221,184 bytes  activation", text)
    assert not any(line.endswith(" ") for line in text.splitlines())


class _Page(HTMLParser):
    """Tags with their attributes, and that every element is closed where it must be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_well_formed_and_self_contained() -> None:
    report = sample()
    page = to_html(report)
    parser = _Page()
    parser.feed(page)
    assert parser.open == []
    for tag, attributes in parser.tags:
        assert tag not in ("script", "link", "img", "iframe")
        assert not {"src", "href"} & set(attributes)
    assert "url(" not in page
    assert "prefers-color-scheme: dark" in page
    drawn = [a for tag, a in parser.tags if tag == "rect" and "buffer" in (a["class"] or "")]
    assert len(drawn) == sum(len(entry.buffers) for entry in report.entry_points)


def test_names_are_escaped() -> None:
    build = GraphBuilder("<b>&amp;")
    x = build.input("<script>", int8(4))
    graph = build.finish(build.mix(build.mix(x, to=int8(8)), to=int8(4)))
    page = to_html(memory_report("<i>", entries(graph)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page


def test_picture_shows_every_byte_at_its_place() -> None:
    (entry,) = memory_report("mobilenet", entries(mobilenet())).entry_points
    drawn = picture(entry)
    scale = (drawn.bottom - drawn.top) / entry.arena_bytes
    for rectangle, buffer in zip(drawn.rectangles, entry.buffers, strict=True):
        bottom = drawn.bottom - buffer.offset * scale
        assert abs(rectangle.height - buffer.bytes * scale) <= 0.2
        assert abs(rectangle.y + rectangle.height - bottom) <= 0.2
        assert drawn.left <= rectangle.x <= rectangle.x + rectangle.width <= drawn.right + 0.2


def test_states_that_are_saved_while_they_swap_are_shown() -> None:
    build = GraphBuilder("swap")
    a, b = build.input("a", int8(8)), build.input("b", int8(8))
    graph = build.finish(build.mix(a, b, to=int8(2)), states=[("a", b), ("b", a)])
    report = memory_report("swap", entries(graph))
    assert [buffer.kind for buffer in report.entry_points[0].buffers] == ["saved state"]
    assert "saved state" in to_html(report)


def test_network_without_arena() -> None:
    build = GraphBuilder("small")
    graph = build.finish(build.mix(build.input("x", int8(2)), to=int8(2)))
    assert "Nothing has to be kept in the arena" in to_html(memory_report("s", entries(graph)))
