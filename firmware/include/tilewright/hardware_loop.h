/* Hardware loops of CORE-V cores (Xcvhwlp), which the compiler's assembler has no names for:
 * encoded by hand, here and nowhere else. For inline assembly and for assembly files.
 *
 * Loop 0 is the inner one of two. What the hardware demands, and does not check:
 * - Set-up instructions, bodies and what follows them lie on multiples of 4 bytes, and a body has
 * no compressed instructions: everything is between TW_LOOP_BEGIN and TW_LOOP_END.
 * - A body has at least 3 instructions, no jumps, branches, fences or privileged instructions.
 * - Loop 1 ends at least 8 bytes after the loop 0 inside of it.
 * - A count is not 0.
 *
 * In C, with the count in any register:
 *
 *     __asm__(TW_LOOP_BEGIN
 *             TW_LOOP_SETUP(0, "%[count]", "1f")
 *             "  cv.lw %[a], (%[left]), 4\n"
 *             "  cv.lw %[b], (%[right]), 4\n"
 *             "  cv.sdotsp.b %[sum], %[a], %[b]\n"
 *             "1:\n"
 *             TW_LOOP_END
 *             : [a] "=&r"(a), [b] "=&r"(b), [left] "+r"(left), [right] "+r"(right), [sum] "+r"(sum)
 *             : [count] "r"(count)
 *             : "memory");
 *
 * In assembly files they are macros of the assembler: `TW_LOOP_SETUP 0, a2, 1f`.
 *
 *     TW_LOOP_SETUP(loop, count, end)   from the next instruction up to `end`, `count` times; the
 *                                       body has up to 16376 bytes
 *     TW_LOOP_SETUPI(loop, n, end)      the same, n constant up to 4095, body up to 120 bytes
 *     TW_LOOP_STARTI(loop, start), TW_LOOP_ENDI(loop, end), TW_LOOP_COUNT(loop, count),
 *     TW_LOOP_COUNTI(loop, n)           one by one, the count last
 *     TW_LOOP_START(loop, address), TW_LOOP_END_AT(loop, address)
 *                                       addresses in registers
 *
 * Encodings: CV32E40P user manual, table "Hardware Loops operations encoding". */
#ifndef TILEWRIGHT_HARDWARE_LOOP_H_
#define TILEWRIGHT_HARDWARE_LOOP_H_

/* Major opcode custom-1 with funct3 = 4; the operation's funct4 and the loop are in the place of
 * rd. */
#define TW_LOOP_OPCODE_ 0x402b

#ifdef __ASSEMBLER__
/* clang-format off */

  /* Numbers of registers, by name. */
  .set .Ltw_register_zero, 0
  .set .Ltw_register_ra, 1
  .set .Ltw_register_sp, 2
  .set .Ltw_register_gp, 3
  .set .Ltw_register_tp, 4
  .set .Ltw_register_t0, 5
  .set .Ltw_register_t1, 6
  .set .Ltw_register_t2, 7
  .set .Ltw_register_s0, 8
  .set .Ltw_register_s1, 9
  .set .Ltw_register_a0, 10
  .set .Ltw_register_a1, 11
  .set .Ltw_register_a2, 12
  .set .Ltw_register_a3, 13
  .set .Ltw_register_a4, 14
  .set .Ltw_register_a5, 15
  .set .Ltw_register_a6, 16
  .set .Ltw_register_a7, 17
  .set .Ltw_register_s2, 18
  .set .Ltw_register_s3, 19
  .set .Ltw_register_s4, 20
  .set .Ltw_register_s5, 21
  .set .Ltw_register_s6, 22
  .set .Ltw_register_s7, 23
  .set .Ltw_register_s8, 24
  .set .Ltw_register_s9, 25
  .set .Ltw_register_s10, 26
  .set .Ltw_register_s11, 27
  .set .Ltw_register_t3, 28
  .set .Ltw_register_t4, 29
  .set .Ltw_register_t5, 30
  .set .Ltw_register_t6, 31

  /* Alignment comes before relaxation is off, so that the linker keeps it. */
  .macro TW_LOOP_BEGIN
  .balign 4
  .option push
  .option norelax
  .option norvc
  .endm

  .macro TW_LOOP_END
  .option pop
  .endm

  .macro TW_LOOP_WORD_ operation, loop, source, immediate
  .word TW_LOOP_OPCODE_ | \operation << 8 | \loop << 7 | \source << 15 | (\immediate) << 20
  .endm

  .macro TW_LOOP_STARTI loop, start
  TW_LOOP_WORD_ 0, \loop, 0, (\start - .) >> 2
  .endm

  .macro TW_LOOP_START loop, address
  TW_LOOP_WORD_ 1, \loop, .Ltw_register_\address, 0
  .endm

  .macro TW_LOOP_ENDI loop, end
  TW_LOOP_WORD_ 2, \loop, 0, (\end - .) >> 2
  .endm

  .macro TW_LOOP_END_AT loop, address
  TW_LOOP_WORD_ 3, \loop, .Ltw_register_\address, 0
  .endm

  .macro TW_LOOP_COUNTI loop, n
  TW_LOOP_WORD_ 4, \loop, 0, \n
  .endm

  .macro TW_LOOP_COUNT loop, count
  TW_LOOP_WORD_ 5, \loop, .Ltw_register_\count, 0
  .endm

  .macro TW_LOOP_SETUPI loop, n, end
  TW_LOOP_WORD_ 6, \loop, ((\end - .) >> 2), \n
  .endm

  .macro TW_LOOP_SETUP loop, count, end
  TW_LOOP_WORD_ 7, \loop, .Ltw_register_\count, (\end - .) >> 2
  .endm

