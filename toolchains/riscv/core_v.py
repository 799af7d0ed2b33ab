"""Decoder of the CORE-V instructions (xcvmem, xcvmac, xcvalu, xcvbitmanip, xcvsimd, xcvbi, xcvelw).

Encodings: CV32E40P user manual, chapter "CORE-V Instruction Set Custom Extensions". The text is
what clang's assembler reads, which `disassemble_test.py` uses as its check.
"""

from __future__ import annotations

from dataclasses import dataclass

# fmt: off
_REGISTERS = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
]
# fmt: on

_CUSTOM_0 = 0x0B
_CUSTOM_1 = 0x2B
_CUSTOM_2 = 0x5B
_CUSTOM_3 = 0x7B


@dataclass(frozen=True)
class _Encoding:
    """`word & mask == match` is `mnemonic`; `operands` is a format of `_operand_text`."""

    mnemonic: str
    mask: int
    match: int
    operands: str


def _bits(word: int, low: int, count: int) -> int:
    return word >> low & (1 << count) - 1


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _operand_text(operands: str, word: int, address: int) -> str:
    # SIMD immediates: the lowest bit stands apart, at 25.
    immediate6 = _bits(word, 20, 5) << 1 | _bits(word, 25, 1)
    store12 = _bits(word, 25, 7) << 5 | _bits(word, 7, 5)
    branch13 = (
        _bits(word, 31, 1) << 12
        | _bits(word, 7, 1) << 11
        | _bits(word, 25, 6) << 5
        | _bits(word, 8, 4) << 1
    )
    return operands.format(
        d=_REGISTERS[_bits(word, 7, 5)],
        s=_REGISTERS[_bits(word, 15, 5)],
        t=_REGISTERS[_bits(word, 20, 5)],
        load=_signed(_bits(word, 20, 12), 12),
        store=_signed(store12, 12),
        u2_25=_bits(word, 25, 2),
        u5_20=_bits(word, 20, 5),
        u5_25=_bits(word, 25, 5),
        i5_20=_signed(_bits(word, 20, 5), 5),
        i6=_signed(immediate6, 6),
        u6=immediate6,
        target=hex(address + _signed(branch13, 13) & 0xFFFFFFFF),
    )


