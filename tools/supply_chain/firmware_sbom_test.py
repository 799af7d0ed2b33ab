"""The bill of a program whose content is known: complete, valid, and the same every time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.elf.elf_file import Section, Symbol
from tools.elf.elf_writer import elf_bytes
from tools.supply_chain import firmware_sbom
from tools.supply_chain.link_inputs import link_inputs

OUT = "bazel-out/k8-opt-ST-0123456789ab/bin/"
MAP = f"""     VMA      LMA     Size Align Out     In      Symbol
80000000 80000000       96     1         {OUT}firmware/runtime/riscv/libriscv.lo(start.o):(.text)
80000096 80000096      2bc     2         {OUT}app/_objs/app/main.o:(.text.main)
80000400 80000400       10     2         {OUT}app/libnet.a(net.o):(.text.net_run)
80000410 80000410       10     2         {OUT}kernels/libkernels.a(matmul_s8.o):(.text.tw_matmul_s8)
80000420 80000420       10     2         {OUT}kernels/libkernels.a(add_s8.o):(.text.tw_add_s8)
80000430 80000430       10     2         {OUT}kernels/libkernels.a(add_s8.o):(.rodata.tw_add_s8)
80000438 80000438       10     2         {OUT}toolchains/host/runtime/crt1.o:(.text)
80000440 80000440       10     2         {OUT}toolchains/riscv/librv32_compiler_rt.a(x.o):(.text)
"""
DOWNLOADS = [
    {
        "kind": "wheel",
        "lock": "zig.lock",
        "name": "ziglang",
        "version": "0.15.2",
        "hashes": ["sha256:" + "ab" * 32],
        "license": "MIT AND Apache-2.0 WITH LLVM-exception",
    }
]
NOT_STATED = [{"license": {"name": firmware_sbom.NOT_STATED}}]


def write(folder: Path, model: bytes = b"model", repository: str = "", *more: str) -> Path:
    """Makes a program, and its bill; returns the bill's path. SystemExit names what went wrong."""
    digest = hashlib.sha256(b"model").hexdigest()
    sections = [(Section(".rodata", 1, 2, 0, 0, 0, 0), digest.encode() + b"\0")]
    elf = elf_bytes(sections, [Symbol("net_model_digest", 0, 65, 1, 1)])
    linker_map = MAP.replace(OUT, f"{OUT}{repository}/") if repository else MAP
    (folder / "app.elf").write_bytes(elf)
    (folder / "app.map").write_text(linker_map)
    (folder / "net.onnx").write_bytes(model)
    (folder / "downloads.json").write_text(json.dumps(DOWNLOADS))
    (folder / "MODULE.bazel").write_text(
        'module(\n    name = "tilewright",\n    version = "1.2",\n)'
    )
    paths = {"elf": "app.elf", "map": "app.map", "module": "MODULE.bazel"}
    paths |= {"downloads": "downloads.json", "output": "bill.json"}
    arguments = [f"--{option}={folder / name}" for option, name in paths.items()]
    arguments += ["--name=app", "--platform=//board", f"--repository={repository}", *more]
    error = firmware_sbom.main([*arguments, f"--model=net={folder / 'net.onnx'}"])
    if error is not None:
        raise SystemExit(error)
    return folder / "bill.json"


def components(bill: Path) -> dict[str, dict[str, Any]]:
    """The components by their reference."""
    return {row["bom-ref"]: row for row in json.loads(bill.read_text())["components"]}


def test_it_is_valid(tmp_path: Path) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(write(tmp_path).read_text()) is None


def test_it_names_everything(tmp_path: Path) -> None:
    bill = write(tmp_path, b"model", "", "--license=net=CC0-1.0", "--license=application=MIT")
    content = json.loads(bill.read_text())
    digest = hashlib.sha256((tmp_path / "app.elf").read_bytes()).hexdigest()
    program = content["metadata"]["component"]
    assert program["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert program["licenses"] == [{"license": {"id": "MIT"}}]
    tools = {row["name"]: row for row in content["metadata"]["tools"]["components"]}
    assert tools["ziglang"]["version"] == "0.15.2"
    assert tools["ziglang"]["licenses"] == [{"expression": DOWNLOADS[0]["license"]}]
    assert tools["tilewright"]["version"] == "1.2"
    parts = components(bill)
    model = parts["model:net"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == hashlib.sha256(b"model").hexdigest()
    assert model["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    names = {
        key: [row["name"] for row in part["components"]]
        for key, part in parts.items()
        if "components" in part
    }
    assert names == {
        "part:kernels": ["add_s8", "matmul_s8"],
        "part:runtime": ["start"],
        "part:compiler-rt": ["x"],
        "part:musl": ["toolchains/host/runtime/crt1"],
        "part:application": ["app/_objs/app/main", "net"],
    }
    assert parts["part:compiler-rt"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert parts["part:compiler-rt"]["version"] == "0.15.2"
    assert parts["part:kernels"]["licenses"] == NOT_STATED


def test_tilewright_as_another_repository(tmp_path: Path) -> None:
    parts = components(write(tmp_path, b"model", "external/tilewright+"))
    assert [row["name"] for row in parts["part:kernels"]["components"]] == ["add_s8", "matmul_s8"]


def test_nothing_depends_on_the_folder_or_the_time(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = write(tmp_path), write(tmp_path / "other")
    assert first.read_bytes() == second.read_bytes()
    assert "timestamp" not in first.read_text()


def test_another_model_than_the_programs(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"compiled from another model of net than net\.onnx"):
        write(tmp_path, b"other")


def test_maps_of_gnu_ld() -> None:
    text = " .text.tw_f     0x0000     0x1f bazel-out/k8-opt/bin/kernels/libkernels.a(f.o)\n"
    assert link_inputs(text) == {"kernels/libkernels.a": ["f"]}
