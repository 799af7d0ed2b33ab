/* Packed arithmetic of CORE-V cores (Xcvsimd), on four 8-bit or two 16-bit numbers in a register.
 *
 * The compiler has no names for these instructions and does not find them by itself. Element 0 is
 * in the lowest bits, as a load puts it. Sums are 32 bits wide and wrap around. */
#ifndef TILEWRIGHT_SIMD_H_
#define TILEWRIGHT_SIMD_H_

#include <stdint.h>

#ifndef __riscv_xcvsimd
#error "tilewright/simd.h is for cores with Xcvsimd"
#endif

/* Four 8-bit or two 16-bit numbers. */
typedef uint32_t tw_packed;

#define TW_SIMD_BINARY_(name, instruction, result)                     \
  static inline result name(tw_packed a, tw_packed b) {                \
    result value;                                                      \
    __asm__(instruction " %0, %1, %2" : "=r"(value) : "r"(a), "r"(b)); \
    return value;                                                      \
  }

#define TW_SIMD_ACCUMULATE_(name, instruction, result)               \
  static inline result name(result sum, tw_packed a, tw_packed b) {  \
    __asm__(instruction " %0, %1, %2" : "+r"(sum) : "r"(a), "r"(b)); \
    return sum;                                                      \
  }

/* a[0] * b[0] + a[1] * b[1] + ...: signed, unsigned, unsigned `a` and signed `b`. */
TW_SIMD_BINARY_(tw_dot_s8, "cv.dotsp.b", int32_t)
TW_SIMD_BINARY_(tw_dot_u8, "cv.dotup.b", uint32_t)
TW_SIMD_BINARY_(tw_dot_u8s8, "cv.dotusp.b", int32_t)
TW_SIMD_BINARY_(tw_dot_s16, "cv.dotsp.h", int32_t)
TW_SIMD_BINARY_(tw_dot_u16, "cv.dotup.h", uint32_t)
TW_SIMD_BINARY_(tw_dot_u16s16, "cv.dotusp.h", int32_t)

/* The same, added to a sum. */
TW_SIMD_ACCUMULATE_(tw_dot_add_s8, "cv.sdotsp.b", int32_t)
TW_SIMD_ACCUMULATE_(tw_dot_add_u8, "cv.sdotup.b", uint32_t)
TW_SIMD_ACCUMULATE_(tw_dot_add_u8s8, "cv.sdotusp.b", int32_t)
TW_SIMD_ACCUMULATE_(tw_dot_add_s16, "cv.sdotsp.h", int32_t)
TW_SIMD_ACCUMULATE_(tw_dot_add_u16, "cv.sdotup.h", uint32_t)
TW_SIMD_ACCUMULATE_(tw_dot_add_u16s16, "cv.sdotusp.h", int32_t)

/* Element by element. Sums and differences wrap around; an average is half of
 * the wrapped sum, rounded down. */
TW_SIMD_BINARY_(tw_add_8, "cv.add.b", tw_packed)
TW_SIMD_BINARY_(tw_sub_8, "cv.sub.b", tw_packed)
TW_SIMD_BINARY_(tw_average_s8, "cv.avg.b", tw_packed)
TW_SIMD_BINARY_(tw_average_u8, "cv.avgu.b", tw_packed)
TW_SIMD_BINARY_(tw_minimum_s8, "cv.min.b", tw_packed)
TW_SIMD_BINARY_(tw_minimum_u8, "cv.minu.b", tw_packed)
TW_SIMD_BINARY_(tw_maximum_s8, "cv.max.b", tw_packed)
TW_SIMD_BINARY_(tw_maximum_u8, "cv.maxu.b", tw_packed)
TW_SIMD_BINARY_(tw_shift_left_8, "cv.sll.b", tw_packed)
TW_SIMD_BINARY_(tw_shift_right_u8, "cv.srl.b", tw_packed)
TW_SIMD_BINARY_(tw_shift_right_s8, "cv.sra.b", tw_packed)
TW_SIMD_BINARY_(tw_add_16, "cv.add.h", tw_packed)
TW_SIMD_BINARY_(tw_sub_16, "cv.sub.h", tw_packed)
TW_SIMD_BINARY_(tw_average_s16, "cv.avg.h", tw_packed)
TW_SIMD_BINARY_(tw_average_u16, "cv.avgu.h", tw_packed)
TW_SIMD_BINARY_(tw_minimum_s16, "cv.min.h", tw_packed)
TW_SIMD_BINARY_(tw_minimum_u16, "cv.minu.h", tw_packed)
TW_SIMD_BINARY_(tw_maximum_s16, "cv.max.h", tw_packed)
TW_SIMD_BINARY_(tw_maximum_u16, "cv.maxu.h", tw_packed)
TW_SIMD_BINARY_(tw_shift_left_16, "cv.sll.h", tw_packed)
TW_SIMD_BINARY_(tw_shift_right_u16, "cv.srl.h", tw_packed)
TW_SIMD_BINARY_(tw_shift_right_s16, "cv.sra.h", tw_packed)

/* Elements of `a` in the order that the lowest bits of the elements of `b` say. */
TW_SIMD_BINARY_(tw_shuffle_8, "cv.shuffle.b", tw_packed)
TW_SIMD_BINARY_(tw_shuffle_16, "cv.shuffle.h", tw_packed)

/* The lower, or the upper, halves of `a` (to the upper half) and `b` (to the lower half). */
TW_SIMD_BINARY_(tw_pack_low_16, "cv.pack", tw_packed)
TW_SIMD_BINARY_(tw_pack_high_16, "cv.pack.h", tw_packed)

#endif /* TILEWRIGHT_SIMD_H_ */
