"""Dumps of real networks, compiled for this machine: equal to the interpreter, or named."""

from __future__ import annotations

import ctypes
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler import pipeline
from compiler.codegen.interpreter_harness import generated, random_inputs
from compiler.codegen.network_harness import CompiledNetwork
from compiler.codegen.sample_networks import decoder
from compiler.frontend.model import OnnxModel
from compiler.ir import Graph
from compiler.report.mapping import mapping
from tools.compare_layers import compare_layers, record_layers
from tools.compare_layers.comparison import Comparison, Tolerance, compare
from tools.compare_layers.console import ConsoleReader
from tools.compare_layers.dump import Dump, DumpError, dump_file, read_dump_file
from tools.compare_layers.interpreter_source import interpreter
from tools.compare_layers.onnxruntime_source import onnxruntime
from tools.compare_layers.recording import Recording, Step

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"

CONSOLE = """\
#include <stdint.h>
#include "tilewright/soc_interface.h"
uint32_t console_size;
char console_text[1 << 22];
void tw_soc_write(const char *bytes, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    console_text[console_size++] = bytes[i];
  }
}
"""

TEXT = "console_text"
MAPPING = ["--mapping", "net.mapping.json"]
RUNTIME = ("console", "layer_dump")

# One wrong element, in the kernel's second call only.
BROKEN = """\
#include "tilewright/table.h"
void __real_tw_table(const tw_table_parameters *parameters, const int8_t *input,
                     const int8_t *table, int8_t *output, uint32_t core, uint32_t cores);
void __wrap_tw_table(const tw_table_parameters *parameters, const int8_t *input,
                     const int8_t *table, int8_t *output, uint32_t core, uint32_t cores) {
  static uint32_t calls;
  __real_tw_table(parameters, input, table, output, core, cores);
  if (++calls == 2) {
    output[5] ^= 1;
  }
}
"""


def dumped(folder: Path, graphs: Sequence[Graph], steps: Sequence[Step], *flags: str) -> bytes:
    """What a network writes to the console in some runs."""
    (folder / "console.c").write_text(CONSOLE)
    sources = [folder / "console.c", *(FIRMWARE / "runtime" / f"{name}.c" for name in RUNTIME)]
    compiled = CompiledNetwork(
        generated("net", graphs),
        "-std=c11",
        f"-I{FIRMWARE / 'include'}",
        '-DTILEWRIGHT_HOOKS="tilewright/layer_dump.h"',
        '-DTILEWRIGHT_DUMPED_NETWORK="net"',
        *map(str, sources),
        *flags,
    )
    compiled.reset()
    for step in steps:
        compiled.run(step.graph.name, step.inputs)
    size = ctypes.c_uint32.in_dll(compiled.library, "console_size").value
    return ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(compiled.library, TEXT)), size)


def broken(folder: Path) -> list[str]:
    """Compiler flags that put BROKEN in the place of the kernel."""
    (folder / "broken.c").write_text(BROKEN)
    return [str(folder / "broken.c"), "-Wl,--wrap=tw_table"]


def decoder_steps(graphs: Sequence[Graph]) -> list[Step]:
    """Both entry points; states live from run to run."""
    return [
        Step(graphs[index], random_inputs(graphs[index], ["tokens.embedded"], seed))
        for seed, index in enumerate([0, 1, 0, 0])
    ]


def report_of(graphs: Sequence[Graph]) -> dict[str, Any]:
    models = [OnnxModel(graph.name) for graph in graphs]
    return mapping("net", models, graphs, generated("net", graphs).content.layers)


def compared(graphs: Sequence[Graph], steps: Sequence[Step], console: bytes) -> Comparison:
    reader = ConsoleReader()
    assert reader.text(console) == b""
    recording = reader.dumps()["net"].recording("firmware", report_of(graphs))
    return compare(interpreter(steps), recording, Tolerance())


def test_every_layer_of_a_network_with_states_and_repetition_is_seen(tmp_path: Path) -> None:
    graphs = decoder()
    network = generated("net", graphs)
    assert all(function.blocks for function in network.content.functions)
    steps = decoder_steps(graphs)
    comparison = compared(graphs, steps, dumped(tmp_path, graphs, steps))
    assert comparison.first_different is None
    assert not comparison.second.end
    per_entry_point = {
        graph.name: sum(1 for layer in network.content.layers if layer.graph is graph)
        for graph in graphs
    }
    for run in comparison.runs:
        assert len(run.compared) == per_entry_point[run.entry_point]
        assert not run.only_second
        assert not run.incomparable
        assert all("flatten" in made.form.value for made in run.only_first)


