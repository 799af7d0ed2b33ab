// A workload that uses all parts of the machine at random: eight cores compute in integers and
// floating point, access L1 (with bank conflicts and misaligned words), L2 and weight memory,
// transfer by DMA, take the mutex and meet at barriers, while the control core runs jobs on the
// accelerator.
#include "tests/simulator/stress/stress.h"

enum { kWorkers = 8, kControlCore = 8, kWords = 64, kEventDma = 8, kEventAccelerator = 12 };

// Per core: rounds or jobs, a checksum, cycles. Then the counter under the mutex.
RESULTS(3 * (kWorkers + 1) + 1);

extern const uint32_t job_table[24];

__attribute__((section(".l1"), aligned(64))) static volatile uint32_t buffers[kWorkers][kWords] = {
    0};
__attribute__((section(".l1"))) static volatile uint32_t counter = 0;

static uint32_t touch_memory(uint32_t address, uint32_t words, uint32_t stride) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < words; ++i) {
    sum = sum * 31 + read_word(address + i * stride);
    write_word(address + i * stride, sum);
  }
  return sum;
}

static uint32_t compute(uint32_t seed) {
  uint32_t value = seed | 1u;
  float real = (float)(int32_t)(seed >> 8);
  for (uint32_t i = 0; i < 4 + (seed & 7u); ++i) {
    value = seed / value + (uint32_t)((uint64_t)value * seed >> 32) + i;
    value |= 1u;
    real = real * 0.5f + (float)(int32_t)(value & 0xffffu);
    if ((seed >> i & 1u) != 0) {
      real = real / 3.0f;
    }
  }
  return value + (uint32_t)(int32_t)real % 1000u;
}

static void transfer(uint32_t core, uint32_t choice) {
  const uint32_t length = 1 + (choice >> 8) % (4 * kWords);
  const uint32_t two_dimensional = choice >> 4 & 1u;
  const uint32_t event = choice >> 5 & 1u;
  const uint32_t external = (choice >> 6 & 1u) != 0 ? 0x10400000u : 0x1c100000u;
  const uint32_t id = read_word(TW_DMA);
  write_word(TW_DMA,
             length | (choice >> 7 & 1u) << 17 | 1u << 18 | two_dimensional << 19 | event << 20);
  write_word(TW_DMA, (uint32_t)(uintptr_t)buffers[core]);
  write_word(TW_DMA, external + core * 0x1000 + (choice & 7u));
  if (two_dimensional != 0) {
    write_word(TW_DMA, 16);
    write_word(TW_DMA, 24);
  }
  if (event != 0) {
    set_event_mask(1u << kEventDma);
    event_load(0x3c);
  }
  while ((read_word(TW_DMA + 4) >> id & 1u) != 0) {
  }
  write_word(TW_DMA + 4, 1u << id);
}

static void work(uint32_t core) {
  uint32_t random = seed_of(core);
  uint32_t sum = 0;
  set_barrier(0, (1u << kWorkers) - 1);
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    const uint32_t choice = next_random(&random);
    switch (choice >> 29) {
      case 0:
        sum += compute(choice);
        break;
      case 1:
        sum += touch_memory((uint32_t)(uintptr_t)buffers[core], 16, 4);
        break;
      case 2:  // every core the same bank
        sum += touch_memory((uint32_t)(uintptr_t)buffers[core] + 2, 3, 64);
        break;
      case 3:
        sum += touch_memory(0x1c180000u + core * 0x100, 6, 4);
        break;
      case 4:
        sum += touch_memory(0x10500000u + core * 0x100, 6, 4);
        break;
      case 5:
        transfer(core, choice);
        break;
      case 6:
        set_event_mask(1u << kEventMutex);
        sum += lock_mutex() == counter;
        counter = counter + 1;
        unlock_mutex(counter);
        break;
      default:
        spend(choice & 63u);
        break;
    }
    if (round % 8 == 7) {
      set_event_mask(1u << kEventBarrier);
      wait_at_barrier(0);
    }
  }
  results[3 * core] = ROUNDS;
  results[3 * core + 1] = sum;
}

static void accelerate(void) {
  set_event_mask(1u << kEventAccelerator);
  for (uint32_t job = 0; job < JOBS; ++job) {
    while ((int32_t)read_word(TW_NEUREKA + 4) < 0) {
    }
    for (uint32_t i = 0; i < 24; ++i) {
      write_word(TW_NEUREKA + 0x20 + 4 * i, job_table[i]);
    }
    write_word(TW_NEUREKA, 0);
    event_load(0x3c);
  }
  results[3 * kControlCore] = JOBS;
  results[3 * kControlCore + 1] = read_word(TW_L1 + 0x20000);
}

void run(uint32_t core) {
  const uint32_t start = cycles();
  if (core == kControlCore) {
    accelerate();
  } else {
    work(core);
  }
  results[3 * core + 2] = cycles() - start;
  if (core == 0) {
    results[3 * (kWorkers + 1)] = counter;
  }
}
