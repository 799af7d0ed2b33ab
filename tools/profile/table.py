"""A profile as a table for terminals and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tools.profile.layers import JOB_FIGURES, SPENT, EntryProfile, Layer
from tools.profile.measurement import WAITS

LONGEST_NAME = 40


def text(profiles: Sequence[EntryProfile], memories: Sequence[str]) -> str:
    """Tables of all entry points; `memories` are lines about memory, which follow."""
    lines: list[str] = []
    for profile in profiles:
        total = profile.total()
        lines += [
            f"{profile.title}: {profile.simulated:,} cycles simulated, "
            f"{profile.predicted:,} predicted ({_percent(total.error)})",
            "",
            *_engines(profile),
            "",
            *_aligned(
                [_header(profile), *(_row(layer, profile) for layer in (*profile.layers, total))]
            ),
            "",
        ]
    lines += [
        "error: of the prediction. exposed: cycles in which all workers wait for copies.",
        "load to copies: stalls and waits in % of the workers' cycles; cores: for the slowest.",
    ]
    if any(profile.accelerated for profile in profiles):
        lines += [
            "jobs, idle: cycles in which the accelerator runs jobs of the layer, and the others of "
            "their steps.",
            "config, hidden: cycles to configure jobs; % of them in earlier steps or while another "
            "job runs.",
            "L1: cycles in which jobs stand back for cores and DMA; weights: wanting weights.",
        ]
    lines += memories
    return "\n".join(lines) + "\n"


def to_csv(profiles: Sequence[EntryProfile]) -> str:
    """One row per layer; cycles and bytes as whole numbers, stalls in cycles of all workers."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [
            *("network", "entry_point", "layer", "nodes", "kernel", "engine", "calls"),
            *("multiply_accumulates", "predicted_cycles", "simulated_cycles", "error_percent"),
            *("mac_per_cycle", "dma_busy_cycles", "exposed_cycles", "predicted_exposed_cycles"),
            *("bytes_loaded", "bytes_stored", "l1_bytes", *JOB_FIGURES),
            *(f"core_cycles_{what.replace(' ', '_')}" for what in SPENT),
        ]
    )
    for profile in profiles:
        for layer in profile.layers:
            error = layer.error
            writer.writerow(
                [
                    *(profile.network, profile.name, layer.name, " ".join(layer.nodes)),
                    *(layer.kernel, layer.engine, layer.calls, layer.multiply_accumulates),
                    *(layer.predicted, layer.simulated),
                    "" if error is None else f"{100 * error:.1f}",
                    *(f"{layer.rate:.2f}", layer.dma_busy, layer.exposed, layer.predicted_exposed),
                    *(layer.bytes_loaded, layer.bytes_stored, layer.l1_bytes),
                    *(getattr(layer, name) for name in JOB_FIGURES),
                    *(layer.core_cycles[what] for what in SPENT),
                ]
            )
    return file.getvalue()


def _engines(profile: EntryProfile) -> list[str]:
    """What each engine does with the run, in words."""
    engines = profile.engines()
    cores, accelerator, dma = engines["cores"], engines["accelerator"], engines["dma"]

    def part(cycles: int, workers: int = 1) -> str:
        return f"{100 * cycles / workers / profile.simulated:.1f} %"

    workers = cores["workers"]
    waits = cores["waits"]
    waiting = ", ".join(f"{part(waits[what], workers)} for {what}" for what in WAITS if waits[what])
    lines = [f"cores: busy {part(cores['busy'], workers)}, wait {waiting}"]
    if profile.accelerated:
        lines.append(
            f"accelerator: busy {part(accelerator['busy'])}, {accelerator['jobs']} jobs; "
            f"stands back at L1 {part(accelerator['stalls'])} "
            f"(for weights {part(accelerator['weight_stalls'])}); configuration "
            f"{part(accelerator['configuration_hidden'])} hidden, "
            f"{part(accelerator['configuration_exposed'])} exposed"
        )
    return [*lines, f"DMA: busy {part(dma['busy'])}, exposed {part(dma['exposed'])}"]


def _header(profile: EntryProfile) -> tuple[str, ...]:
    accelerator = ("jobs", "idle", "config", "hidden", "L1", "weights")
    return (
        *("layer", *(("engine",) if profile.accelerated else ()), "tiles"),
        *("simulated", "predicted", "error", "MAC/cycle"),
        *(accelerator if profile.accelerated else ()),
        *("DMA busy", "exposed", "load", "branch", "bank", "i-cache", "arith.", "cores"),
        *(("accel.",) if profile.accelerated else ()),
        *("copies", "L1 bytes"),
    )


def _row(layer: Layer, profile: EntryProfile) -> tuple[str, ...]:
    name = layer.name
    if len(name) > LONGEST_NAME:
        name = "…" + name[-LONGEST_NAME + 1 :]
    cycles = layer.simulated * profile.workers
    shares = [
        f"{100 * layer.core_cycles[what] / cycles:.1f}" if cycles else "-"
        for what in SPENT[1:]
        if what != "accelerator" or profile.accelerated
    ]
    return (
        *(name, *((layer.engine or "-",) if profile.accelerated else ()), f"{layer.calls}"),
        *(f"{layer.simulated:,}", f"{layer.predicted:,}", _percent(layer.error)),
        f"{layer.rate:.1f}" if layer.multiply_accumulates else "-",
        *(_jobs(layer) if profile.accelerated else ()),
        *(f"{layer.dma_busy:,}", f"{layer.exposed:,}", *shares, f"{layer.l1_bytes:,}"),
    )


def _jobs(layer: Layer) -> tuple[str, ...]:
    if not layer.jobs:
        return ("-",) * 6
    hidden = 1 - layer.configuration_exposed / max(1, layer.configuration)
    return (
        *(f"{layer.accelerator_busy:,}", f"{layer.accelerator_idle:,}"),
        *(f"{layer.configuration:,}", f"{100 * hidden:.0f}"),
        *(f"{layer.accelerator_stalls:,}", f"{layer.weight_stalls:,}"),
    )


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{100 * part:+.1f} %"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width: the first to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
