#include "tilewright/dma.h"

#include "platforms/siracusa/event.h"
#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"
#include "tilewright/exit.h"
#include "tilewright/placement.h"

static volatile uint32_t *dma_register(uint32_t offset) {
  return (volatile uint32_t *)(uintptr_t)(SOC_DEMUX_DMA + offset);
}

TW_CALLED_OFTEN tw_dma_counter tw_dma_allocate(void) {
  const uint32_t counter = *dma_register(DMA_COMMAND);
  TW_ASSERT(counter < SOC_DMA_COUNTERS);
  return counter;
}

/* Words of a command; pointers are passed as the numbers that the device reads. */
TW_CALLED_OFTEN static void transfer(uint32_t direction, uintptr_t l1, uintptr_t external,
                                     uint32_t bytes) {
  TW_ASSERT(bytes <= DMA_MAXIMUM_BYTES);
  if (bytes == 0) {
    return;
  }
  volatile uint32_t *const command = dma_register(DMA_COMMAND);
  *command = bytes | direction | DMA_INCREMENT | DMA_EVENT;
  *command = (uint32_t)l1;
  *command = (uint32_t)external;
}

TW_CALLED_OFTEN static void transfer_2d(uint32_t direction, uintptr_t l1, uintptr_t external,
                                        uint32_t line_bytes, uint32_t lines, uint32_t stride) {
  TW_ASSERT(line_bytes != 4 && (uint64_t)line_bytes * lines <= DMA_MAXIMUM_BYTES);
  const uint32_t bytes = line_bytes * lines;
  if (bytes == 0) {
    return;
  }
  volatile uint32_t *const command = dma_register(DMA_COMMAND);
  *command = bytes | direction | DMA_INCREMENT | DMA_2D | DMA_EVENT;
  *command = (uint32_t)l1;
  *command = (uint32_t)external;
  *command = line_bytes;
  *command = stride;
}

TW_CALLED_OFTEN void tw_dma_load(tw_dma_counter counter, void *l1, const void *external,
                                 uint32_t bytes) {
  (void)counter; /* the hardware uses the one that was allocated last */
  transfer(DMA_TO_L1, (uintptr_t)l1, (uintptr_t)external, bytes);
}

void tw_dma_store(tw_dma_counter counter, const void *l1, void *external, uint32_t bytes) {
  (void)counter;
  transfer(0, (uintptr_t)l1, (uintptr_t)external, bytes);
}

TW_CALLED_OFTEN void tw_dma_load_2d(tw_dma_counter counter, void *l1, const void *external,
                                    uint32_t line_bytes, uint32_t lines, uint32_t stride) {
  (void)counter;
  transfer_2d(DMA_TO_L1, (uintptr_t)l1, (uintptr_t)external, line_bytes, lines, stride);
}

void tw_dma_store_2d(tw_dma_counter counter, const void *l1, void *external, uint32_t line_bytes,
                     uint32_t lines, uint32_t stride) {
  (void)counter;
  transfer_2d(0, (uintptr_t)l1, (uintptr_t)external, line_bytes, lines, stride);
}

int tw_dma_done(tw_dma_counter counter) {
  return ((*dma_register(DMA_STATUS) >> counter) & 1) == 0;
}

TW_CALLED_OFTEN void tw_dma_wait(tw_dma_counter counter) {
  while (!tw_dma_done(counter)) {
    event_wait(EVENT_BIT_DMA);
  }
}

TW_CALLED_OFTEN void tw_dma_free(tw_dma_counter counter) {
  *dma_register(DMA_STATUS) = 1u << counter;
}
