"""A plan, a mapping and a measurement of a small run, for tests: two layers on two workers.

The entry point is called at cycle 1000. Its program has four steps: the input's copy; two tiles of
`first`, of which the second waits for a copy; a tile of `first` and one of `second` together; the
output's copy.
"""

from __future__ import annotations

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
    calls: list[tuple[str, int, int]], begin: int, exposed: int = 0, copies: Any = ()
) -> dict[str, Any]:
    """A step of the plan; calls are (node, tile, predicted cycles)."""
    loaded = sum(copy["bytes"] for copy in copies if copy["load"])
    return {
        "calls": [
            {
                "node": node,
                "tile": tile,
                "kernel": f"tw_{node}",
                "multiply_accumulates": 1000,
                "predicted_cycles": cycles,
            }
            for node, tile, cycles in calls
        ],
        "begin": begin,
        "predicted_cycles": sum(cycles for _, _, cycles in calls),
        "exposed_cycles": exposed,
        "loaded_bytes": loaded,
        "stored_bytes": 0,
        "transfers": list(copies),
    }


def memory() -> dict[str, Any]:
    """What the compiler writes as `net.memory.json`."""
    copy = {"what": "<x>", "load": True, "bytes": 512, "due": 0, "begin": 10, "end": 80}
    steps = [
        step([], 0, 150, [copy]),
        step([("first", 0, 150)], 190),
        step([("first", 1, 100), ("second", 0, 200)], 380),
        step([], 720, 50),
    ]
    plan = {
        "graph": "decode",
        "function": "net_decode",
        "arena_bytes": 0,
        "l1_bytes": 768,
        "l1_bound": 700,
        "launch_cycles": 90,
        "predicted_cycles": 810,
        "buffers": [
            {"kind": "tensor", "what": "x", "offset": 0, "bytes": 512, "first": 0, "last": 1},
            {"kind": "tensor", "what": "y", "offset": 512, "bytes": 256, "first": 1, "last": 4},
        ],
        "arena_buffers": [],
        "steps": steps,
    }
    return {"format": 1, "network": "net", "maps": [plan, {**plan, "function": "net_prefill"}]}


def mapping() -> dict[str, Any]:
    """What the compiler writes as `net.mapping.json`, as far as profiles read it."""
    layers = [{"name": "first", "nodes": ["conv", "relu"]}, {"name": "second", "nodes": ["pool"]}]
    return {"entry_points": [{"name": "decode", "layers": layers}]}


def profile() -> dict[str, Any]:
    """What the simulator writes with --profile."""
    # (worker 0, worker 1, control core) at the end of each step, and after the last.
    arrivals = [(1110, 1120, 1300), (1500, 1480, 1400), (1800, 1700, 1600), (1830, 1830, 1900)]
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
        "format": 1,
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
    }
