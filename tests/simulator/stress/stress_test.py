"""Stress: many rounds, random delays, all alignments, full queues."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from tests.simulator.stress.stress_firmware import run, words

_CORES = 8
_SEEDS = [1, 2, 3]


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("delay_bits", [3, 6])
def test_barriers(seed: int, delay_bits: int) -> None:
    """10,000 barriers; delays up to 7 cycles (nearly together) or up to 63."""
    rounds = 10_000
    definitions = {"SEED": seed, "ROUNDS": rounds, "DELAY_SHIFT": 32 - delay_bits}
    results = words(run("barriers.c", definitions=definitions).output)
    assert results == [rounds, 0] * _CORES


@pytest.mark.parametrize("seed", _SEEDS)
def test_mutexes(seed: int) -> None:
    """10,000 rounds in all, by eight cores."""
    rounds = 1250
    results = words(run("mutexes.c", definitions={"SEED": seed, "ROUNDS": rounds}).output)
    assert results == [rounds, 0, 0] * _CORES + [rounds * _CORES]


@pytest.mark.parametrize("seed", _SEEDS)
def test_software_events(seed: int) -> None:
    """5,000 rounds of ping-pong in each of four pairs; none lost, none too many."""
    rounds = 5000
    results = words(run("software_events.c", definitions={"SEED": seed, "ROUNDS": rounds}).output)
    assert results == [rounds, 0] * _CORES


def _xorshift(state: int) -> int:
    state ^= state << 13 & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ (state << 5 & 0xFFFFFFFF)


@pytest.mark.parametrize("seed", _SEEDS)
def test_dispatches(seed: int) -> None:
    """2,000 rounds of up to six values for a random team."""
    rounds = 2000
    expected = [0] * (_CORES + 1)
    state = (seed * 8 + 100 + 1) * 0x9E3779B1 & 0xFFFFFFFF
    for _ in range(rounds):
        state = _xorshift(state)
        team = state & 0xFF | 1 << (state >> 8 & 7)
        count = 1 + (state >> 16) % 6
        for core in range(_CORES):
            expected[core] += count if team >> core & 1 else 0
        expected[_CORES] += count
    definitions = {"SEED": seed, "ROUNDS": rounds}
    results = words(run("dispatches.c", cores=range(9), definitions=definitions).output)
    assert results == [word for values in expected for word in (values, 0)]


# DMA alignments. The model below works on bytes, as the commands are defined.

_REGION_WORDS = 128
_MARGIN = 16


@dataclass(frozen=True)
class _Transfer:
    length: int
    to_l1: bool
    l1_offset: int
    external_offset: int
    line: int
    stride: int

    def words(self) -> list[int]:
        command = self.length | self.to_l1 << 17 | 1 << 18 | (self.line != 0) << 19
        return [command, self.l1_offset, self.external_offset, self.line, self.stride]

    def hash(self) -> int:
        """Hash of the destination region after the transfer."""
        source, destination = bytearray(_pattern(1000)), bytearray(_pattern(1))
        for i in range(self.length):
            external = self.external_offset + (
                i // self.line * self.stride + i % self.line if self.line else i
            )
            l1 = self.l1_offset + i
            if self.to_l1:
                destination[l1] = source[external]
            else:
                destination[external] = source[l1]
        value = 0
        for word in words(bytes(destination)):
            value = (value ^ word) * 0x01000193 & 0xFFFFFFFF
        return value


def _pattern(salt: int) -> bytes:
    return b"".join(
        ((word + salt) * 0x9E3779B1 & 0xFFFFFFFF).to_bytes(4, "little")
        for word in range(_REGION_WORDS)
    )


def _check_transfers(transfers: list[_Transfer], external: int) -> None:
    table = "\n".join(f".word {word}" for transfer in transfers for word in transfer.words())
    result = run(
        "dma_alignments.c",
        definitions={"SEED": 0, "TRANSFERS": len(transfers), "EXTERNAL": external},
        data=f".section .rodata\n.balign 4\n.globl transfers\ntransfers:\n{table}\n",
    )
    hashes = words(result.output)
    assert len(hashes) == len(transfers)
    wrong = [
        transfer
        for transfer, value in zip(transfers, hashes, strict=True)
        if value != transfer.hash()
    ]
    assert not wrong


_L2 = 0x1C100000
_WEIGHT_MEMORY = 0x10400000
_OFFSETS = list(itertools.product(range(8), range(8)))


@pytest.mark.parametrize("external", [_L2, _WEIGHT_MEMORY])
@pytest.mark.parametrize("to_l1", [True, False])
def test_1d_transfers_in_all_alignments(to_l1: bool, external: int) -> None:
    lengths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 64, 100, 255, 256, 257]
    _check_transfers(
        [
            _Transfer(length, to_l1, _MARGIN + l1, _MARGIN + outside, 0, 0)
            for length in lengths
            for l1, outside in _OFFSETS
        ],
        external,
    )


@pytest.mark.parametrize("to_l1", [True, False])
@pytest.mark.parametrize("line", [1, 2, 3, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64])
def test_2d_transfers_in_all_alignments(line: int, to_l1: bool) -> None:
    """Three strides each; one to five lines, the last one sometimes shorter."""
    transfers: list[_Transfer] = []
    for gap in (0, 3, 16):
        for index, (l1, outside) in enumerate(_OFFSETS):
            lines = 1 + (index + gap) % 5
            length = line * lines - (index // 5 % 2 if line > 1 else 0)
            transfers.append(
                _Transfer(length, to_l1, _MARGIN + l1, _MARGIN + outside, line, line + gap)
            )
    _check_transfers(transfers, _L2)


def test_full_queues() -> None:
    """Eight cores issue 100 transfers each without waiting.

    Each of them takes 26 cycles of the DMA, so issuing must have waited: 800 transfers less those
    that the queues hold, in the time that the slowest core took.
    """
    commands = 100
    results = words(run("dma_queues.c", definitions={"SEED": 0, "COMMANDS": commands}).output)
    wrong, issue = results[0::3] + results[1::3], results[2::3]
    assert wrong == [0] * (2 * _CORES)
    held = 8 + 2 * _CORES
    assert max(issue) >= (_CORES * commands - held) * 26 - 100


def test_counters_run_out() -> None:
    """Seven requests wait for seven releases, the first of them after 1000 cycles."""
    results = words(run("dma_counters.c", definitions={"SEED": 0}).output)
    counters, waits = results[2::2], sorted(results[3::2])
    assert sorted(counters) == list(range(7))
    for i, wait in enumerate(waits):
        assert 1000 * (i + 1) <= wait <= 1000 * (i + 1) + 50 * (i + 1)
