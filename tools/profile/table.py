"""A profile as a table for terminals and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tools.profile.layers import SPENT, EntryProfile, Layer

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
            *_aligned([_HEADER, *(_row(layer, profile) for layer in (*profile.layers, total))]),
            "",
        ]
    lines += [
        "error: of the prediction. exposed: cycles in which all workers wait for copies.",
        "load to copies: stalls and waits in % of the workers' cycles; cores: for the slowest.",
        *memories,
    ]
    return "\n".join(lines) + "\n"


def to_csv(profiles: Sequence[EntryProfile]) -> str:
    """One row per layer; cycles and bytes as whole numbers, stalls in cycles of all workers."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [
            *("network", "entry_point", "layer", "nodes", "kernel", "calls"),
            *("multiply_accumulates", "predicted_cycles", "simulated_cycles", "error_percent"),
            *("mac_per_cycle", "dma_busy_cycles", "exposed_cycles", "predicted_exposed_cycles"),
            *("bytes_loaded", "bytes_stored", "l1_bytes"),
            *(f"core_cycles_{what.replace(' ', '_')}" for what in SPENT),
        ]
    )
    for profile in profiles:
        for layer in profile.layers:
            error = layer.error
            writer.writerow(
                [
                    *(profile.network, profile.name, layer.name, " ".join(layer.nodes)),
                    *(layer.kernel, layer.calls, layer.multiply_accumulates, layer.predicted),
                    *(layer.simulated, "" if error is None else f"{100 * error:.1f}"),
                    *(f"{layer.rate:.2f}", layer.dma_busy, layer.exposed, layer.predicted_exposed),
                    *(layer.bytes_loaded, layer.bytes_stored, layer.l1_bytes),
                    *(layer.core_cycles[what] for what in SPENT),
                ]
            )
    return file.getvalue()


_HEADER = (
    *("layer", "tiles", "simulated", "predicted", "error", "MAC/cycle", "DMA busy", "exposed"),
    *("load", "branch", "bank", "i-cache", "arith.", "cores", "copies", "L1 bytes"),
)


def _row(layer: Layer, profile: EntryProfile) -> tuple[str, ...]:
    name = layer.name
    if len(name) > LONGEST_NAME:
        name = "…" + name[-LONGEST_NAME + 1 :]
    cycles = layer.simulated * profile.workers
    shares = [
        f"{100 * layer.core_cycles[what] / cycles:.1f}" if cycles else "-" for what in SPENT[1:]
    ]
    return (
        *(name, f"{layer.calls}", f"{layer.simulated:,}", f"{layer.predicted:,}"),
        _percent(layer.error),
        f"{layer.rate:.1f}" if layer.multiply_accumulates else "-",
        *(f"{layer.dma_busy:,}", f"{layer.exposed:,}", *shares, f"{layer.l1_bytes:,}"),
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
