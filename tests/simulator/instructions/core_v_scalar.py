"""xcvalu, xcvbitmanip and xcvmac: tables of encodings and meanings."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.instructions.core_v_instruction import (
    BIT_REVERSE_GROUP,
    CUSTOM_1,
    CUSTOM_2,
    IS2,
    IS3,
    WORD,
    Form,
    Instruction,
    Operands,
    always_valid,
    bits,
    signed,
)

Meaning = Callable[[Operands], int]


def _custom_1(
    mnemonic: str,
    function7: int,
    result: Meaning,
    form: Form = Form.REGISTER,
    valid: Callable[[Operands], bool] = always_valid,
) -> Instruction:
    """Custom-1 with function code 3: operation in the upper seven bits."""
    match = function7 << 25 | 3 << 12 | CUSTOM_1
    immediates = (IS2,) if form is Form.IMMEDIATE else ()
    return Instruction(mnemonic, form, match, result, immediates, valid)


def _custom_2(mnemonic: str, function2: int, function3: int, result: Meaning) -> Instruction:
    """Custom-2 with two registers and the immediate Is3."""
    match = function2 << 30 | function3 << 12 | CUSTOM_2
    return Instruction(mnemonic, Form.REGISTER_IMMEDIATE, match, result, (IS3,))


# Bit fields: `length` bits from `position`, those beyond bit 31 cut off.


def _mask(position: int, length: int) -> int:
    return ((1 << length) - 1) << position & WORD


def _extract(value: int, position: int, length: int) -> int:
    return (value & _mask(position, length)) >> position


def _extract_signed(value: int, position: int, length: int) -> int:
    return signed(_extract(value, position, length), min(length, 32 - position))


def _insert(old: int, value: int, position: int, length: int) -> int:
    mask = _mask(position, length)
    return old & ~mask | value << position & mask


def _register_field(operands: Operands) -> tuple[int, int]:
    """Position and length of the field that rs2 describes."""
    return bits(operands.second, 4, 0), bits(operands.second, 9, 5) + 1


def _immediate_field(operands: Operands) -> tuple[int, int]:
    """Position and length of the field that Is3 and Is2 describe."""
    length, position = operands.immediates
    return position, length + 1


def _fits(field: tuple[int, int]) -> bool:
    position, length = field
    return position + length <= 32


def _bit_manipulation(
    mnemonic: str, function2: int, function3: int, function7: int, result: FieldMeaning
) -> list[Instruction]:
    """The form with immediates and the one with a register, which ends in `r`."""

    def valid_immediates(operands: Operands) -> bool:
        # The manual defines insertion only of fields that lie in the word.
        return mnemonic != "cv.insert" or _fits(_immediate_field(operands))

    def valid_register(operands: Operands) -> bool:
        return mnemonic != "cv.insert" or _fits(_register_field(operands))

    return [
        Instruction(
            mnemonic,
            Form.TWO_IMMEDIATES,
            function2 << 30 | function3 << 12 | CUSTOM_2,
            lambda operands: result(operands, *_immediate_field(operands)),
            (IS3, IS2),
            valid_immediates,
        ),
        _custom_1(
            f"{mnemonic}r",
            function7,
            lambda operands: result(operands, *_register_field(operands)),
            valid=valid_register,
        ),
    ]


FieldMeaning = Callable[[Operands, int, int], int]


def _find_first(value: int) -> int:
    return 32 if value == 0 else (value & -value).bit_length() - 1


def _find_last(value: int) -> int:
    return 32 if value == 0 else value.bit_length() - 1


def _leading_equal(value: int) -> int:
    """How many bits after the first one are equal to it; 0 for 0."""
    if value == 0:
        return 0
    text = f"{value:032b}"
    return len(text) - len(text.lstrip(text[0])) - 1


def _rotate_right(value: int, amount: int) -> int:
    amount %= 32
    return value >> amount | value << (32 - amount)


def _bit_reverse(operands: Operands) -> int:
    group, shift = operands.immediates
    # 3 works as 0 does.
    width = 1 if group == 3 else group + 1
    text = f"{operands.first << shift & WORD:032b}"
    groups = [text[start : start + width] for start in range(0, 32 // width * width, width)]
    return int("".join(reversed(groups)), 2)


BIT_MANIPULATION = [
    *_bit_manipulation("cv.extract", 0, 0, 0x18, lambda o, p, n: _extract_signed(o.first, p, n)),
    *_bit_manipulation("cv.extractu", 1, 0, 0x19, lambda o, p, n: _extract(o.first, p, n)),
    *_bit_manipulation(
        "cv.insert", 2, 0, 0x1A, lambda o, p, n: _insert(o.destination, o.first, p, n)
    ),
    *_bit_manipulation("cv.bclr", 0, 1, 0x1C, lambda o, p, n: o.first & ~_mask(p, n)),
    *_bit_manipulation("cv.bset", 1, 1, 0x1D, lambda o, p, n: o.first | _mask(p, n)),
    Instruction(
        "cv.bitrev",
        Form.TWO_IMMEDIATES,
        3 << 30 | 1 << 12 | CUSTOM_2,
        _bit_reverse,
        (BIT_REVERSE_GROUP, IS2),
    ),
    _custom_1("cv.ror", 0x20, lambda o: _rotate_right(o.first, o.second)),
    _custom_1("cv.ff1", 0x21, lambda o: _find_first(o.first), Form.UNARY),
    _custom_1("cv.fl1", 0x22, lambda o: _find_last(o.first), Form.UNARY),
    _custom_1("cv.clb", 0x23, lambda o: _leading_equal(o.first), Form.UNARY),
    _custom_1("cv.cnt", 0x24, lambda o: o.first.bit_count(), Form.UNARY),
]


# Arithmetic.


def _clip(value: int, lowest: int, highest: int) -> int:
    """The limits win in this order, as the manual writes them down."""
    if value <= lowest:
        return lowest
    return min(value, highest)


def _clip_limit(is2: int) -> int:
    """2^(Is2 - 1) - 1, and 0 for Is2 = 0."""
    return (1 << is2 - 1) - 1 if is2 > 0 else 0


def _register_limit(operands: Operands) -> int:
    return operands.second & 0x7FFFFFFF


def _shift(value: int, amount: int, *, arithmetic: bool, rounded: bool) -> int:
    """A 32-bit sum, rounded before it is shifted to the right."""
    if rounded and amount > 0:
        value += 1 << (amount - 1)
    return (signed(value) if arithmetic else value & WORD) >> amount


_NORMALISATIONS = [
    # suffix, arithmetic, rounded; in the order of their codes
    ("n", True, False),
    ("un", False, False),
    ("rn", True, True),
    ("urn", False, True),
]


def _sum_immediate(sign: int, arithmetic: bool, rounded: bool) -> Meaning:
    return lambda o: _shift(
        o.first + sign * o.second, o.immediates[0], arithmetic=arithmetic, rounded=rounded
    )


def _sum_register(sign: int, arithmetic: bool, rounded: bool) -> Meaning:
    return lambda o: _shift(
        o.destination + sign * o.first, o.second & 31, arithmetic=arithmetic, rounded=rounded
    )


_SUMS = [
    instruction
    for name, sign, function3, function7 in [("add", 1, 2, 0x40), ("sub", -1, 3, 0x44)]
    for code, (suffix, arithmetic, rounded) in enumerate(_NORMALISATIONS)
    for instruction in [
        _custom_2(f"cv.{name}{suffix}", code, function3, _sum_immediate(sign, arithmetic, rounded)),
        _custom_1(
            f"cv.{name}{suffix}r", function7 + code, _sum_register(sign, arithmetic, rounded)
        ),
    ]
]

ALU = [
    _custom_1("cv.abs", 0x28, lambda o: abs(signed(o.first)), Form.UNARY),
    _custom_1("cv.sle", 0x29, lambda o: int(signed(o.first) <= signed(o.second))),
    _custom_1("cv.sleu", 0x2A, lambda o: int(o.first <= o.second)),
    _custom_1("cv.min", 0x2B, lambda o: min(signed(o.first), signed(o.second))),
    _custom_1("cv.minu", 0x2C, lambda o: min(o.first, o.second)),
    _custom_1("cv.max", 0x2D, lambda o: max(signed(o.first), signed(o.second))),
    _custom_1("cv.maxu", 0x2E, lambda o: max(o.first, o.second)),
    _custom_1("cv.exths", 0x30, lambda o: signed(o.first, 16), Form.UNARY),
    _custom_1("cv.exthz", 0x31, lambda o: bits(o.first, 15, 0), Form.UNARY),
    _custom_1("cv.extbs", 0x32, lambda o: signed(o.first, 8), Form.UNARY),
    _custom_1("cv.extbz", 0x33, lambda o: bits(o.first, 7, 0), Form.UNARY),
    _custom_1(
        "cv.clip",
        0x38,
        lambda o: _clip(
            signed(o.first), -_clip_limit(o.immediates[0]) - 1, _clip_limit(o.immediates[0])
        ),
        Form.IMMEDIATE,
    ),
    _custom_1(
        "cv.clipu",
        0x39,
        lambda o: _clip(signed(o.first), 0, _clip_limit(o.immediates[0])),
        Form.IMMEDIATE,
    ),
    _custom_1(
        "cv.clipr",
        0x3A,
        lambda o: _clip(signed(o.first), -_register_limit(o) - 1, _register_limit(o)),
    ),
    _custom_1("cv.clipur", 0x3B, lambda o: _clip(signed(o.first), 0, _register_limit(o))),
    *_SUMS,
]


# Products of half-words: the lower or upper halves of both, with or without signs.


def _product(operands: Operands, *, high: bool, with_sign: bool) -> int:
    shift = 16 if high else 0
    first, second = operands.first >> shift & 0xFFFF, operands.second >> shift & 0xFFFF
    if with_sign:
        first, second = signed(first, 16), signed(second, 16)
    return first * second


def _half_word(accumulate: bool, high: bool, with_sign: bool, rounded: bool) -> Instruction:
    """Encoded in Is3's upper neighbours: bit 30 picks the halves, bit 31 rounding."""
    function3 = 4 | accumulate << 1 | (not with_sign)
    name = ("mac" if accumulate else "mul") + ("hh" if high else "") + ("s" if with_sign else "u")

    def result(operands: Operands) -> int:
        value = _product(operands, high=high, with_sign=with_sign)
        if accumulate:
            value += operands.destination
        return _shift(value, operands.immediates[0], arithmetic=with_sign, rounded=rounded)

    suffix = "rn" if rounded else "n"
    return _custom_2(f"cv.{name}{suffix}", rounded << 1 | high, function3, result)


MULTIPLY_ACCUMULATE = [
    _custom_1("cv.mac", 0x48, lambda o: o.destination + o.first * o.second),
    _custom_1("cv.msu", 0x49, lambda o: o.destination - o.first * o.second),
    *[
        _half_word(accumulate, high, with_sign, rounded)
        for accumulate in (False, True)
        for high in (False, True)
        for with_sign in (False, True)
        for rounded in (False, True)
    ],
]

SCALAR = [*BIT_MANIPULATION, *ALU, *MULTIPLY_ACCUMULATE]
"""Every instruction of the three extensions."""