def _encodings() -> dict[tuple[int, int], list[_Encoding]]:
    table: dict[tuple[int, int], list[_Encoding]] = {}

    def add(
        opcode: int, funct3: int, mnemonic: str, operands: str, mask: int = 0, match: int = 0
    ) -> None:
        table.setdefault((opcode, funct3), []).append(
            _Encoding("cv." + mnemonic, mask, match, operands)
        )

    def add_funct7(
        opcode: int, funct3: int, funct7: int, mnemonic: str, operands: str, two: bool = False
    ) -> None:
        # Instructions of two registers have zero where the third would be.
        mask = 0xFFF00000 if two else 0xFE000000
        add(opcode, funct3, mnemonic, operands, mask, funct7 << 25)

    # xcvmem: post-increment by an immediate or a register, register offset. xcvelw, xcvbi.
    for funct3, name in enumerate(["lb", "lh", "lw", "elw", "lbu", "lhu"]):
        operands = "{d}, {load}({s})" if name == "elw" else "{d}, ({s}), {load}"
        add(_CUSTOM_0, funct3, name, operands)
    for funct3, name in {6: "beqimm", 7: "bneimm"}.items():
        add(_CUSTOM_0, funct3, name, "{s}, {i5_20}, {target}")
    for funct3, name in enumerate(["sb", "sh", "sw"]):
        add(_CUSTOM_1, funct3, name, "{t}, ({s}), {store}")
        add_funct7(_CUSTOM_1, 3, 0x10 + funct3, name, "{t}, ({s}), {d}")
        add_funct7(_CUSTOM_1, 3, 0x14 + funct3, name, "{t}, {d}({s})")
    for funct7, name in {0: "lb", 1: "lh", 2: "lw", 8: "lbu", 9: "lhu"}.items():
        add_funct7(_CUSTOM_1, 3, funct7, name, "{d}, ({s}), {t}")
        add_funct7(_CUSTOM_1, 3, funct7 + 4, name, "{d}, {t}({s})")

    # xcvalu, xcvbitmanip and xcvmac with registers.
    for first, names in {
        0x18: "extractr extractur insertr",
        0x1C: "bclrr bsetr",
        0x20: "ror",
        0x29: "sle sleu min minu max maxu",
        0x3A: "clipr clipur",
        0x40: "addnr addunr addrnr addurnr subnr subunr subrnr suburnr mac msu",
    }.items():
        for funct7, name in enumerate(names.split(), first):
            add_funct7(_CUSTOM_1, 3, funct7, name, "{d}, {s}, {t}")
    for first, names in {
        0x21: "ff1 fl1 clb cnt",
        0x28: "abs",
        0x30: "exths exthz extbs extbz",
    }.items():
        for funct7, name in enumerate(names.split(), first):
            add_funct7(_CUSTOM_1, 3, funct7, name, "{d}, {s}", two=True)
    for funct7, name in {0x38: "clip", 0x39: "clipu"}.items():
        add_funct7(_CUSTOM_1, 3, funct7, name, "{d}, {s}, {u5_20}")

    # The same with immediates; two bits at 30 select within a group of four.
    for name, funct3, select in [
        ("extract", 0, 0),
        ("extractu", 0, 1),
        ("insert", 0, 2),
        ("bclr", 1, 0),
        ("bset", 1, 1),
    ]:
        add(_CUSTOM_2, funct3, name, "{d}, {s}, {u5_25}, {u5_20}", 0xC0000000, select << 30)
    add(_CUSTOM_2, 1, "bitrev", "{d}, {s}, {u2_25}, {u5_20}", 0xF8000000, 0xC0000000)
    for funct3, names in {
        2: "addn addun addrn addurn",
        3: "subn subun subrn suburn",
        4: "mulsn mulhhsn mulsrn mulhhsrn",
        5: "mulun mulhhun mulurn mulhhurn",
        6: "macsn machhsn macsrn machhsrn",
        7: "macun machhun macurn machhurn",
    }.items():
        for select, name in enumerate(names.split()):
            if name in ("mulsn", "mulhhsn", "mulun", "mulhhun"):
                # Without a shift the assembler's name for it is another.
                add_funct7(_CUSTOM_2, funct3, select << 5, name[:-1], "{d}, {s}, {t}")
            add(_CUSTOM_2, funct3, name, "{d}, {s}, {t}, {u5_25}", 0xC0000000, select << 30)

    # xcvsimd: six bits at 26 name the operation, funct3 names width and kind of the second operand.
    signed = "add sub avg min max or xor and dotusp dotsp sdotusp sdotsp "
    signed += "cmpeq cmpne cmpgt cmpge cmplt cmple"
    # An immediate shift has as many bits as the width asks for, the rest is zero.
    shifts = ("srl", "sra", "sll")
    shift_masks = (0xFDC00000, 0xFDE00000)
    operations = {
        0x00: "add cmpeq sub cmpne avg cmpgt avgu cmpge",
        0x08: "min cmplt minu cmple max cmpgtu maxu cmpgeu",
        0x10: "srl cmpltu sra cmpleu sll",
        0x16: "or",
        0x18: "xor",
        0x1A: "and",
        0x20: "dotup",
        0x22: "dotusp",
        0x24: "dotsp",
        0x26: "sdotup",
        0x28: "sdotusp",
        0x2A: "sdotsp",
    }
    for first, names in operations.items():
        for funct6, name in enumerate(names.split(), first):
            for width, suffix in enumerate(["h", "b"]):
                for funct3, kind in {0: "", 4: "sc."}.items():
                    mnemonic = f"{name}.{kind}{suffix}"
                    add_funct7(_CUSTOM_3, funct3 + width, funct6 << 1, mnemonic, "{d}, {s}, {t}")
                immediate = "{i6}" if name in signed.split() else "{u6}"
                add(
                    _CUSTOM_3,
                    6 + width,
                    f"{name}.sci.{suffix}",
                    "{d}, {s}, " + immediate,
                    shift_masks[width] if name in shifts else 0xFC000000,
                    funct6 << 26,
                )
    for width, suffix in enumerate(["h", "b"]):
        add_funct7(_CUSTOM_3, width, 0x38, f"abs.{suffix}", "{d}, {s}", two=True)
        add_funct7(_CUSTOM_3, width, 0x60, f"shuffle.{suffix}", "{d}, {s}, {t}")
        add_funct7(_CUSTOM_3, width, 0x70, f"shuffle2.{suffix}", "{d}, {s}, {t}")
        for funct3, name in {0: "extract", 2: "extractu", 4: "insert"}.items():
            mnemonic = f"{name}.{suffix}"
            add(_CUSTOM_3, funct3 + width, mnemonic, "{d}, {s}, {u6}", 0xFC000000, 0x2E << 26)
    add(_CUSTOM_3, 6, "shuffle.sci.h", "{d}, {s}, {u6}", 0xFC000000, 0x30 << 26)
    for index in range(4):
        mnemonic = f"shufflei{index}.sci.b"
        add(_CUSTOM_3, 7, mnemonic, "{d}, {s}, {u6}", 0xFC000000, 0x30 + 2 * index << 26)
    add_funct7(_CUSTOM_3, 0, 0x78, "pack", "{d}, {s}, {t}")
    add_funct7(_CUSTOM_3, 0, 0x79, "pack.h", "{d}, {s}, {t}")
    add_funct7(_CUSTOM_3, 1, 0x7C, "packlo.b", "{d}, {s}, {t}")
    add_funct7(_CUSTOM_3, 1, 0x7D, "packhi.b", "{d}, {s}, {t}")
    # Complex numbers of 16-bit parts, results divided by a power of two.
    add_funct7(_CUSTOM_3, 0, 0x2E, "cplxconj", "{d}, {s}", two=True)
    for funct3, suffix in {0: "", 2: ".div2", 4: ".div4", 6: ".div8"}.items():
        add_funct7(_CUSTOM_3, funct3, 0x2A, "cplxmul.r" + suffix, "{d}, {s}, {t}")
        add_funct7(_CUSTOM_3, funct3, 0x2B, "cplxmul.i" + suffix, "{d}, {s}, {t}")
        add_funct7(_CUSTOM_3, funct3, 0x32, "subrotmj" + suffix, "{d}, {s}, {t}")
        if suffix:
            add_funct7(_CUSTOM_3, funct3, 0x36, "add" + suffix, "{d}, {s}, {t}")
            add_funct7(_CUSTOM_3, funct3, 0x3A, "sub" + suffix, "{d}, {s}, {t}")
    return table


