"""Timing of the DMA: hardware reference, "MCHAN DMA".

"L2 to L1, N bytes: max(7, 6 + N/8) plus the L2 latency (12); L1 to L2: the same + 1 per 256-byte
burst. Directions overlap, same-direction transfers serialise; weight memory as L2. 2D: L2 to L1 no
cost per line for lines of at least 8 bytes; L1 to L2 + 1 per line. Misaligned: + 1 per 512 bytes."

Time counts from the issue of the store of a command's last word to the first cycle in which a load
of the status register finds the transfer's bit clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.simulator.timing.micro_benchmark import Measurement, measure

_L1 = 0x10001000
_L2 = 0x1C100000
_WEIGHT_MEMORY = 0x10400000

_SAMPLES = ["t1", "t2", "t3", "t4", "t5", *[f"s{i}" for i in range(3, 11)], "a5", "a6", "a7"]
_BUSY_SAMPLES = 8


@dataclass(frozen=True)
class Transfer:
    """One command.

    Attributes:
        length: bytes in all.
        to_l1: the direction.
        l1, external: addresses.
        line, stride: of a 2D transfer.
        event: whether event 8 tells its end.
    """

    length: int
    to_l1: bool = True
    l1: int = _L1
    external: int = _L2
    line: int = 0
    stride: int = 0
    event: bool = False

    def words(self) -> list[int]:
        command = (
            self.length
            | self.to_l1 << 17
            | 1 << 18
            | (self.line != 0) << 19
            | self.event << 20
        )
        words = [command, self.l1, self.external]
        return words + [self.line, self.stride] if self.line else words


def _registers(transfers: list[Transfer]) -> tuple[str, str]:
    """Set-up that loads command words into registers, and the code that issues the commands."""
    # Registers of the words: not those of the samples, which are loaded after the words' last use.
    names = iter(["a1", "a2", "a3", "a4", "a5", "a6", "a7", "t1", "t2", "t3", "t4", "t5"])
    setup, code = [], []
    for transfer in transfers:
        code.append("lw a0, 0(tp)")
        for word in transfer.words():
            name = next(names)
            setup.append(f"li {name}, {word}")
            code.append(f"sw {name}, 0(tp)")
    return "\n".join(setup), "\n".join(code)


_FREE_ALL = """
    9801:
    lw t0, 4(tp)
    slli a4, t0, 16
    bnez a4, 9801b
    srli t0, t0, 16
    sw t0, 4(tp)
