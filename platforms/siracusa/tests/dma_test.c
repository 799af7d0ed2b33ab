/* Sizes and alignments in both directions, rectangles, and many transfers at once. */
#include "tilewright/dma.h"

#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define MOST 600
#define MARGIN 8
#define SIZE (MOST + 2 * MARGIN)
#define UNTOUCHED 0xee
#define COUNTERS 16

TW_L1_BUFFER static uint8_t l1[SIZE];
TW_L1_BUFFER static uint8_t parts[COUNTERS][32];
static uint8_t l2[SIZE];
static uint8_t square[32 * 32];

static void fill(uint8_t *bytes, uint32_t size, uint32_t seed) {
  for (uint32_t i = 0; i < size; ++i) {
    bytes[i] = (uint8_t)(i * 13 + (i >> 8) + seed);
  }
}

static void clear(uint8_t *bytes, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    bytes[i] = UNTOUCHED;
  }
}

/* Bytes [to, to + size) are those of `source` from `from` on, and all others are untouched. */
static void check(const uint8_t *found, uint32_t to, const uint8_t *source, uint32_t from,
                  uint32_t size) {
  for (uint32_t i = 0; i < SIZE; ++i) {
    const int inside = i >= to && i < to + size;
    TW_ASSERT(found[i] == (inside ? source[from + i - to] : UNTOUCHED));
  }
}

static void copy(uint32_t in_l1, uint32_t in_l2, uint32_t size) {
  fill(l2, SIZE, size);
  clear(l1, SIZE);
  const tw_dma_counter in = tw_dma_allocate();
  tw_dma_load(in, l1 + in_l1, l2 + in_l2, size);
  tw_dma_wait(in);
  TW_ASSERT(tw_dma_done(in));
  tw_dma_free(in);
  check(l1, in_l1, l2, in_l2, size);

  fill(l1, SIZE, size + 1);
  clear(l2, SIZE);
  const tw_dma_counter out = tw_dma_allocate();
  tw_dma_store(out, l1 + in_l1, l2 + in_l2, size);
  tw_dma_wait(out);
  tw_dma_free(out);
  check(l2, in_l2, l1, in_l1, size);
}

static void rectangles(uint32_t line_bytes, uint32_t lines) {
  const uint32_t size = line_bytes * lines;
  fill(square, sizeof square, line_bytes);
  clear(l1, SIZE);
  const tw_dma_counter in = tw_dma_allocate();
  tw_dma_load_2d(in, l1, square + 33, line_bytes, lines, 32);
  tw_dma_wait(in);
  tw_dma_free(in);
  for (uint32_t i = 0; i < SIZE; ++i) {
    const uint32_t at = 33 + i / line_bytes * 32 + i % line_bytes;
    TW_ASSERT(l1[i] == (i < size ? square[at] : UNTOUCHED));
  }

  fill(l1, SIZE, lines);
  clear(square, sizeof square);
  const tw_dma_counter out = tw_dma_allocate();
  tw_dma_store_2d(out, l1, square + 33, line_bytes, lines, 32);
  tw_dma_wait(out);
  tw_dma_free(out);
  for (uint32_t i = 0; i < sizeof square; ++i) {
    const uint32_t line = (i - 33) / 32;
    const uint32_t column = (i - 33) % 32;
    const int inside = i >= 33 && line < lines && column < line_bytes;
    TW_ASSERT(square[i] == (inside ? l1[line * line_bytes + column] : UNTOUCHED));
  }
}

/* All counters of the cluster, more transfers than the queues hold, and several per counter. */
static void all_at_once(void) {
  fill(l2, SIZE, 99);
  tw_dma_counter counters[COUNTERS];
  for (uint32_t i = 0; i < COUNTERS; ++i) {
    counters[i] = tw_dma_allocate();
    for (uint32_t other = 0; other < i; ++other) {
      TW_ASSERT(counters[other] != counters[i]);
    }
    tw_dma_load(counters[i], parts[i], l2 + 32 * i, 16);
    tw_dma_load(counters[i], parts[i] + 16, l2 + 32 * i + 16, 16);
  }
  for (uint32_t i = COUNTERS; i-- > 0;) {
    tw_dma_wait(counters[i]);
    tw_dma_free(counters[i]);
    for (uint32_t byte = 0; byte < 32; ++byte) {
      TW_ASSERT(parts[i][byte] == l2[32 * i + byte]);
    }
  }
}

/* Each worker moves a part of its own. */
static void move_part(void *argument, uint32_t core, uint32_t cores) {
  (void)argument;
  (void)cores;
  const tw_dma_counter counter = tw_dma_allocate();
  tw_dma_load(counter, parts[core], l2 + 32 * core, 32);
  tw_dma_wait(counter);
  tw_dma_free(counter);
  tw_cluster_barrier();
  for (uint32_t byte = 0; byte < 32; ++byte) {
    TW_ASSERT(parts[core][byte] == l2[32 * core + byte]);
  }
}

static void control(void *argument) {
  (void)argument;
  for (uint32_t size = 0; size <= 20; ++size) {
    for (uint32_t alignment = 0; alignment < 16; ++alignment) {
      copy(MARGIN + alignment % 4, MARGIN + alignment / 4, size);
    }
  }
  copy(MARGIN, MARGIN, 256);
  copy(MARGIN + 1, MARGIN + 2, 511);
  copy(MARGIN, MARGIN, MOST);
  for (uint32_t line_bytes = 1; line_bytes <= 24; ++line_bytes) {
    if (line_bytes != 4) {
      rectangles(line_bytes, 1 + line_bytes % 7);
    }
  }
  all_at_once();
  fill(l2, SIZE, 7);
  tw_cluster_fork_join(move_part, 0, 8);
}

int main(void) {
  tw_cluster_run(control, 0);
  tw_console_text("PASS\n");
  return 0;
}