_ENCODINGS = _encodings()


def decode(word: int, address: int) -> str | None:
    """Assembly text of the 32-bit instruction `word` at `address`; None if it is not CORE-V's."""
    for encoding in _ENCODINGS.get((word & 0x7F, _bits(word, 12, 3)), []):
        if word & encoding.mask == encoding.match:
            return f"{encoding.mnemonic} {_operand_text(encoding.operands, word, address)}"
    return None


def decode_hardware_loop(word: int, address: int) -> str | None:
    """Assembly text of an instruction of xcvhwlp; None if `word` is none.

    clang's assembler has no names for them: firmware/include/tilewright/hardware_loop.h writes them
    as words, so in an ELF file they are marked as data.
    """
    if word & 0x707F != 0x402B:
        return None
    operation, loop = _bits(word, 8, 4), _bits(word, 7, 1)
    source, immediate = _bits(word, 15, 5), _bits(word, 20, 12)
    target = f"{address + 4 * immediate & 0xFFFFFFFF:#x}"
    register = _REGISTERS[source]
    # By operation: name, operands, what must be zero.
    forms = [
        ("starti", target, source),
        ("start", register, immediate),
        ("endi", target, source),
        ("end", register, immediate),
        ("counti", str(immediate), source),
        ("count", register, immediate),
        ("setupi", f"{immediate}, {address + 4 * source & 0xFFFFFFFF:#x}", 0),
        ("setup", f"{register}, {target}", 0),
    ]
    if operation >= len(forms) or forms[operation][2] != 0:
        return None
    name, operands, _ = forms[operation]
    return f"cv.{name} {loop}, {operands}"
