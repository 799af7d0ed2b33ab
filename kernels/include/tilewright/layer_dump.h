/* The hooks of a network whose layers are dumped: what it calls behind every layer. Networks are
 * compiled so by `dump_layers` of simulator_test, and by
 *
 *   -DTILEWRIGHT_HOOKS='"tilewright/layer_dump.h"' -DTILEWRIGHT_DUMPED_NETWORK='"net"' */
#ifndef TILEWRIGHT_LAYER_DUMP_H_
#define TILEWRIGHT_LAYER_DUMP_H_

#include <stdint.h>

/* What a layer has made. */
typedef struct {
  const void *data;
  uint32_t bytes;
} tw_layer_result;

/* Writes results to the console, one line or more for each:
 *
 *   <record separator, byte 30>layer <network> <layer> <result> <bytes> <offset> <base64>\n
 *
 * `bytes` is the result's size, and the line has those from `offset`. Firmware that writes a part
 * of a line in between gets exactly its own output back when these lines are taken out. For
 * networks that run on one core: others may not have finished the layer. On a cluster, steps of
 * their own write tiles, in lines of the same form. */
void tw_dump_layer(const char *network, uint32_t layer, const tw_layer_result *results,
                   uint32_t count);

/* Axes over which a tile's runs repeat, at most. */
#define TW_DUMP_AXES 3

/* A tile of a result: runs of `run_bytes` consecutive bytes, the first at byte `offset` of the
 * result's `result_bytes`, the others `strides` bytes further on each of the axes, the innermost of
 * which is the last. In the tile they follow each other. */
typedef struct {
  uint32_t layer;
  uint32_t result;
  uint32_t result_bytes;
  uint32_t offset;
  uint32_t run_bytes;
  uint32_t counts[TW_DUMP_AXES];
  uint32_t strides[TW_DUMP_AXES];
} tw_dump_tile_parameters;

/* Writes a tile. A step of a cluster's program calls it on all cores; the first one writes. */
void tw_dump_tile_of(const char *network, const tw_dump_tile_parameters *parameters,
                     const void *tile, uint32_t core);

#ifdef TILEWRIGHT_DUMPED_NETWORK

static inline void tw_dump_tile(const tw_dump_tile_parameters *parameters, const void *tile,
                                uint32_t core, uint32_t cores) {
  (void)cores;
  tw_dump_tile_of(TILEWRIGHT_DUMPED_NETWORK, parameters, tile, core);
}

#define TILEWRIGHT_LAYER_DONE(layer, ...)                                \
  do {                                                                   \
    const tw_layer_result tw_results[] = {__VA_ARGS__};                  \
    tw_dump_layer(TILEWRIGHT_DUMPED_NETWORK, (layer), tw_results,        \
                  (uint32_t)(sizeof(tw_results) / sizeof(*tw_results))); \
  } while (0)

#endif /* TILEWRIGHT_DUMPED_NETWORK */

#endif /* TILEWRIGHT_LAYER_DUMP_H_ */
