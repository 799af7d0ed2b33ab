/* Copies by the DMA: a block, a rectangle out of an image, and a sum over more data than fits into
 * L1 at once, where the copy of the next tile runs while the cores add up this one.
 *
 * A core reaches L2 in 15 cycles for every word; the DMA moves 8 bytes per cycle and lets the cores
 * work meanwhile. That is why tiles go through L1. */
#include "tilewright/dma.h"

#include "tilewright/cluster.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"

#define WIDTH 64
#define HEIGHT 48
#define TILE 1024
#define TILES 16

/* In L2: ordinary variables. */
static uint8_t image[HEIGHT * WIDTH];
static uint8_t copy[HEIGHT * WIDTH];
static int32_t numbers[TILES * TILE];

/* In L1. */
TW_L1_BUFFER static uint8_t block[HEIGHT * WIDTH];
TW_L1_BUFFER static int32_t tiles[2][TILE];
TW_L1 static int32_t partial_sums[8];

static void copy_block(void) {
  const tw_dma_counter counter = tw_dma_allocate();
  tw_dma_load(counter, block, image, sizeof image);
  tw_dma_wait(counter); /* sleeps until the block is in L1 */
  tw_dma_free(counter);
  for (uint32_t i = 0; i < sizeof image; ++i) {
    TW_ASSERT(block[i] == image[i]);
  }
  tw_console_text("block: ok\n");
}

/* Cuts rows 10 to 25, columns 20 to 43 out of the image, and puts them into the copy at row 30,
 * column 8. In L1 the lines of the rectangle follow each other without gaps. */
static void copy_rectangle(void) {
  const uint32_t lines = 16;
  const uint32_t columns = 24;
  const tw_dma_counter in = tw_dma_allocate();
  tw_dma_load_2d(in, block, &image[10 * WIDTH + 20], columns, lines, WIDTH);
  tw_dma_wait(in);
  tw_dma_free(in);
  const tw_dma_counter out = tw_dma_allocate();
  tw_dma_store_2d(out, block, &copy[30 * WIDTH + 8], columns, lines, WIDTH);
  tw_dma_wait(out);
  tw_dma_free(out);

  for (uint32_t row = 0; row < HEIGHT; ++row) {
    for (uint32_t column = 0; column < WIDTH; ++column) {
      const uint32_t inside = row >= 30 && row < 30 + lines && column >= 8 && column < 8 + columns;
      const uint8_t expected = inside ? image[(row - 20) * WIDTH + column + 12] : 0;
      TW_ASSERT(copy[row * WIDTH + column] == expected);
    }
  }
  tw_console_text("rectangle: ok\n");
}

/* Each core adds up every eighth number of a tile. */
static void add_up(void *argument, uint32_t core, uint32_t cores) {
  const int32_t *const tile = argument;
  int32_t sum = 0;
  for (uint32_t i = core; i < TILE; i += cores) {
    sum += tile[i];
  }
  partial_sums[core] += sum;
}

static void sum_tiles(void) {
  /* Two tiles: one is computed with while the other is filled. */
  tw_dma_counter counters[2];
  counters[0] = tw_dma_allocate();
  tw_dma_load(counters[0], tiles[0], numbers, sizeof tiles[0]);
  for (uint32_t tile = 0; tile < TILES; ++tile) {
    const uint32_t now = tile % 2;
    const uint32_t next = 1 - now;
    if (tile + 1 < TILES) {
      counters[next] = tw_dma_allocate();
      tw_dma_load(counters[next], tiles[next], &numbers[(tile + 1) * TILE], sizeof tiles[next]);
    }
    tw_dma_wait(counters[now]);
    tw_dma_free(counters[now]);
    tw_cluster_fork_join(add_up, tiles[now], tw_cluster_workers());
  }
  int32_t sum = 0;
  for (uint32_t core = 0; core < tw_cluster_workers(); ++core) {
    sum += partial_sums[core];
  }
  int32_t expected = 0;
  for (uint32_t i = 0; i < TILES * TILE; ++i) {
    expected += numbers[i];
  }
  TW_ASSERT(sum == expected);
  tw_console_text("sum of 16 tiles: ");
  tw_console_signed(sum);
  tw_console_text("\n");
}

static void control(void *argument) {
  (void)argument;
  copy_block();
  copy_rectangle();
  sum_tiles();
}

int main(void) {
  for (uint32_t i = 0; i < sizeof image; ++i) {
    image[i] = (uint8_t)(i * 7 + i / WIDTH);
  }
  for (uint32_t i = 0; i < TILES * TILE; ++i) {
    numbers[i] = (int32_t)(i * i % 1000) - 400;
  }
  tw_cluster_run(control, 0);
  return 0;
}