def test_a_wrong_kernel_is_named_by_its_layer(tmp_path: Path) -> None:
    graphs = decoder()
    steps = decoder_steps(graphs)
    console = dumped(tmp_path, graphs, steps, *broken(tmp_path))
    comparison = compared(graphs, steps, console)
    found = comparison.first_different
    assert found is not None
    run, elements = found
    assert run.index == 0
    assert elements.form.value == "/layers.0/up/activation_output"
    assert np.argwhere(elements.differs).tolist() == [[0, 5]]
    assert elements.made[1].layer == 7
    assert int(elements.second[0, 5]) == int(elements.first[0, 5]) ^ 1


def test_a_dump_that_ends_early_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    graphs = decoder()
    steps = decoder_steps(graphs)
    console = dumped(tmp_path, graphs, steps)
    lines = console.splitlines(keepends=True)
    comparison = compared(graphs, steps, b"".join(lines[:12]))
    assert comparison.second.end == "it ends after layer 11"
    assert comparison.first_different is None
    reader = ConsoleReader()
    reader.text(console)
    other = report_of(decoder(layers=3))
    with pytest.raises(DumpError, match="the mapping report is another network's"):
        reader.dumps()["net"].recording("firmware", other)


def contents(dump: Dump) -> list[tuple[int, int, bytes]]:
    """Layer, output and bytes of every result: all of a dump but how it came."""
    assert dump.results
    return [(result.layer, result.index, bytes(result.data)) for result in dump.results]


def test_files_keep_dumps(tmp_path: Path) -> None:
    graphs = decoder(layers=2)
    steps = decoder_steps(graphs)
    reader = ConsoleReader()
    reader.text(dumped(tmp_path, graphs, steps))
    dump, inputs = reader.dumps()["net"], {"x": np.arange(3)}
    path = tmp_path / "net.layers.npz"
    path.write_bytes(dump_file(dump, report_of(graphs), inputs))
    kept, report, kept_inputs = read_dump_file(path)
    assert contents(kept) == contents(dump)
    assert report == report_of(graphs)
    assert np.array_equal(kept_inputs["x"], inputs["x"])
    with zipfile.ZipFile(tmp_path / "outputs.zip", "w") as archive:
        archive.write(path, "net.layers.npz")
        archive.writestr("unrelated", "")
    assert contents(read_dump_file(tmp_path / "outputs.zip")[0]) == contents(dump)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DumpError, match="is no dump of layers"):
        read_dump_file(path)


# --- the programs, on a model -------------------------------------------------------------------


def write_model(path: Path) -> Path:
    """Two convolutions with a Relu each and a Reshape: layouts, fused nodes and a view."""
    random = np.random.default_rng(0)
    weights = {
        "w1": random.normal(size=(4, 2, 3, 3)).astype(np.float32),
        "w2": random.normal(size=(3, 4, 3, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], name="first"),
        helper.make_node("Relu", ["c1"], ["r1"], name="first relu"),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], name="second"),
        helper.make_node("Sigmoid", ["c2"], ["s2"], name="squash"),
        helper.make_node("Flatten", ["s2"], ["y"], name="flatten"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 48])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, path)
    return path


def test_the_report_says_which_tensor_a_result_is(tmp_path: Path) -> None:
    firmware(tmp_path, write_model(tmp_path / "m.onnx"))
    report = json.loads((tmp_path / "net.mapping.json").read_text())
    (entry_point,) = report["entry_points"]
    results = {layer["name"]: layer["results"][0] for layer in entry_point["layers"]}
    first = results["first"]
    assert (first["tensor"], first["permutation"]) == ("r1", [0, 2, 3, 1])
    assert (first["data_type"], first["shape"]) == ("float32", [1, 6, 6, 4])


def test_interpreter_and_onnxruntime_agree_on_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "m.onnx")
    sides = ["onnxruntime", "interpreter", "--model", str(model)]
    assert compare_layers.main(sides) == 0
    text = capsys.readouterr().out
    assert "onnxruntime and interpreter agree within the tolerance: " in text
    # What a Relu was fused into has no result of its own.
    assert "only in onnxruntime: 'c1'\n" in text
    exact = ["--relative-tolerance", "0", "--absolute-tolerance", "0", "--tolerance-lsb", "0"]
    assert compare_layers.main([*sides, *exact, "--isolate"]) == 1
    text = capsys.readouterr().out
    assert "onnxruntime and interpreter differ first in run 0 (step 000): tensor 'r1'" in text
    assert "'first', 'first relu'" in text


