"""ISA_TABLE: every instruction set that firmware can be compiled for.

One entry makes a constraint value, a compiler-rt, a cc_toolchain and its tests.
"""

# Extensions of OpenHW's CORE-V cores, as clang spells them: post-increment memory access,
# multiply-accumulate, general ALU, packed SIMD, immediate branches, event load.
#
# The cores have bit manipulation too, but clang 20 makes `cv.fl1` of a count of leading zeros, and
# that instruction returns the position of the highest 1, counted from the lowest bit (CV32E40P user
# manual; __udivmoddi4 of compiler-rt never ends with it). Assembly asks for it where it is used:
# `.option arch, +xcvbitmanip`.
_CORE_V = [
    "xcvmem",
    "xcvmac",
    "xcvalu",
    "xcvsimd",
    "xcvbi",
    "xcvelw",
]

def _isa(letters, abi, vendor_extensions = []):
    """Describes one instruction set.

    Args:
      letters: single-letter extensions after `rv32i`, in canonical order, e.g. "mafc".
      abi: calling convention, `ilp32` (floats in integer registers) or `ilp32f`.
      vendor_extensions: multi-letter extensions.

    Returns:
      A struct of `march` and `mabi` (clang's arguments), `zig_cpu` (zig's), `extensions` (what the
      attribute section of every linked ELF must name besides the base) and `float_abi`
      (`soft` or `single`, as in the ELF header's flags).
    """
    extensions = [letters[i] for i in range(len(letters))] + vendor_extensions
    return struct(
        march = "_".join(["rv32i" + letters] + vendor_extensions),
        mabi = abi,
        zig_cpu = "+".join(["generic_rv32"] + extensions),
        extensions = extensions,
        float_abi = {"ilp32": "soft", "ilp32f": "single"}[abi],
    )

ISA_TABLE = {
    "rv32imafc": _isa("mafc", "ilp32f"),
    "rv32imc": _isa("mc", "ilp32"),
    "rv32imfcxcv": _isa("mfc", "ilp32f", _CORE_V),
}
