/* Words at any address: an access that crosses a word takes two cycles, four accesses to bytes four
 * or more. */
#include "tilewright/bytes.h"

#include "tilewright/hardware_loop.h"

/* Four words at a time, loads apart from their uses. */
static inline void copy_row(int8_t **to, const int8_t *from, uint32_t bytes) {
  int8_t *out = *to;
  const uint32_t quads = bytes / 16;
  uint32_t a, b, c, d;
  if (quads != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[quads]", "1f")
                     "  cv.lw %[a], (%[from]), 4\n"
                     "  cv.lw %[b], (%[from]), 4\n"
                     "  cv.lw %[c], (%[from]), 4\n"
                     "  cv.lw %[d], (%[from]), 4\n"
                     "  cv.sw %[a], (%[out]), 4\n"
                     "  cv.sw %[b], (%[out]), 4\n"
                     "  cv.sw %[c], (%[out]), 4\n"
                     "  cv.sw %[d], (%[out]), 4\n"
                     "1:\n" TW_LOOP_END
                     : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [from] "+r"(from),
                       [out] "+r"(out)
                     : [quads] "r"(quads)
                     : "memory");
  }
  if ((bytes & 8) != 0) {
    __asm__ volatile(
        "cv.lw %[a], (%[from]), 4\n"
        "cv.lw %[b], (%[from]), 4\n"
        "cv.sw %[a], (%[out]), 4\n"
        "cv.sw %[b], (%[out]), 4\n"
        : [a] "=&r"(a), [b] "=&r"(b), [from] "+r"(from), [out] "+r"(out)
        :
        : "memory");
  }
  if ((bytes & 4) != 0) {
    __asm__ volatile(
        "cv.lw %[a], (%[from]), 4\n"
        "cv.sw %[a], (%[out]), 4\n"
        : [a] "=&r"(a), [from] "+r"(from), [out] "+r"(out)
        :
        : "memory");
  }
  if ((bytes & 2) != 0) {
    __asm__ volatile(
        "cv.lh %[a], (%[from]), 2\n"
        "cv.sh %[a], (%[out]), 2\n"
        : [a] "=&r"(a), [from] "+r"(from), [out] "+r"(out)
        :
        : "memory");
  }
  if ((bytes & 1) != 0) {
    *out++ = *from;
  }
  *to = out;
}

/* Rows of 4 to 7 bytes: the first and the last word, which overlap. */
static void copy_rows_of_4(int8_t *to, const int8_t *from, uint32_t bytes, uint32_t rows,
                           uint32_t stride) {
  uint32_t a, b;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[rows]", "1f")
                   "  lw %[a], 0(%[from])\n"
                   "  cv.lw %[b], %[last](%[from])\n"
                   "  add %[from], %[from], %[stride]\n"
                   "  sw %[a], 0(%[to])\n"
                   "  cv.sw %[b], %[last](%[to])\n"
                   "  add %[to], %[to], %[bytes]\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [from] "+r"(from), [to] "+r"(to)
                   : [rows] "r"(rows), [stride] "r"(stride), [bytes] "r"(bytes),
                     [last] "r"(bytes - 4)
                   : "memory");
}

/* Rows of 8 to 15 bytes: the first two and the last two words, which overlap. */
static void copy_rows_of_8(int8_t *to, const int8_t *from, uint32_t bytes, uint32_t rows,
                           uint32_t stride) {
  uint32_t a, b, c, d;
  __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[rows]", "1f")
                   "  lw %[a], 0(%[from])\n"
                   "  lw %[b], 4(%[from])\n"
                   "  cv.lw %[c], %[third](%[from])\n"
                   "  cv.lw %[d], %[last](%[from])\n"
                   "  add %[from], %[from], %[stride]\n"
                   "  sw %[a], 0(%[to])\n"
                   "  sw %[b], 4(%[to])\n"
                   "  cv.sw %[c], %[third](%[to])\n"
                   "  cv.sw %[d], %[last](%[to])\n"
                   "  add %[to], %[to], %[bytes]\n"
                   "1:\n" TW_LOOP_END
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [from] "+r"(from),
                     [to] "+r"(to)
                   : [rows] "r"(rows), [stride] "r"(stride), [bytes] "r"(bytes),
                     [third] "r"(bytes - 8), [last] "r"(bytes - 4)
                   : "memory");
}

void tw_copy_rows(int8_t *to, const int8_t *from, uint32_t row_bytes, uint32_t rows,
                  uint32_t stride) {
  if (row_bytes - 8 < 8 && rows != 0) {
    copy_rows_of_8(to, from, row_bytes, rows, stride);
  } else if (row_bytes - 4 < 4 && rows != 0) {
    copy_rows_of_4(to, from, row_bytes, rows, stride);
  } else {
    for (; rows > 0; --rows) {
      copy_row(&to, from, row_bytes);
      from += stride;
    }
  }
}

void tw_fill_bytes(int8_t *to, int8_t value, uint32_t count) {
  const uint32_t word = (uint32_t)(uint8_t)value * UINT32_C(0x01010101);
  if (count >= 12) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[triples]", "1f")
                     "  cv.sw %[word], (%[to]), 4\n"
                     "  cv.sw %[word], (%[to]), 4\n"
                     "  cv.sw %[word], (%[to]), 4\n"
                     "1:\n" TW_LOOP_END
                     : [to] "+r"(to)
                     : [word] "r"(word), [triples] "r"(count / 12)
                     : "memory");
    count %= 12;
  }
  for (; count >= 4; count -= 4) {
    __asm__ volatile("cv.sw %[word], (%[to]), 4\n" : [to] "+r"(to) : [word] "r"(word) : "memory");
  }
  for (; count > 0; --count) {
    *to++ = value;
  }
}