def test_isolated_layers_read_the_references_results(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m.onnx")
    steps = steps_of_model(model)
    reference = onnxruntime(model, steps)
    made = reference.runs[0].made
    made["r1", 0] = replace(made["r1", 0], array=made["r1", 0].array + 1)

    def different(recording: Recording) -> set[str]:
        comparison = compare(reference, recording, Tolerance(relative=1e-3, absolute=1e-3))
        return {elements.form.tensor for elements in comparison.runs[0].different}

    assert different(interpreter(steps)) == {"r1"}
    # Its reader has the changed operand, that one's reader has the reference's own again.
    assert different(interpreter(steps, reference)) == {"r1", "c2"}


def steps_of_model(model: Path) -> list[Step]:
    (entry_point,) = pipeline.lower_model(pipeline.ModelOptions(model), lambda _: None)
    inputs = random_inputs(entry_point.graph, ["x"], 0)
    return [Step(entry_point.graph, inputs)]


def firmware(folder: Path, model: Path, *flags: str) -> list[str]:
    """A command that writes what firmware writes, a mapping report, and golden data.

    The words are `record_layers`'s options.
    """
    entry_points = pipeline.lower_model(pipeline.ModelOptions(model), lambda _: None)
    graphs = [entry_point.graph for entry_point in entry_points]
    steps = steps_of_model(model)
    report = mapping(
        "net",
        [entry_point.model for entry_point in entry_points],
        graphs,
        generated("net", graphs).content.layers,
    )
    (folder / "net.mapping.json").write_text(json.dumps(report))
    np.savez(folder / "golden.npz", x=steps[0].inputs["x"])
    console = b"begin " + dumped(folder, graphs, steps, *flags) + b"end\n"
    (folder / "console.txt").write_bytes(console)
    options = ["--mapping", str(folder / "net.mapping.json"), "--model", str(model)]
    options += ["--golden", str(folder / "golden.npz"), "--output", str(folder)]
    return [*options, "--", "cat", str(folder / "console.txt")]


def test_recording_keeps_the_output_and_compares(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    model = write_model(tmp_path / "m.onnx")
    words = firmware(tmp_path, model)
    assert record_layers.main(words) == 0
    captured = capfdbinary.readouterr()
    assert captured.out == b"begin end\n"
    assert b"interpreter and firmware are equal to the bit: " in captured.err
    dump = f"dump:{tmp_path / 'net.layers.npz'}"
    console = f"dump:{tmp_path / 'console.txt'}"
    report = ["--mapping", str(tmp_path / "net.mapping.json")]
    assert compare_layers.main([dump, console, *report]) == 0
    assert compare_layers.main([dump, "onnxruntime", "--model", str(model)]) == 0
    assert b"agree within the tolerance" in capfdbinary.readouterr().out


def test_recording_fails_if_a_layer_differs(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    model = write_model(tmp_path / "m.onnx")
    words = firmware(tmp_path, model)
    console = (tmp_path / "console.txt").read_bytes()
    layer_2 = console.index(b"layer net 2 0")
    digit = console.index(b"\n", layer_2) - 9
    other = b"A" if console[digit : digit + 1] != b"A" else b"B"
    (tmp_path / "console.txt").write_bytes(console[:digit] + other + console[digit + 1 :])
    assert record_layers.main(words) == 1
    out = capfdbinary.readouterr().out
    assert b"interpreter and firmware differ first in run 0 (step 000), layer 2: " in out
    assert b"\n  1 of " in out
    # The firmware's own exit code counts more.
    assert record_layers.main([*words[:-2], "sh", "-c", f"cat {words[-1]}; exit 7"]) == 7


def test_firmware_without_a_dump_is_an_error(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = firmware(tmp_path, write_model(tmp_path / "m.onnx"))
    assert record_layers.main([*words[:-2], "echo", "PASS"]) == 1
    captured = capfdbinary.readouterr()
    assert captured.out == b"PASS\n"
    assert b"the firmware has dumped no layer of network 'net'" in captured.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["interpreter", "onnxruntime"], "--model: it is missing"),
        (["interpreter", "host"], "'host' is not onnxruntime, interpreter or dump:FILE"),
        (["dump:console.txt", "interpreter"], "--mapping: it is missing"),
        (["dump:missing.npz", "interpreter"], "error TW-0001: missing.npz"),
        (["dump:m.onnx", "dump:m.onnx", "--mapping", "m.onnx"], "m.onnx: it is no mapping report"),
        (["dump:console.txt", "interpreter", *MAPPING, "--model", "m.onnx"], "--inputs: it is"),
        (["interpreter", "interpreter", "--isolate", "--model", "m.onnx"], "--isolate: it is for"),
    ],
)
def test_bad_use_is_told(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    firmware(tmp_path, write_model(tmp_path / "m.onnx"))
    monkeypatch.chdir(tmp_path)
    assert compare_layers.main(words) == 2
    assert message in capsys.readouterr().err
