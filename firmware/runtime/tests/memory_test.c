/* memcpy, memmove, memset and memcmp against byte loops, for every alignment and overlap. */
#include <stddef.h>
#include <stdint.h>

#include "tilewright/console.h"
#include "tilewright/exit.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

#define SIZE 48
#define MOST 16

static uint8_t found[SIZE];
static uint8_t expected[SIZE];
static uint8_t source[SIZE];

static void fill(void) {
  for (uint32_t i = 0; i < SIZE; ++i) {
    found[i] = expected[i] = (uint8_t)(17 * i + 3);
    source[i] = (uint8_t)(31 * i + 100);
  }
}

static void check(void) {
  for (uint32_t i = 0; i < SIZE; ++i) {
    TW_ASSERT(found[i] == expected[i]);
  }
  TW_ASSERT(memcmp(found, expected, SIZE) == 0);
}

static void check_at(uint32_t to, uint32_t from, uint32_t size) {
  fill();
  TW_ASSERT(memcpy(found + to, source + from, size) == found + to);
  for (uint32_t i = 0; i < size; ++i) {
    expected[to + i] = source[from + i];
  }
  check();

  fill();
  TW_ASSERT(memmove(found + to, found + from, size) == found + to);
  for (uint32_t i = 0; i < size; ++i) {
    expected[to + i] = (uint8_t)(17 * (from + i) + 3);
  }
  check();

  fill();
  TW_ASSERT(memset(found + to, -2, size) == found + to);
  for (uint32_t i = 0; i < size; ++i) {
    expected[to + i] = 0xfe;
  }
  check();
}

int main(void) {
  for (uint32_t to = 0; to < MOST; ++to) {
    for (uint32_t from = 0; from < MOST; ++from) {
      for (uint32_t size = 0; size <= MOST + 3; ++size) {
        check_at(to, from, size);
      }
    }
  }
  fill();
  found[5] = 200;
  expected[5] = 100;
  TW_ASSERT(memcmp(found, expected, SIZE) > 0);
  TW_ASSERT(memcmp(expected, found, SIZE) < 0);
  TW_ASSERT(memcmp(expected, found, 5) == 0);
  tw_console_text("PASS\n");
  return 0;
}
