/* Copies between L1 and memories outside of the cluster while cores compute.
 *
 * For cluster cores. Transfers that belong together share a counter:
 *
 *     const tw_dma_counter counter = tw_dma_allocate();
 *     tw_dma_load(counter, tile, input, 256);
 *     tw_dma_load(counter, weights, parameters, 1024);
 *     tw_dma_wait(counter);
 *     tw_dma_free(counter);
 *
 * Transfers join the counter that the core allocated last: start all of one counter's before the
 * next is allocated. */
#ifndef TILEWRIGHT_DMA_H_
#define TILEWRIGHT_DMA_H_

#include <stdint.h>

/* Number of a counter of transfers that are under way. */
typedef uint32_t tw_dma_counter;

/* A counter of the calling core's; there are 16 for the cluster. To take more is a fault. */
tw_dma_counter tw_dma_allocate(void);

/* Starts a copy of `bytes` bytes, up to 131071, to L1 or from it. */
void tw_dma_load(tw_dma_counter counter, void *l1, const void *external, uint32_t bytes);
void tw_dma_store(tw_dma_counter counter, const void *l1, void *external, uint32_t bytes);

/* Starts a copy of `lines` lines of `line_bytes` bytes each, 131071 bytes at most in all. In L1
 * they are packed; outside, each begins `stride` bytes after the one before. Lines of 4 bytes are
 * not supported by all hardware and are a fault. */
void tw_dma_load_2d(tw_dma_counter counter, void *l1, const void *external, uint32_t line_bytes,
                    uint32_t lines, uint32_t stride);
void tw_dma_store_2d(tw_dma_counter counter, const void *l1, void *external, uint32_t line_bytes,
                     uint32_t lines, uint32_t stride);

/* Whether all transfers of the counter are done. */
int tw_dma_done(tw_dma_counter counter);

/* Sleeps until all transfers of the counter are done. Only the core that started them is woken. */
void tw_dma_wait(tw_dma_counter counter);

/* Gives the counter back; its transfers are done. */
void tw_dma_free(tw_dma_counter counter);

#endif /* TILEWRIGHT_DMA_H_ */
