"""The table, the page and the check of demands, from the report of a small model."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tools.quantize import check_tolerance, quantize, render_report
from tools.quantize.calibration import session
from tools.quantize.sample_classifier import classifier, features


def report(folder: Path, *options: str) -> dict[str, Any]:
    """The report about the classifier, whose right decisions are those of the float model."""
    folder.mkdir(exist_ok=True)
    model, x = classifier(), features(80)
    run = session(model)
    labels = np.array([run.run(None, {"x": row[None]})[0].argmax() for row in x])
    onnx.save(model, folder / "model.onnx")
    np.savez(folder / "calibration.npz", x=features(20, 1))
    np.savez(folder / "evaluation.npz", x=x, labels=labels)
    files = ("model.onnx", "calibration.npz", "evaluation.npz", "output.onnx", "report.json")
    names = ("model", "calibration", "evaluation", "output", "report")
    arguments = [f"--{name}={folder / file}" for name, file in zip(names, files, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["quantize", "--name=classifier", *options, *arguments])
        assert quantize.main() == 0
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return report(
        tmp_path_factory.mktemp("searched"),
        *("--weight-bits-search=4", "--weight-bits-search=2", "--tolerance=accuracy_drop=0.05"),
        *("--activations=uint8", "--calibration-method=percentile", "--percentile=99.9"),
    )


class _Page(HTMLParser):
    """Checks that tags match, and collects text and what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_loads_nothing(searched: dict[str, Any]) -> None:
    page = _Page()
    page.feed(render_report.html(searched))
    assert not page.open and not page.loaded
    for layer in searched["layers"]:
        assert layer["tensor"] in page.text
    assert "percentile 99.9" in page.text and "accuracy_drop" in page.text
    assert "Search for the bits of weights" in page.text


def test_names_of_a_model_are_no_markup(searched: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(searched))
    changed["layers"][0]["tensor"] = "<script>alert(1)</script>"
    assert "<script>" not in render_report.html(changed)


def test_the_table_has_every_layer_and_step(searched: dict[str, Any]) -> None:
    table = render_report.text(searched)
    for layer in searched["layers"]:
        assert re.search(rf"^{layer['tensor']} ", table, re.MULTILINE)
    assert table.count(" kept\n") == sum(step["kept"] for step in searched["search"]["steps"])
    assert table.count(" taken back\n") == sum(
        not step["kept"] for step in searched["search"]["steps"]
    )
    assert all(len(line) == len(line.rstrip()) for line in table.splitlines())


def test_the_report_agrees_with_the_search(searched: dict[str, Any]) -> None:
    kept = {
        layer: step["bits"]
        for step in searched["search"]["steps"]
        if step["kept"]
        for layer in step["layers"]
    }
    assert kept and searched["weight_bits"] == kept
    assert searched["tolerance"][0]["holds"]
    assert searched["weights"]["bytes"] < searched["weights"]["elements"]


def test_a_demand_that_holds_is_no_problem(searched: dict[str, Any]) -> None:
    assert not list(check_tolerance.problems(searched))


def test_a_demand_that_does_not_hold_names_figures_and_the_worst_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = report(
        tmp_path, "--weight-bits=*=2", "--tolerance=accuracy_drop=0.01", "--tolerance=agreement=1"
    )
    measured = content["tolerance"][0]["measured"]
    output = tmp_path / "checked"
    files = [f"--report={tmp_path / 'report.json'}", f"--output={output}"]
    monkeypatch.setattr(sys, "argv", ["check_tolerance", *files])
    assert check_tolerance.main() == 1
    message = capsys.readouterr().err
    assert message.count("error TW-0307: classifier: ") == 2
    assert f"accuracy_drop is {measured:g} (80 runs of evaluation.npz; float32 1, " in message
    assert "supported: at most 0.01" in message and "supported: at least 1" in message
    for layer in ("first", "second"):
        assert re.search(rf"'{layer}' \d+\.\d dB \(weights of 2 bits: give it 4 or 8\)", message)
    assert not output.exists()


def test_a_model_that_keeps_to_its_tolerance_is_marked(
    searched: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text(json.dumps(searched))
    output = tmp_path / "checked"
    files = [f"--report={tmp_path / 'report.json'}", f"--output={output}"]
    monkeypatch.setattr(sys, "argv", ["check_tolerance", *files])
    assert check_tolerance.main() == 0
    assert output.exists()


def test_without_a_report_the_command_itself_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(classifier(), tmp_path / "model.onnx")
    np.savez(tmp_path / "calibration.npz", x=features(20, 1))
    files = [f"--model={tmp_path / 'model.onnx'}", f"--calibration={tmp_path / 'calibration.npz'}"]
    output = tmp_path / "output.onnx"
    demand = "--tolerance=signal_to_noise_db=90"
    monkeypatch.setattr(sys, "argv", ["quantize", *files, f"--output={output}", demand])
    assert quantize.main() == 1
    assert "error TW-0307: output: signal_to_noise_db is " in capsys.readouterr().err
    assert not output.exists()
