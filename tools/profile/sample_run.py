"""A plan, a mapping and a measurement of a small run, for tests: two layers on two workers.

The entry point is called at cycle 1000. Its program has four steps: the input's copy; two tiles of
`first`, of which the second waits for a copy; a tile of `first` and one of `second` together; the
output's copy. With `accelerated`, `second` is two jobs of the accelerator, beside `first`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = [
    *("core", "arrived", "instructions", "compressed", "loads", "stores", "jumps", "branches"),
    *("taken_branches", "event_loads", "floating_point", "multiply_accumulates"),
    *("instruction_cache_misses", "load_use_stalls", "jump_register_stalls", "branch_stalls"),
    *("bank_conflict_stalls", "misaligned_stalls", "memory_stalls", "instruction_cache_stalls"),
    *("multiply_divide_stalls", "floating_point_stalls", "event_stalls", "sleep"),
]
CONTROL, FABRIC_CONTROLLER = 2, 3
BEGIN, END = 1000, 2000
STEP_ENDS = (1100, 1305, 1505, 1805, 1905)
"""When workers go on; the first is when they begin."""


def arrival(core: int, arrived: int, instructions: int, **stalls: int) -> list[int]:
    """A row of `arrival_columns`."""
    values = {"core": core, "arrived": arrived, "instructions": instructions, **stalls}
    return [values.get(name, 0) for name in COLUMNS]


def step(
    calls: list[tuple[str, int, int]],
    begin: int,
    exposed: int = 0,
    copies: Any = (),
    jobs: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """A step of the plan; calls are (node, tile, predicted cycles).

    `jobs`: how many the accelerator gets, by node; of other nodes cores compute all.
    """
    jobs = jobs or {}
    loaded = sum(copy["bytes"] for copy in copies if copy["load"])
    on_cores = sum(cycles for node, _, cycles in calls if node not in jobs)
    on_accelerator = sum(cycles for node, _, cycles in calls if node in jobs)
    return {
        "calls": [
            {
                "node": node,
                "tile": tile,
                "engine": "accelerator" if node in jobs else "cores",
                "jobs": jobs.get(node, 0),
                "kernel": f"tw_{node}",
                "multiply_accumulates": 1000,
                "predicted_cycles": cycles,
            }
            for node, tile, cycles in calls
        ],
        "begin": begin,
        "predicted_cycles": max(on_cores, on_accelerator),
        "exposed_cycles": exposed,
        "loaded_bytes": loaded,
        "stored_bytes": 0,
        "transfers": list(copies),
    }


def memory(*, accelerated: bool = False) -> dict[str, Any]:
    """What the compiler writes as `net.memory.json`."""
    copy = {"what": "<x>", "load": True, "bytes": 512, "due": 0, "begin": 10, "end": 80}
    steps = [
        step([], 0, 150, [copy]),
        step([("first", 0, 150)], 190),
        step(
            [("first", 1, 100), ("second", 0, 200)],
            380,
            0 if not accelerated else 100,
            jobs={"second": 2} if accelerated else None,
        ),
        step([], 720, 50),
    ]
    plan = {
        "graph": "decode",
        "function": "net_decode",
        "arena_bytes": 0,
        "l1_bytes": 768,
        "l1_bound": 700,
        "launch_cycles": 90,
        "tables_cycles": 40,
        "predicted_cycles": 810,
        "buffers": [
            {"kind": "tensor", "what": "x", "offset": 0, "bytes": 512, "first": 0, "last": 1},
            {"kind": "tensor", "what": "y", "offset": 512, "bytes": 256, "first": 1, "last": 4},
        ],
        "arena_buffers": [],
        "steps": steps,
        "extents": [{"input": 0, "offset": 1, "granule": 1, "maximum": 64, "nominal_rows": 16}],
    }
    maps = [plan, {**plan, "function": "net_prefill"}]
    return {"format": 1, "network": "net", "states_bytes": 4096, "maps": maps}


def mapping() -> dict[str, Any]:
    """What the compiler writes as `net.mapping.json`, as far as profiles read it."""
    layers = [{"name": "first", "nodes": ["conv", "relu"]}, {"name": "second", "nodes": ["pool"]}]
    return {"entry_points": [{"name": "decode", "layers": layers}]}


JOBS = (
    # (acquired, triggered, started, done, stalls, of these for weights)
    (1510, 1540, 1541, 1640, 9, 4),
    (1545, 1600, 1641, 1790, 0, 0),
)


def job(
    acquired: int, triggered: int, started: int, done: int, stalls: int, weight_stalls: int
) -> dict[str, Any]:
    return {
        "description": "1x1 32->32 1x1, 8-bit weights",
        "core": CONTROL,
        "acquired": acquired,
        "configured": triggered - 2,
        "triggered": triggered,
        "started": started,
        "done": done,
        "stalls": stalls,
        "weight_stalls": weight_stalls,
        "multiply_accumulates": 1024,
        "weight_bytes": 1024,
        "weight_memory": 1,
    }


def profile(*, accelerated: bool = False) -> dict[str, Any]:
    """What the simulator writes with --profile."""
    # (worker 0, worker 1, control core) at the end of each step, and after the last.
    arrivals = [(1110, 1120, 1300), (1500, 1480, 1400), (1800, 1700, 1600), (1830, 1830, 1900)]
    if accelerated:
        arrivals[2] = (1600, 1580, 1800)
    begins = STEP_ENDS[:-1]
    barriers = [
        {
            "barrier": 0,
            "passed": end,
            "arrivals": [
                arrival(0, first, first - begin - 10, bank_conflict_stalls=4, load_use_stalls=6),
                arrival(1, second, second - begin),
                arrival(CONTROL, control, 20),
            ],
        }
        for begin, end, (first, second, control) in zip(
            begins, STEP_ENDS[1:], arrivals, strict=True
        )
    ]
    # A barrier of workers in a kernel, and the one after the program.
    alone = {"barrier": 1, "passed": 1400, "arrivals": [arrival(0, 1390, 1), arrival(1, 1395, 1)]}
    after = {**barriers[-1], "passed": 1950}
    return {
        "format": 2,
        "soc": "sample",
        "clock_hertz": 100e6,
        "cores": ["core 0", "core 1", "control core", "fabric controller"],
        "calls": [
            {"function": "net_decode", "core": FABRIC_CONTROLLER, "begin": 0, "end": 900},
            {"function": "net_decode", "core": FABRIC_CONTROLLER, "begin": BEGIN, "end": END},
        ],
        "arrival_columns": COLUMNS,
        "barriers": [barriers[0], alone, *barriers[1:], after],
        "transfer_columns": ["core", "to_l1", "bytes", "queued", "started", "done"],
        "transfers": [
            [CONTROL, 1, 512, 1105, 1110, 1210],
            [CONTROL, 1, 512, 1106, 1150, 1295],
            [CONTROL, 0, 64, 1810, 1815, 1895],
        ],
        "jobs": [job(*figures) for figures in JOBS] if accelerated else [],
    }
