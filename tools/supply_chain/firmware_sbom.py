"""The bill of materials of a program, as CycloneDX 1.6 in JSON (https://cyclonedx.org).

It names the program by its digest and build id, the models of its networks, every kernel and
every part of the runtime that was linked in, the compiler's support library, and the tools that
made it. Equal programs have equal bills: nothing depends on when or where it was written, and the
serial number is derived from the program's digest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.elf.elf_file import ElfError, ElfFile
from tools.elf.identity import build_id, model_digests
from tools.supply_chain.downloads import Download, download_of
from tools.supply_chain.link_inputs import read_link_inputs

NOT_STATED = "not stated"
"""Stands for a licence that nobody gave: a reader must ask, not assume."""

_LLVM = "Apache-2.0 WITH LLVM-exception"
_TOOLCHAIN = "ziglang"
_VERSION = re.compile(r'^\s*version = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class _Part:
    """What the archives of a kind are: a component whose members are named one by one."""

    pattern: re.Pattern[str]
    name: str
    description: str
    license: str
    of_toolchain: bool


def _part(
    pattern: str, name: str, description: str, license_: str = "", *, of_toolchain: bool = False
) -> _Part:
    return _Part(re.compile(pattern), name, description, license_, of_toolchain)


_PARTS = (
    _part(r"kernels/lib\w+\.(a|lo)", "kernels", "kernels that the networks call"),
    _part(r"(firmware|platforms)/.*", "runtime", "start-up, console and hardware access"),
    _part(
        r"toolchains/.*compiler_rt\.a",
        "compiler-rt",
        "the compiler's support library",
        "MIT",
        of_toolchain=True,
    ),
    _part(
        r"toolchains/host/.*/lib(c\+\+|c\+\+abi|unwind)\.a",
        "libc++",
        "C++ library and unwinder",
        _LLVM,
        of_toolchain=True,
    ),
    _part(
        r"toolchains/host/.*/(lib(c|zigc)\.a|crt1)", "musl", "C library", "MIT", of_toolchain=True
    ),
)
"""Archives of Tilewright's own repository, the first pattern that matches."""


@dataclass(frozen=True)
class Firmware:
    """What the bill is made of.

    `models` are files by network; `licenses` SPDX expressions by component, for what the build
    cannot know: `application`, `tilewright` and the names of networks. `repository` is where
    Tilewright lies below the execution root, "" if it is the workspace itself.
    """

    name: str
    platform: str
    elf: Path
    linker_map: Path
    models: Mapping[str, Path]
    licenses: Mapping[str, str]
    repository: str
    tilewright_version: str
    toolchain: Download


def bill_of(firmware: Firmware) -> Bom:
    """The bill; ElfError or OSError if a file cannot be read, ValueError if the program was not
    compiled from `models`."""
    elf = ElfFile(firmware.elf)
    digest = hashlib.sha256(firmware.elf.read_bytes()).hexdigest()
    identifier = build_id(elf)
    properties = {"platform": firmware.platform}
    if identifier is not None:
        properties["build_id"] = identifier
    program = _component(
        ComponentType.FIRMWARE,
        firmware.name,
        "firmware",
        firmware.licenses.get("application", ""),
        digest=digest,
        properties=properties,
    )
    parts = [*_models(firmware, model_digests(elf)), *_linked(firmware)]
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, f"sha256:{digest}"), components=parts)
    bom.metadata.component = program
    for tool in _tools(firmware):
        bom.metadata.tools.components.add(tool)
    bom.register_dependency(program, parts)
    return bom


