/* Division of work between cores. Every kernel takes (core, cores) and writes only the outputs of
 * its own share, so that results do not depend on the number of cores. */
#ifndef TILEWRIGHT_PARALLEL_H_
#define TILEWRIGHT_PARALLEL_H_

#include <stdint.h>

/* Most cores that may call a kernel together: scratch memory that each core needs for itself is
 * sized for this many (eight cluster cores and the controller core). */
#define TW_MAXIMUM_CORES 9

/* A usual number of cores, by which no division is needed: that takes longer than many a kernel's
 * share of the work. */
#define TW_USUAL_CORES 8u

/* Half-open range of items. */
typedef struct {
  uint32_t begin;
  uint32_t end;
} tw_range;

/* The share of core `core` out of `cores` in `count` items: contiguous, sizes differ by one at
 * most, earlier cores get the larger shares. */
__attribute__((always_inline)) static inline tw_range tw_share(uint32_t count, uint32_t core,
                                                               uint32_t cores) {
  const uint32_t base =
      __builtin_expect(cores == TW_USUAL_CORES, 1) ? count / TW_USUAL_CORES : count / cores;
  const uint32_t extra = count - base * cores;
  const uint32_t begin = core * base + (core < extra ? core : extra);
  const tw_range share = {begin, begin + base + (core < extra ? 1u : 0u)};
  return share;
}

#endif /* TILEWRIGHT_PARALLEL_H_ */
