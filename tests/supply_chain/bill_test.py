"""Bills of real programs: valid, and with every part that the program has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PARTS = {
    "host": {"kernels", "runtime", "application", "musl"},
    "qemu_rv32": {"kernels", "runtime", "application"},
    "siracusa": {"kernels", "runtime", "application"},
}


def bill(platform: str) -> str:
    return Path(f"tests/supply_chain/bill_{platform}.cdx.json").read_text(encoding="utf-8")


def components(platform: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(bill(platform))["components"]}


@pytest.mark.parametrize("platform", PARTS)
def test_it_is_valid(platform: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill(platform)) is None


@pytest.mark.parametrize("platform", PARTS)
def test_it_names_model_and_parts(platform: str) -> None:
    found = components(platform)
    digest = hashlib.sha256(Path("tests/networks/matmul_int8.onnx").read_bytes()).hexdigest()
    assert found["matmul"]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert found["matmul"]["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    assert PARTS[platform] <= set(found)


def test_kernels_are_those_that_were_linked() -> None:
    names = {row["name"] for row in components("qemu_rv32")["kernels"]["components"]}
    assert any(name.startswith("matmul") for name in names)
    assert not any(name.startswith("conv") for name in names)