/* clang-format on */
#else

/* Numbers of registers, by the names that operands are replaced with. */
#define TW_LOOP_REGISTERS_                                    \
  ".set .Ltw_register_zero, 0; .set .Ltw_register_ra, 1;\n"   \
  ".set .Ltw_register_sp, 2; .set .Ltw_register_gp, 3;\n"     \
  ".set .Ltw_register_tp, 4; .set .Ltw_register_t0, 5;\n"     \
  ".set .Ltw_register_t1, 6; .set .Ltw_register_t2, 7;\n"     \
  ".set .Ltw_register_s0, 8; .set .Ltw_register_s1, 9;\n"     \
  ".set .Ltw_register_a0, 10; .set .Ltw_register_a1, 11;\n"   \
  ".set .Ltw_register_a2, 12; .set .Ltw_register_a3, 13;\n"   \
  ".set .Ltw_register_a4, 14; .set .Ltw_register_a5, 15;\n"   \
  ".set .Ltw_register_a6, 16; .set .Ltw_register_a7, 17;\n"   \
  ".set .Ltw_register_s2, 18; .set .Ltw_register_s3, 19;\n"   \
  ".set .Ltw_register_s4, 20; .set .Ltw_register_s5, 21;\n"   \
  ".set .Ltw_register_s6, 22; .set .Ltw_register_s7, 23;\n"   \
  ".set .Ltw_register_s8, 24; .set .Ltw_register_s9, 25;\n"   \
  ".set .Ltw_register_s10, 26; .set .Ltw_register_s11, 27;\n" \
  ".set .Ltw_register_t3, 28; .set .Ltw_register_t4, 29;\n"   \
  ".set .Ltw_register_t5, 30; .set .Ltw_register_t6, 31;\n"

/* Alignment comes before relaxation is off, so that the linker keeps it. */
#define TW_LOOP_BEGIN \
  TW_LOOP_REGISTERS_  \
  ".balign 4\n"       \
  ".option push\n"    \
  ".option norelax\n" \
  ".option norvc\n"

#define TW_LOOP_END ".option pop\n"

#define TW_LOOP_STRING_(x) #x
#define TW_LOOP_STRING(x) TW_LOOP_STRING_(x)

#define TW_LOOP_WORD_(operation, loop, source, immediate)                                      \
  ".word " TW_LOOP_STRING(TW_LOOP_OPCODE_) " | " #operation " << 8 | " #loop " << 7 | " source \
                                           " << 15 | (" immediate ") << 20\n"

#define TW_LOOP_REGISTER_(name) ".Ltw_register_" name
#define TW_LOOP_DISTANCE_(label) "((" label " - .) >> 2)"

#define TW_LOOP_STARTI(loop, start) TW_LOOP_WORD_(0, loop, "0", TW_LOOP_DISTANCE_(start))
#define TW_LOOP_START(loop, address) TW_LOOP_WORD_(1, loop, TW_LOOP_REGISTER_(address), "0")
#define TW_LOOP_ENDI(loop, end) TW_LOOP_WORD_(2, loop, "0", TW_LOOP_DISTANCE_(end))
#define TW_LOOP_END_AT(loop, address) TW_LOOP_WORD_(3, loop, TW_LOOP_REGISTER_(address), "0")
#define TW_LOOP_COUNTI(loop, n) TW_LOOP_WORD_(4, loop, "0", TW_LOOP_STRING(n))
#define TW_LOOP_COUNT(loop, count) TW_LOOP_WORD_(5, loop, TW_LOOP_REGISTER_(count), "0")
#define TW_LOOP_SETUPI(loop, n, end) \
  TW_LOOP_WORD_(6, loop, TW_LOOP_DISTANCE_(end), TW_LOOP_STRING(n))
#define TW_LOOP_SETUP(loop, count, end) \
  TW_LOOP_WORD_(7, loop, TW_LOOP_REGISTER_(count), TW_LOOP_DISTANCE_(end))

#endif

#endif /* TILEWRIGHT_HARDWARE_LOOP_H_ */
