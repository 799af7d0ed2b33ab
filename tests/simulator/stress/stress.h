// What the stress firmware shares: event unit, DMA, pseudo-random delays.
#ifndef TESTS_SIMULATOR_STRESS_STRESS_H_
#define TESTS_SIMULATOR_STRESS_STRESS_H_

// What <stdint.h> says; the tests have the compiler without its headers.
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINTPTR_TYPE__ uintptr_t;

// What the test reads; `results_end` follows directly.
#define RESULTS(count)                                                          \
  __attribute__((section(".data.results_1"))) volatile uint32_t results[count] = {0}; \
  __attribute__((section(".data.results_2"))) volatile uint32_t results_end[1] = {0}

static inline volatile uint32_t *at(uint32_t address) {
  return (volatile uint32_t *)(uintptr_t)address;
}

static inline void write_word(uint32_t address, uint32_t value) { *at(address) = value; }
static inline uint32_t read_word(uint32_t address) { return *at(address); }

static inline uint32_t event_load(uint32_t offset) {
  uint32_t value;
  __asm__ volatile("cv.elw %0, 0(%1)" : "=r"(value) : "r"(TW_EVENT_UNIT + offset) : "memory");
  return value;
}

static inline uint32_t cycles(void) {
  uint32_t value;
  __asm__ volatile("csrr %0, mcycle" : "=r"(value)::"memory");
  return value;
}

// Xorshift (Marsaglia 2003, "Xorshift RNGs", triple 13, 17, 5).
static inline uint32_t next_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  *state = x;
  return x;
}

static inline uint32_t seed_of(uint32_t core) { return (SEED * 8u + core + 1u) * 0x9e3779b1u; }

// Spends `count` cycles and a few more.
static inline void spend(uint32_t count) {
  // Four cycles per turn, and up to three single ones.
  for (uint32_t turns = count >> 2; turns != 0; --turns) {
    __asm__ volatile("");
  }
  if ((count & 1u) != 0) {
    __asm__ volatile("nop");
  }
  if ((count & 2u) != 0) {
    __asm__ volatile("nop; nop");
  }
}

enum { kEventBarrier = 16, kEventMutex = 17, kEventDispatch = 18 };

static inline void set_event_mask(uint32_t mask) { write_word(TW_EVENT_UNIT, mask); }

static inline void set_barrier(uint32_t barrier, uint32_t team) {
  write_word(TW_EVENT_UNIT + 0x200 + 0x20 * barrier, team);
  write_word(TW_EVENT_UNIT + 0x20c + 0x20 * barrier, team);
}

// Arrives at the barrier and sleeps until all have.
static inline void wait_at_barrier(uint32_t barrier) { event_load(0x21c + 0x20 * barrier); }

static inline uint32_t lock_mutex(void) { return event_load(0xc0); }
static inline void unlock_mutex(uint32_t message) { write_word(TW_EVENT_UNIT + 0xc0, message); }

#endif  // TESTS_SIMULATOR_STRESS_STRESS_H_
