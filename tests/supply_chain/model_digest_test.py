"""Programs carry the digest of the model that they were compiled from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tools.elf.elf_file import ElfFile
from tools.elf.identity import build_id, model_digests

PLATFORMS = ("host", "qemu_rv32", "siracusa")
FOLDER = Path("tests/supply_chain")


def program(platform: str) -> ElfFile:
    return ElfFile(FOLDER / f"identity_{platform}_fw.elf")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_digest_is_that_of_the_models_file(platform: str) -> None:
    digest = hashlib.sha256(Path("tests/networks/matmul_int8.onnx").read_bytes()).hexdigest()
    assert model_digests(program(platform)) == {"matmul": digest}


def test_every_program_has_another_build_id() -> None:
    identifiers = {build_id(program(platform)) for platform in PLATFORMS}
    assert None not in identifiers
    assert len(identifiers) == len(PLATFORMS)
