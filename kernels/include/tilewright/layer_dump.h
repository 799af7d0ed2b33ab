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
 * networks that run on one core: others may not have finished the layer. */
void tw_dump_layer(const char *network, uint32_t layer, const tw_layer_result *results,
                   uint32_t count);

#define TILEWRIGHT_LAYER_DONE(layer, ...)                                \
  do {                                                                   \
    const tw_layer_result tw_results[] = {__VA_ARGS__};                  \
    tw_dump_layer(TILEWRIGHT_DUMPED_NETWORK, (layer), tw_results,        \
                  (uint32_t)(sizeof(tw_results) / sizeof(*tw_results))); \
  } while (0)

#endif /* TILEWRIGHT_LAYER_DUMP_H_ */