def bill_text(bom: Bom) -> str:
    """The bill as it is written: sorted, and without the time, which the library adds."""
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    del content["metadata"]["timestamp"]
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _models(firmware: Firmware, digests: Mapping[str, str]) -> Iterable[Component]:
    for network, path in sorted(firmware.models.items()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digests.get(network, digest) != digest:
            raise ValueError(
                f"{firmware.elf.name} was compiled from another model of {network} than {path.name}"
            )
        yield _component(
            ComponentType.MACHINE_LEARNING_MODEL,
            network,
            f"model:{network}",
            firmware.licenses.get(network, ""),
            digest=digest,
            description=f"compiled from {path.name}",
        )


def _linked(firmware: Firmware) -> Iterable[Component]:
    """Components with the archives' members as components of their own."""
    prefix = f"{firmware.repository}/" if firmware.repository else ""
    members: dict[str, list[tuple[str, str]]] = {}
    parts = {part.name: part for part in _PARTS}
    for archive, names in read_link_inputs(firmware.linker_map).items():
        for name in names:
            # Of an object that is in no archive, the name is a path.
            part = _part_of(archive or name, prefix)
            key = part.name if part is not None else "application"
            members.setdefault(key, []).append((name, archive.removeprefix(prefix)))
    for key, files in sorted(members.items()):
        part = parts.get(key)
        license_ = firmware.licenses.get("application", "")
        if part is not None:
            license_ = part.license or firmware.licenses.get("tilewright", "")
        version = firmware.tilewright_version if part is not None else ""
        if part is not None and part.of_toolchain:
            version = firmware.toolchain.version
        yield _component(
            ComponentType.LIBRARY if part is not None else ComponentType.APPLICATION,
            key,
            f"part:{key}",
            license_,
            version=version,
            description=part.description if part is not None else "sources of the firmware's own",
            components=[
                _component(ComponentType.FILE, name, f"part:{key}:{archive}:{name}", license_)
                for name, archive in sorted(files)
            ],
        )


def _part_of(archive: str, prefix: str) -> _Part | None:
    if not archive.startswith(prefix):
        return None
    path = archive.removeprefix(prefix)
    return next((part for part in _PARTS if part.pattern.fullmatch(path)), None)


def _tools(firmware: Firmware) -> Iterable[Component]:
    yield _component(
        ComponentType.APPLICATION,
        "tilewright",
        "tool:tilewright",
        firmware.licenses.get("tilewright", ""),
        version=firmware.tilewright_version,
        description="compiler of the networks",
    )
    toolchain = firmware.toolchain
    (value,) = toolchain.hashes
    yield _component(
        ComponentType.APPLICATION,
        toolchain.name,
        f"tool:{toolchain.name}",
        toolchain.license,
        version=toolchain.version,
        description="C compiler, assembler and linker",
        digest=value.removeprefix("sha256:"),
        purl=PackageURL("pypi", name=toolchain.name, version=toolchain.version),
    )


def _component(
    type_: ComponentType,
    name: str,
    reference: str,
    license_: str,
    *,
    version: str = "",
    description: str = "",
    digest: str = "",
    properties: Mapping[str, str] | None = None,
    components: Sequence[Component] = (),
    purl: PackageURL | None = None,
) -> Component:
    stated = LicenseFactory().make_from_string(license_) if license_ else None
    return Component(
        name=name,
        type=type_,
        bom_ref=reference,
        version=version or None,
        description=description or None,
        licenses=[stated or DisjunctiveLicense(name=NOT_STATED)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else None,
        properties=[
            Property(name=f"tilewright:{key}", value=value)
            for key, value in (properties or {}).items()
        ],
        components=components,
        purl=purl,
    )


def _pairs(values: Iterable[str]) -> dict[str, str]:
    return dict(value.split("=", 1) for value in values)


def main(arguments: list[str]) -> str | None:
    """Writes a bill; returns what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--elf", type=Path, required=True)
    parser.add_argument("--map", type=Path, required=True)
    parser.add_argument("--model", action="append", default=[], metavar="NETWORK=MODEL.onnx")
    parser.add_argument("--license", action="append", default=[], metavar="COMPONENT=EXPRESSION")
    parser.add_argument("--repository", default="", help="Tilewright's, below the execution root")
    parser.add_argument("--module", type=Path, required=True, help="Tilewright's MODULE.bazel")
    parser.add_argument("--downloads", type=Path, required=True, help="downloads.json")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        rows = json.loads(options.downloads.read_text(encoding="utf-8"))
        (toolchain,) = (row for row in rows if row["name"] == _TOOLCHAIN)
        version = _VERSION.search(options.module.read_text(encoding="utf-8"))
        if version is None:
            raise ValueError(f"{options.module} states no version")
        firmware = Firmware(
            options.name,
            options.platform,
            options.elf,
            options.map,
            {network: Path(path) for network, path in _pairs(options.model).items()},
            _pairs(options.license),
            options.repository,
            version[1],
            download_of(toolchain),
        )
        options.output.write_text(bill_text(bill_of(firmware)), encoding="utf-8")
    except (ElfError, OSError, ValueError) as error:
        return f"firmware_sbom: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
