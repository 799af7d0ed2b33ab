"""The cluster that tests schedule for."""

from __future__ import annotations

from compiler.target.soc import Cluster, Dma

CLUSTER = Cluster(
    cores=8,
    control_core=8,
    l1_bytes=1 << 17,
    l2_bytes=1 << 20,
    l2_latency=15,
    dma=Dma(6, 7, 8, 12, 256, 1, 1, 16, 10),
)
