"""The page stands alone, and the trace is one that viewers accept."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from html.parser import HTMLParser
from typing import Any

import pytest

from tools.profile import sample_run, trace_events
from tools.profile.layers import EntryProfile, profiles
from tools.profile.measurement import Measurement
from tools.profile.page import to_html
from tools.report.image import Memory, Part


def sample(*, accelerated: bool = False) -> list[EntryProfile]:
    measurement = Measurement(sample_run.profile(accelerated=accelerated))
    return profiles(sample_run.memory(accelerated=accelerated), sample_run.mapping(), measurement)


class Elements(HTMLParser):
    """Checks that elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_self_contained() -> None:
    memory = Memory("l1", 0x10000000, 4096, (Part(".l1", 0x10000000, 1024, "tensors"),))
    page = to_html(sample(), [memory], 100e6)
    elements = Elements()
    elements.feed(page)
    assert not elements.open
    assert "canvas" in elements.seen
    assert not re.search(r"https?://|src=|@import|url\(", page)
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data is not None
    (entry,) = json.loads(data.group(1))
    assert entry["plan"][0][4] == "<x>" and "<x>" not in page
    assert [step[3] - step[2] for step in entry["steps"]] == [205, 200, 300, 100]


def test_page_shows_both_engines() -> None:
    page = to_html(sample(accelerated=True), [], 100e6)
    elements = Elements()
    elements.feed(page)
    assert not elements.open and "accelerator, 2 jobs" in page
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data is not None
    (entry,) = json.loads(data.group(1))
    # Acquired, cycles hidden and exposed, triggered, started, done; from the call on.
    assert [job[:6] for job in entry["jobs"]] == [
        [510, 0, 30, 540, 541, 640],
        [545, 53, 0, 600, 641, 790],
    ]
    assert "Engines" not in to_html(sample(), [], 100e6)


def test_tracks_of_both_engines() -> None:
    events = json.loads(trace_events.to_json(sample(accelerated=True)))["traceEvents"]
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert {"accelerator", "accelerator: configuration", "predicted: accelerator"} <= set(names)
    exposed = [event for event in events if event["name"].startswith("exposed")]
    assert [(event["ts"], event["dur"]) for event in exposed] == [(510, 30)]


@pytest.mark.parametrize("accelerated", [False, True])
def test_tracks_of_the_trace_do_not_overlap(accelerated: bool) -> None:
    events = json.loads(trace_events.to_json(sample(accelerated=accelerated)))["traceEvents"]
    names = {
        event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"
    }
    assert {"core 0", "core 1", "control core", "DMA to L1", "predicted: cores"} <= set(
        names.values()
    )
    tracks: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            tracks[event["tid"]].append(event)
    assert set(tracks) <= set(names)
    for slices in tracks.values():
        for before, after in itertools.pairwise(sorted(slices, key=lambda event: event["ts"])):
            assert before["ts"] + before["dur"] <= after["ts"]


def test_outputs_are_the_same_every_time() -> None:
    assert to_html(sample(), [], 1e8) == to_html(sample(), [], 1e8)
    assert trace_events.to_json(sample()) == trace_events.to_json(sample())
