"""xcvsimd: tables of encodings and meanings."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.instructions.core_v_instruction import (
    CUSTOM_3,
    SIGNED6,
    Form,
    Immediate,
    Instruction,
    Operands,
    bits,
    signed,
    unsigned_vector,
)

Lanes = list[int]
LaneMeaning = Callable[[int, int, int], int]
"""Result of one lane from rs1's and the second operand's lane and the width in bits."""

_UNSIGNED6 = unsigned_vector(6)
_HALF, _BYTE = 16, 8
_SUFFIX = {_HALF: "h", _BYTE: "b"}


def _lanes(value: int, width: int) -> Lanes:
    """The lanes of a word, unsigned, the lowest first."""
    return [value >> position & (1 << width) - 1 for position in range(0, 32, width)]


def _word(lanes: Lanes, width: int) -> int:
    return sum((lane & (1 << width) - 1) << index * width for index, lane in enumerate(lanes))


def _match(function5: int, compare: int, bit25: int, function3: int) -> int:
    return function5 << 27 | compare << 26 | bit25 << 25 | function3 << 12 | CUSTOM_3


# Instructions with three kinds of second operand: a vector, a register's lowest lane for all
# lanes, an immediate for all lanes.


def _second_lanes(operands: Operands, form: str, width: int) -> Lanes:
    if form == "":
        return _lanes(operands.second, width)
    scalar = operands.second if form == ".sc" else operands.immediates[0]
    return [scalar & (1 << width) - 1] * (32 // width)


def _family(
    name: str,
    function5: int,
    compare: int,
    result: Callable[[Operands, Lanes, int], int],
    immediate: Callable[[int], Immediate],
) -> list[Instruction]:
    """All six instructions of a name.

    Args:
        name: mnemonic up to the first dot after `cv.`.
        function5: upper five bits.
        compare: bit 26.
        result: from the operands, the second operand's lanes and the width.
        immediate: the immediate's kind for a width.
    """
    instructions: list[Instruction] = []
    for width, width_code in ((_HALF, 0), (_BYTE, 1)):
        for form, form_code in (("", 0), (".sc", 4), (".sci", 6)):
            instructions.append(
                Instruction(
                    f"cv.{name}{form}.{_SUFFIX[width]}",
                    Form.IMMEDIATE if form == ".sci" else Form.REGISTER,
                    _match(function5, compare, 0, form_code | width_code),
                    _of_lanes(result, form, width),
                    (immediate(width),) if form == ".sci" else (),
                )
            )
    return instructions


def _of_lanes(
    result: Callable[[Operands, Lanes, int], int], form: str, width: int
) -> Callable[[Operands], int]:
    return lambda operands: result(operands, _second_lanes(operands, form, width), width)


def _signed(_: int) -> Immediate:
    return SIGNED6


def _unsigned(_: int) -> Immediate:
    return _UNSIGNED6


def _lane_family(
    name: str,
    function5: int,
    lane: LaneMeaning,
    immediate: Callable[[int], Immediate] = _signed,
    compare: int = 0,
) -> list[Instruction]:
    def result(operands: Operands, second: Lanes, width: int) -> int:
        pairs = zip(_lanes(operands.first, width), second, strict=True)
        return _word([lane(a, b, width) for a, b in pairs], width)

    return _family(name, function5, compare, result, immediate)


def _shift_amount(width: int) -> Immediate:
    """Immediates whose upper bits have to be 0."""
    return unsigned_vector(4 if width == _HALF else 3)


def _average(a: int, b: int, width: int) -> int:
    return signed(a + b, width) >> 1


def _average_unsigned(a: int, b: int, width: int) -> int:
    return (a + b & (1 << width) - 1) >> 1


def _signed_lanes(choose: Callable[[int, int], int]) -> LaneMeaning:
    return lambda a, b, width: choose(signed(a, width), signed(b, width))


def _unsigned_lanes(choose: Callable[[int, int], int]) -> LaneMeaning:
    return lambda a, b, _: choose(a, b)


_LANE_OPERATIONS = [
    *_lane_family("add", 0x00, lambda a, b, _: a + b),
    *_lane_family("sub", 0x01, lambda a, b, _: a - b),
    *_lane_family("avg", 0x02, _average),
    *_lane_family("avgu", 0x03, _average_unsigned, _unsigned),
    *_lane_family("min", 0x04, _signed_lanes(min)),
    *_lane_family("minu", 0x05, _unsigned_lanes(min), _unsigned),
    *_lane_family("max", 0x06, _signed_lanes(max)),
    *_lane_family("maxu", 0x07, _unsigned_lanes(max), _unsigned),
    *_lane_family("srl", 0x08, lambda a, b, width: a >> b % width, _shift_amount),
    *_lane_family("sra", 0x09, lambda a, b, width: signed(a, width) >> b % width, _shift_amount),
    *_lane_family("sll", 0x0A, lambda a, b, width: a << b % width, _shift_amount),
    *_lane_family("or", 0x0B, lambda a, b, _: a | b),
    *_lane_family("xor", 0x0C, lambda a, b, _: a ^ b),
    *_lane_family("and", 0x0D, lambda a, b, _: a & b),
]


def _comparison(
    name: str, function5: int, holds: Callable[[int, int], bool], *, with_sign: bool = True
) -> list[Instruction]:
    def all_ones(a: int, b: int) -> int:
        return -1 if holds(a, b) else 0

    lane = _signed_lanes(all_ones) if with_sign else _unsigned_lanes(all_ones)
    immediate = _signed if with_sign else _unsigned
    return _lane_family(name, function5, lane, immediate, compare=1)


_COMPARISONS = [
    *_comparison("cmpeq", 0x00, lambda a, b: a == b),
    *_comparison("cmpne", 0x01, lambda a, b: a != b),
    *_comparison("cmpgt", 0x02, lambda a, b: a > b),
    *_comparison("cmpge", 0x03, lambda a, b: a >= b),
    *_comparison("cmplt", 0x04, lambda a, b: a < b),
    *_comparison("cmple", 0x05, lambda a, b: a <= b),
    *_comparison("cmpgtu", 0x06, lambda a, b: a > b, with_sign=False),
    *_comparison("cmpgeu", 0x07, lambda a, b: a >= b, with_sign=False),
    *_comparison("cmpltu", 0x08, lambda a, b: a < b, with_sign=False),
    *_comparison("cmpleu", 0x09, lambda a, b: a <= b, with_sign=False),
]


def _dot_product(
    name: str, function5: int, *, first_signed: bool, second_signed: bool
) -> list[Instruction]:
    """The dot product and, three codes further, the one that adds to rD."""

    def of(lanes: Lanes, width: int, with_sign: bool) -> Lanes:
        return [signed(lane, width) for lane in lanes] if with_sign else lanes

    def product(operands: Operands, second: Lanes, width: int) -> int:
        pairs = zip(
            of(_lanes(operands.first, width), width, first_signed),
            of(second, width, second_signed),
            strict=True,
        )
        return sum(a * b for a, b in pairs)

    def sum_of_products(operands: Operands, second: Lanes, width: int) -> int:
        return operands.destination + product(operands, second, width)

    immediate = _signed if second_signed else _unsigned
    return [
        *_family(name, function5, 0, product, immediate),
        *_family(f"s{name}", function5 + 3, 0, sum_of_products, immediate),
    ]


_DOT_PRODUCTS = [
    *_dot_product("dotup", 0x10, first_signed=False, second_signed=False),
    *_dot_product("dotusp", 0x11, first_signed=False, second_signed=True),
    *_dot_product("dotsp", 0x12, first_signed=True, second_signed=True),
]


# Single instructions.


def _absolute(width: int) -> Callable[[Operands], int]:
    return lambda o: _word([abs(signed(lane, width)) for lane in _lanes(o.first, width)], width)


def _extract(width: int, *, with_sign: bool) -> Callable[[Operands], int]:
    def result(operands: Operands) -> int:
        lane = _lanes(operands.first, width)[operands.immediates[0]]
        return signed(lane, width) if with_sign else lane

    return result


def _insert(width: int) -> Callable[[Operands], int]:
    def result(operands: Operands) -> int:
        lanes = _lanes(operands.destination, width)
        lanes[operands.immediates[0]] = operands.first
        return _word(lanes, width)

    return result


def _lane_access(
    name: str, width: int, function3: int, result: Callable[[Operands], int]
) -> Instruction:
    immediate = unsigned_vector(1 if width == _HALF else 2)
    mnemonic = f"cv.{name}.{_SUFFIX[width]}"
    return Instruction(
        mnemonic, Form.IMMEDIATE, _match(0x17, 0, 0, function3), result, (immediate,)
    )


def _shuffle(operands: Operands, width: int) -> int:
    lanes = _lanes(operands.first, width)
    return _word([lanes[pick % len(lanes)] for pick in _lanes(operands.second, width)], width)


def _shuffle_immediate_half(operands: Operands) -> int:
    lanes = _lanes(operands.first, _HALF)
    pick = operands.immediates[0]
    return _word([lanes[pick & 1], lanes[pick >> 1 & 1]], _HALF)


def _shuffle_immediate_byte(top: int) -> Callable[[Operands], int]:
    def result(operands: Operands) -> int:
        lanes = _lanes(operands.first, _BYTE)
        pick = operands.immediates[0]
        picked = [lanes[pick >> shift & 3] for shift in (0, 2, 4)]
        return _word([*picked, lanes[top]], _BYTE)

    return result


def _shuffle_two(operands: Operands, width: int) -> int:
    """Lanes of rD, then those of rs1."""
    lanes = _lanes(operands.destination, width) + _lanes(operands.first, width)
    return _word([lanes[pick % len(lanes)] for pick in _lanes(operands.second, width)], width)


def _pack_bytes(operands: Operands, position: int) -> int:
    lanes = _lanes(operands.destination, _BYTE)
    lanes[position : position + 2] = [operands.second, operands.first]
    return _word(lanes, _BYTE)


_SINGLE = [
    Instruction("cv.abs.h", Form.UNARY, _match(0x0E, 0, 0, 0), _absolute(_HALF)),
    Instruction("cv.abs.b", Form.UNARY, _match(0x0E, 0, 0, 1), _absolute(_BYTE)),
    _lane_access("extract", _HALF, 0, _extract(_HALF, with_sign=True)),
    _lane_access("extract", _BYTE, 1, _extract(_BYTE, with_sign=True)),
    _lane_access("extractu", _HALF, 2, _extract(_HALF, with_sign=False)),
    _lane_access("extractu", _BYTE, 3, _extract(_BYTE, with_sign=False)),
    _lane_access("insert", _HALF, 4, _insert(_HALF)),
    _lane_access("insert", _BYTE, 5, _insert(_BYTE)),
    Instruction("cv.shuffle.h", Form.REGISTER, _match(0x18, 0, 0, 0), lambda o: _shuffle(o, _HALF)),
    Instruction("cv.shuffle.b", Form.REGISTER, _match(0x18, 0, 0, 1), lambda o: _shuffle(o, _BYTE)),
    Instruction(
        "cv.shuffle.sci.h",
        Form.IMMEDIATE,
        _match(0x18, 0, 0, 6),
        _shuffle_immediate_half,
        (unsigned_vector(2),),
    ),
    *[
        Instruction(
            f"cv.shufflei{top}.sci.b",
            Form.IMMEDIATE,
            _match(0x18 + top, 0, 0, 7),
            _shuffle_immediate_byte(top),
            (_UNSIGNED6,),
        )
        for top in range(4)
    ],
    Instruction(
        "cv.shuffle2.h", Form.REGISTER, _match(0x1C, 0, 0, 0), lambda o: _shuffle_two(o, _HALF)
    ),
    Instruction(
        "cv.shuffle2.b", Form.REGISTER, _match(0x1C, 0, 0, 1), lambda o: _shuffle_two(o, _BYTE)
    ),
    Instruction(
        "cv.pack",
        Form.REGISTER,
        _match(0x1E, 0, 0, 0),
        lambda o: bits(o.first, 15, 0) << 16 | bits(o.second, 15, 0),
    ),
    Instruction(
        "cv.pack.h",
        Form.REGISTER,
        _match(0x1E, 0, 1, 0),
        lambda o: bits(o.first, 31, 16) << 16 | bits(o.second, 31, 16),
    ),
    Instruction("cv.packhi.b", Form.REGISTER, _match(0x1F, 0, 1, 1), lambda o: _pack_bytes(o, 2)),
    Instruction("cv.packlo.b", Form.REGISTER, _match(0x1F, 0, 0, 1), lambda o: _pack_bytes(o, 0)),
]


# Complex numbers: the real part in the lower half-word, the imaginary part in the upper one.

_SCALES = [("", 0), (".div2", 1), (".div4", 2), (".div8", 3)]


def _complex(value: int) -> tuple[int, int]:
    real, imaginary = (signed(lane, _HALF) for lane in _lanes(value, _HALF))
    return real, imaginary


def _multiply_real(operands: Operands, scale: int) -> int:
    (a, b), (c, d) = _complex(operands.first), _complex(operands.second)
    product = signed(a * c - b * d) >> (15 + scale)
    return _word([product, bits(operands.destination, 31, 16)], _HALF)


def _multiply_imaginary(operands: Operands, scale: int) -> int:
    (a, b), (c, d) = _complex(operands.first), _complex(operands.second)
    # 32 bits hold the sum except if all four parts are -32768. The manual does not say what
    # happens then; the core's RTL (cv32e40p_mult.sv) keeps the lowest 32 bits.
    product = signed(a * d + b * c) >> (15 + scale)
    return _word([bits(operands.destination, 15, 0), product], _HALF)


def _conjugate(operands: Operands) -> int:
    real, imaginary = _complex(operands.first)
    return _word([real, -imaginary], _HALF)


def _subtract_rotated(operands: Operands, scale: int) -> int:
    """(rs1 - rs2) times -j."""
    (a, b), (c, d) = _complex(operands.first), _complex(operands.second)
    return _word([signed(b - d, _HALF) >> scale, signed(c - a, _HALF) >> scale], _HALF)


def _scaled_sum(operands: Operands, scale: int, sign: int) -> int:
    pairs = zip(_complex(operands.first), _complex(operands.second), strict=True)
    return _word([signed(a + sign * b, _HALF) >> scale for a, b in pairs], _HALF)


def _scaled(
    name: str,
    function5: int,
    bit25: int,
    result: Callable[[Operands, int], int],
    scales: list[tuple[str, int]] = _SCALES,
) -> list[Instruction]:
    def scaled_by(scale: int) -> Callable[[Operands], int]:
        return lambda operands: result(operands, scale)

    return [
        Instruction(
            f"cv.{name}{suffix}",
            Form.REGISTER,
            _match(function5, 1, bit25, scale << 1),
            scaled_by(scale),
        )
        for suffix, scale in scales
    ]


_COMPLEX = [
    *_scaled("cplxmul.r", 0x0A, 0, _multiply_real),
    *_scaled("cplxmul.i", 0x0A, 1, _multiply_imaginary),
    Instruction("cv.cplxconj", Form.UNARY, _match(0x0B, 1, 0, 0), _conjugate),
    *_scaled("subrotmj", 0x0C, 0, _subtract_rotated),
    *_scaled("add", 0x0D, 0, lambda o, scale: _scaled_sum(o, scale, 1), _SCALES[1:]),
    *_scaled("sub", 0x0E, 0, lambda o, scale: _scaled_sum(o, scale, -1), _SCALES[1:]),
]

SIMD = [*_LANE_OPERATIONS, *_COMPARISONS, *_DOT_PRODUCTS, *_SINGLE, *_COMPLEX]
"""Every instruction of the extension."""
