"""What a team edits, and which actions may run again for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Edit:
    """One edit of one file of a checkout.

    `reruns` is exactly what runs again, as execution_log.describe has it.
    """

    name: str
    path: str
    change: Callable[[bytes], bytes]
    reruns: frozenset[str]

    def apply(self, checkout: Path) -> None:
        """Edits the file; raises AssertionError if that changes nothing."""
        file = checkout / self.path
        before = file.read_bytes()
        after = self.change(before)
        if before == after:
            raise AssertionError(f"{self.name}: {self.path} is as it was")
        file.write_bytes(after)


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replaces what occurs once; raises AssertionError if it does not."""

    def change(contents: bytes) -> bytes:
        if contents.count(old.encode()) != 1:
            raise AssertionError(f"{old!r} occurs {contents.count(old.encode())} times")
        return contents.replace(old.encode(), new.encode())

    return change


def appended(text: str) -> Callable[[bytes], bytes]:
    """Adds `text` at the end."""
    return lambda contents: contents + text.encode()


def one_weight(name: str) -> Callable[[bytes], bytes]:
    """Changes one number of an array in an .npz file, and no shape."""

    def change(contents: bytes) -> bytes:
        with np.load(io.BytesIO(contents)) as arrays:
            weights = dict(arrays)
        weights[name] = weights[name].copy()
        weights[name].flat[0] *= 0.5
        file = io.BytesIO()
        np.savez(file, **weights)
        return file.getvalue()

    return change


AUTOENCODER = "//models/autoencoder:autoencoder_int8_test"
DIGITS = "//models/digits:digits_plain_int8_test"
NETWORKS = (AUTOENCODER, DIGITS)
CLUSTER = ("cluster_only", "full")
PLATFORMS = ("host", *CLUSTER)
STAGES = ("Analyse", "Place", "Emit")


def stages(
    networks: Iterable[str], platforms: Iterable[str], names: Iterable[str] = STAGES
) -> set[str]:
    """Stages of the compiler."""
    each = product(names, networks, platforms)
    return {f"Tilewright{stage} {network}_net on {platform}" for stage, network, platform in each}


def golden(networks: Iterable[str]) -> set[str]:
    """The interpreter's runs, which serve all platforms."""
    return {f"TilewrightGolden {network}_golden on host" for network in networks}


def compiled(file: str, platforms: Iterable[str]) -> set[str]:
    """Compilations of one C or assembly file: PACKAGE/NAME."""
    return {f"CppCompile {file}.o on {platform}" for platform in platforms}


def built(
    networks: Iterable[str], platforms: Iterable[str], objects: Iterable[str] = ("net",)
) -> set[str]:
    """Everything from the network's C files to its programs, and their tests."""
    found: set[str] = set()
    for network, platform in product(networks, platforms):
        path = network.removeprefix("//").replace(":", "/")
        for name in objects:
            found |= compiled(f"{path}_{name}", [platform])
        found.add(f"CppArchive {network}_net on {platform}")
    return found | linked(networks, platforms) | tested(networks, platforms)


def linked(networks: Iterable[str], platforms: Iterable[str]) -> set[str]:
    """Links of firmware."""
    each = product(networks, platforms)
    return {f"CppLink {network}_{platform}_fw on {platform}" for network, platform in each}


def tested(networks: Iterable[str], platforms: Iterable[str]) -> set[str]:
    """Tests on simulators."""
    return {
        f"TestRunner {network}_{platform}" for network, platform in product(networks, platforms)
    }


def rendered(networks: Iterable[str], platforms: Iterable[str]) -> set[str]:
    """Linker scripts of programs, and the chip's header."""
    each = product(networks, platforms)
    scripts = {
        f"TilewrightRender {network}_{platform}_fw on {platform}" for network, platform in each
    }
    return scripts | {
        f"TilewrightRender //platforms/siracusa:runtime_header on {platform}"
        for platform in platforms
    }


def made(model: str, rule: str) -> set[str]:
    """A model's file and its quantised form, which serve all platforms."""
    return {f"Genrule {model}_{rule} on host", f"TilewrightQuantize {model}_int8 on host"}


def edits() -> Iterator[Edit]:
    """All edits, in the order in which they are made."""
    yield Edit("README", "README.md", appended("\nOne more line.\n"), frozenset())
    # The object is the same again, so that nothing is linked.
    yield Edit(
        "comment of a kernel",
        "kernels/ref/max_pool_s8.c",
        appended("/* One more line. */\n"),
        frozenset(compiled("kernels/max_pool_s8", ["host"])),
    )
    # All that links kernels is linked; the autoencoder, which has no pooling, is the same again.
    yield Edit(
        "kernel",
        "kernels/xcorev/max_pool_s8.c",
        appended("extern const int tw_marker;\nconst int tw_marker = 1;\n"),
        frozenset(
            compiled("kernels/max_pool_s8", CLUSTER)
            | {f"CppArchive //kernels:kernels on {platform}" for platform in CLUSTER}
            | linked(NETWORKS, CLUSTER)
            | tested([DIGITS], CLUSTER)
        ),
    )
    # The compiler is one tool: whatever of it is edited, its stages run for all networks, and what
    # they write is the same but for what the edit changes. Code for clusters has another template.
    everything = stages(NETWORKS, PLATFORMS) | golden(NETWORKS)
    of_the_host = {
        action
        for network in ("autoencoder/autoencoder", "digits/digits_plain")
        for action in compiled(f"models/{network}_int8_test_net", ["host"])
    }
    yield Edit(
        "comment of generated code's template",
        "compiler/codegen/templates/source.c.jinja",
        replaced("The weights, packed in", "All weights, packed in"),
        frozenset(everything | of_the_host),
    )
    yield Edit(
        "template",
        "compiler/codegen/templates/source.c.jinja",
        replaced("static uint8_t arena[", "static uint8_t  arena["),
        frozenset(everything | of_the_host),
    )
    yield Edit(
        "pass",
        "compiler/passes/remove_identities.py",
        appended("# One more line.\n"),
        frozenset(everything),
    )
    # Models of cycles, and so tiles, depend on it; the host and the simulator's code do not.
    yield Edit(
        "latency of a chip",
        "platforms/siracusa/soc.yaml",
        replaced("l2_latency: 12", "l2_latency: 13"),
        frozenset(
            stages(NETWORKS, CLUSTER) | rendered(NETWORKS, CLUSTER) | built(NETWORKS, CLUSTER)
        ),
    )
    # No memory is planned and nothing is scheduled again.
    yield Edit(
        "weights of a model",
        "models/digits/plain_weights.npz",
        one_weight("convolution1.weight"),
        frozenset(
            made("//models/digits:digits_plain", "onnx")
            | stages([DIGITS], PLATFORMS, ("Analyse", "Emit"))
            | golden([DIGITS])
            | built([DIGITS], PLATFORMS, ("net", "net_weights", "golden"))
        ),
    )
    yield Edit(
        "shape of a model",
        "models/autoencoder/architecture.py",
        replaced("HIDDEN = (128, 128, 128, 128, 8,", "HIDDEN = (128, 128, 128, 128, 16,"),
        frozenset(
            made("//models/autoencoder:autoencoder", "files")
            | stages([AUTOENCODER], PLATFORMS)
            | golden([AUTOENCODER])
            | built([AUTOENCODER], PLATFORMS, ("net", "net_weights", "golden"))
        ),
    )


EDITS = tuple(edits())
