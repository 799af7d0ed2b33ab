"""Only kernels that a network calls are in its firmware."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks.code_size.linker_map import Size, kernel_sizes
from tests.benchmarks.code_size.report import kernels_text, network_text

FOLDER = Path("tests/benchmarks/code_size")
NETWORKS = {
    # C source of the network: linker map of a program with it
    "models/digits/digits_plain_int8_test_net.c": (
        "models/digits/digits_plain_int8_test_qemu_rv32_fw.map"
    ),
    "models/digits/digits_separable_float_test_net.c": (
        "models/digits/digits_separable_float_test_host_fw.map"
    ),
    "models/tinystories/tinystories_net.c": "models/tinystories/tinystories_qemu_rv32.map",
}
CALL = re.compile(r"^\s*tw_(\w+)\(", re.MULTILINE)

MAP = """\
     VMA      LMA     Size Align Out     In      Symbol
80000000 80000000       a2     4 .text
80000000 80000000       12     2         bin/kernels/libkernels.a(add_s8.o):(.text.tw_add_s8)
80000000 80000000        0     1                 tw_add_s8
80000012 80000012       20     2         bin/kernels/libkernels.a(add_s8.o):(.text.part)
80000032 80000032        a     2         bin/firmware/libruntime.a(copy.o):(.text.copy)
8000003c 8000003c      100     2         bin/kernels/libkernels.a(gelu_f32.o):(.rodata.table)
       0        0      392     1         bin/kernels/libkernels.a(gelu_f32.o):(.debug_info)
"""


def test_sections_of_kernels_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "program.map"
    path.write_text(MAP, encoding="utf-8")
    sizes = kernel_sizes(path)
    assert sizes == {"add_s8": Size(0x32, 0), "gelu_f32": Size(0, 0x100)}
    assert network_text("net", sizes) == "net: 2 kernels, 306 bytes\n  gelu_f32 256, add_s8 50"
    assert kernels_text({"rv32": sizes}).splitlines()[-1].split() == ["all", "2", "50", "256"]
    path.write_text("something else\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"program\.map is not a linker map of lld"):
        kernel_sizes(path)


@pytest.mark.parametrize("platform", ["host", "qemu_rv32"])
def test_every_kernel_has_code(platform: str) -> None:
    sizes = kernel_sizes(FOLDER / f"every_kernel_{platform}.map")
    sources = {path.stem for path in Path("kernels/ref").glob("*.c")}
    assert len(sources) > 100
    assert {name for name, size in sizes.items() if size.text > 0} == sources


@pytest.mark.parametrize("source", NETWORKS)
def test_called_kernels_and_no_others_are_linked(source: str) -> None:
    """Besides those, only files without a kernel: what several kernels share."""
    called = set(CALL.findall(Path(source).read_text(encoding="utf-8")))
    linked = set(kernel_sizes(Path(NETWORKS[source])))
    assert called and called <= linked
    headers = "".join(
        path.read_text(encoding="utf-8") for path in Path("kernels/include").rglob("*.h")
    )
    shared = {name for name in linked if f"tw_{name}_parameters" not in headers}
    assert linked - called <= shared


def test_a_network_without_softmax_links_none() -> None:
    linked = kernel_sizes(Path(NETWORKS["models/digits/digits_plain_int8_test_net.c"]))
    assert "conv_s8" in linked
    assert not [name for name in linked if "softmax" in name or "attention" in name]
    story = kernel_sizes(Path(NETWORKS["models/tinystories/tinystories_net.c"]))
    assert "attention_word_s8" in story
    assert not [name for name in story if "conv" in name or name.endswith("_f32")]
