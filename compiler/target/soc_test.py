"""What the compiler reads of a soc.yaml."""

from __future__ import annotations

import pytest

from compiler.target.soc import L1_ALIGNMENT, soc_of_text

CLUSTER = """
name: sample
cores: 4
clock_hertz: 100000000
memories:
  - {name: l1, base: 0x10000000, size: 0x10000}
  - {name: l2, base: 0x1c000000, size: 0x80000}
cluster: {control_core: 4}
cluster_stack: {size: 0x400, guard: 0x20}
l2: {latency: 15}
dma: {counters: 16, start: 6, minimum: 7, bytes_per_cycle: 8, l2_latency: 12, burst: 256,
      store_burst_penalty: 1, store_line_penalty: 1, core_queue: 2, global_queue: 8}
"""


def test_a_cluster() -> None:
    cluster = soc_of_text(CLUSTER).cluster
    assert cluster is not None
    assert (cluster.cores, cluster.control_core, cluster.l2_bytes) == (4, 4, 0x80000)
    # A stack and its guard for each of the four workers and the control core.
    assert cluster.l1_bytes == (0x10000 - 5 * 0x420) // L1_ALIGNMENT * L1_ALIGNMENT
    assert cluster.dma.bytes_per_cycle == 8


def test_one_core() -> None:
    soc = soc_of_text("{name: small, memories: []}")
    assert (soc.name, soc.cluster) == ("small", None)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("cores: 4", "cores: 12"), "it has 12 cores, supported: 1 to 8"),
        (("cluster_stack:", "stack:"), "it lacks 'cluster_stack'"),
    ],
)
def test_clusters_that_are_not_supported(change: tuple[str, str], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        soc_of_text(CLUSTER.replace(*change))


@pytest.mark.parametrize("text", ["", "[1]", "{", "name: x\ncluster: {}", "memories: []"])
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        soc_of_text(text)