"""


def _status_around(cycle: int, *transfers: Transfer) -> list[int]:
    """Status (busy bits) in the 16 cycles from `cycle` - 8 on.

    Cycle 0 is the store of the last word of the last transfer. Counters are allocated from 0 on.
    """
    setup, code = _registers(list(transfers))
    wait = cycle - _BUSY_SAMPLES - 1
    samples = "\n".join(f"lw {register}, 4(tp)" for register in _SAMPLES)
    # Two bits per sample, the first sample lowest.
    pack = "li a0, 0\n" + "\n".join(
        f"cv.insert a0, {register}, 1, {2 * i}" for i, register in enumerate(_SAMPLES)
    )
    measurement = measure(
        f"{code}\ndelay {wait}\n{samples}", setup=setup, after=pack + _FREE_ALL
    )
    packed = measurement.values[0][0]
    return [packed >> 2 * i & 3 for i in range(16)]


def _ends_at(cycle: int, *transfers: Transfer) -> None:
    """Asserts that the last transfer is busy until the cycle before `cycle`, and no longer."""
    bit = 1 << (len(transfers) - 1)
    status = [value & bit for value in _status_around(cycle, *transfers)]
    assert status == [bit] * _BUSY_SAMPLES + [0] * (16 - _BUSY_SAMPLES)


@pytest.mark.parametrize(
    ("length", "cycles"),
    [
        (4, 7 + 12),
        (8, 7 + 12),
        (9, 8 + 12),  # two beats
        (16, 8 + 12),
        (64, 14 + 12),
        (1000, 131 + 12),
        (1024, 134 + 12),
        (4096, 518 + 12),
        (65536, 8198 + 12),
    ],
)
@pytest.mark.parametrize("external", [_L2, _WEIGHT_MEMORY])
def test_to_l1(length: int, cycles: int, external: int) -> None:
    _ends_at(cycles, Transfer(length, external=external))


@pytest.mark.parametrize(
    ("length", "cycles"),
    [
        (4, 7 + 12 + 1),
        (8, 7 + 12 + 1),
        (64, 14 + 12 + 1),
        (256, 38 + 12 + 1),
        (264, 39 + 12 + 2),  # one byte more than a burst is a second burst
        (1024, 134 + 12 + 4),
        (4096, 518 + 12 + 16),
    ],
)
@pytest.mark.parametrize("external", [_L2, _WEIGHT_MEMORY])
def test_from_l1(length: int, cycles: int, external: int) -> None:
    _ends_at(cycles, Transfer(length, to_l1=False, external=external))


@pytest.mark.parametrize(
    ("length", "l1_offset", "external_offset", "cycles"),
    [
        (64, 1, 0, 14 + 12),  # less than 512 bytes cost nothing
        (504, 1, 0, 69 + 12),
        (512, 1, 0, 70 + 12 + 1),
        (512, 0, 1, 70 + 12 + 1),
        (512, 2, 2, 70 + 12 + 1),
        (1024, 3, 1, 134 + 12 + 2),
        (4096, 0, 3, 518 + 12 + 8),
        (4096, 4, 4, 518 + 12),  # words are aligned
    ],
)
def test_misaligned(length: int, l1_offset: int, external_offset: int, cycles: int) -> None:
    transfer = Transfer(length, l1=_L1 + l1_offset, external=_L2 + external_offset)
    _ends_at(cycles, transfer)


def test_misaligned_from_l1() -> None:
    """Four bursts and two times 512 bytes."""
    _ends_at(134 + 12 + 4 + 2, Transfer(1024, to_l1=False, l1=_L1 + 1))


@pytest.mark.parametrize(
    ("lines", "line", "cycles"),
    [
        (32, 8, 38 + 12),
        (16, 16, 38 + 12),
        (10, 12, 21 + 12),
        (16, 64, 134 + 12),
        (4, 256, 134 + 12),
        (1, 64, 14 + 12),
    ],
)
def test_2d_to_l1_costs_nothing_per_line(lines: int, line: int, cycles: int) -> None:
    _ends_at(cycles, Transfer(lines * line, line=line, stride=line + 64))


@pytest.mark.parametrize(
    ("lines", "line", "cycles"),
    [
        (32, 8, 38 + 12 + 32),
        (16, 64, 134 + 12 + 16),
        (4, 256, 134 + 12 + 4),
        (4, 512, 262 + 12 + 8),  # two bursts a line
        (1, 64, 14 + 12 + 1),
    ],
)
def test_2d_from_l1_costs_one_cycle_per_line(lines: int, line: int, cycles: int) -> None:
    _ends_at(cycles, Transfer(lines * line, to_l1=False, line=line, stride=line + 64))


@pytest.mark.parametrize(("line", "cycles"), [(0, 4), (64, 6)])
@pytest.mark.parametrize("to_l1", [True, False])
def test_issue(line: int, cycles: int, to_l1: bool) -> None:
    """A counter and three (2D: five) words, a cycle each."""
    transfer = Transfer(256, to_l1=to_l1, line=line, stride=128 if line else 0)
    setup, code = _registers([transfer])
    assert measure(code, setup=setup, after=_FREE_ALL).only == cycles


def test_free_takes_one_cycle() -> None:
    measurement = measure("sw a1, 4(tp)", setup="lw a0, 0(tp); li a1, 1; sll a1, a1, a0")
    assert measurement.only == 1


def test_counters_are_allocated_and_freed() -> None:
    """Bits 16 to 31 of the status; a1 with one, a2 with two counters, a3 without."""
    values = measure(
        "lw a4, 0(tp); lw a1, 4(tp); lw a5, 0(tp); lw a2, 4(tp); li t0, 3; sw t0, 4(tp);"
        "lw a3, 4(tp)"
    ).values[0]
    assert values[4:6] == (0, 1)
    assert values[1:4] == (0x10000, 0x30000, 0)


def test_directions_overlap() -> None:
    """The second transfer is issued 4 cycles after the first; neither delays the other.

    In L1 the second one runs four beats, half the banks, behind the first.
    """
    first, second = Transfer(1024), Transfer(1024, to_l1=False, l1=_L1 + 0x4000, external=_L2 + 0x4000)
    status = _status_around(134 + 12 - 4, first, second)
    assert [value & 1 for value in status] == [1] * 8 + [0] * 8
    _ends_at(134 + 12 + 4, first, second)


def test_directions_compete_for_banks() -> None:
    """The second transfer's first beat wants the two banks of the first one's fifth beat.

    One of them waits for one cycle; from then on they use different banks.
    """
    first = Transfer(240)
    second = Transfer(240, to_l1=False, l1=_L1 + 0x4020, external=_L2 + 0x4000)
    # Undisturbed, relative to the second's last word: 48 - 4 and 48 + 1.
    status = _status_around(46, first, second)
    first_end = 46 - 8 + sum(value & 1 for value in status)
    second_end = 46 - 8 + sum(value >> 1 for value in status)
    assert (first_end, second_end) in [(44, 50), (45, 49)]


@pytest.mark.parametrize("to_l1", [True, False])
def test_same_direction_serialises(to_l1: bool) -> None:
    """The second transfer begins when the first one is done, 4 cycles of issue earlier."""
    one = 38 + 12 + (0 if to_l1 else 1)
    first = Transfer(256, to_l1=to_l1)
    second = Transfer(256, to_l1=to_l1, l1=_L1 + 0x4000, external=_L2 + 0x4000)
    status = _status_around(one - 4, first, second)
    assert [value & 1 for value in status] == [1] * 8 + [0] * 8
    _ends_at(2 * one - 4, first, second)


def _with_event(transfer: Transfer, *, code: str = "") -> Measurement:
    setup, issue = _registers([transfer])
    return measure(
        f"{issue}\n{code}\ncv.elw a6, 0x3c(gp)",
        setup=f"{setup}\nli t0, 0x10100; sw t0, 0(gp)",
        after=_FREE_ALL,
    )


def test_event_wakes_five_cycles_after_the_end() -> None:
    """Issue: the last word is stored in cycle 3. The transfer ends 26 cycles later."""
    measurement = _with_event(Transfer(64, event=True))
    assert measurement.only == 3 + 26 + 5
    assert measurement.values[0][6] == 1 << 8


def test_event_of_a_transfer_that_is_done() -> None:
    measurement = _with_event(Transfer(64, event=True), code="delay 60")
    assert measurement.only == 4 + 60 + 5


def test_event_goes_to_the_issuer_only() -> None:
    """Core 1's transfer ends in cycle 29; core 0 sleeps on until core 1's software event."""
    setup, issue = _registers([Transfer(64, event=True)])
    codes = {
        0: "cv.elw a6, 0x3c(gp)",
        1: f"{issue}\ncv.elw a6, 0x3c(gp)\nli t0, 1; sw t0, 0x100(gp)",
    }
    measurement = measure(
        codes,
        setup=f"{setup}\nli t0, 0x10101; sw t0, 0(gp)",
        after="beqz s11, 9802f\n" + _FREE_ALL + "9802:",
    )
    # Core 1 wakes in 34, li, and stores in 35.
    assert measurement.cycles == {0: 35 + 7, 1: 36}
    assert measurement.values[0][6] == 1


def test_core_loads_of_l2_delay_the_transfer() -> None:
    """The L2 port moves 8 bytes per cycle, for cores and DMA together.

    While a transfer moves a beat in every cycle, core 1 makes five loads. Each takes the port for
    one cycle, so the transfer ends five cycles later; each load waits for at most one beat.
    """
    transfer = Transfer(1024, event=True)
    setup, issue = _registers([transfer])
    codes = {
        0: f"{issue}\ncv.elw a6, 0x3c(gp)",
        1: "delay 30\n" + "\n".join(["lw a6, 0(s3)"] * 5),
    }
    measurement = measure(
        codes,
        setup=f"{setup}\nli s3, {_L2 + 0x8000}; li t0, 0x10100; sw t0, 0(gp)",
        after="bnez s11, 9802f\n" + _FREE_ALL + "9802:",
    )
    assert measurement.cycles[0] == 3 + 146 + 5 + 5
    assert 30 + 5 * 15 <= measurement.cycles[1] <= 30 + 5 * 16


def test_core_stores_to_l2_do_not_delay_a_transfer_to_l1() -> None:
    """They use the other direction."""
    setup, issue = _registers([Transfer(1024, event=True)])
    codes = {
        0: f"{issue}\ncv.elw a6, 0x3c(gp)",
        1: "delay 30\n" + "\n".join(["sw a6, 0(s3)"] * 5),
    }
    measurement = measure(
        codes,
        setup=f"{setup}\nli s3, {_L2 + 0x8000}; li t0, 0x10100; sw t0, 0(gp)",
        after="bnez s11, 9802f\n" + _FREE_ALL + "9802:",
    )
    assert measurement.cycles == {0: 3 + 146 + 5, 1: 30 + 5 * 15}
