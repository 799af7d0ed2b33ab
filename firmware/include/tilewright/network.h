/* What a compiled network offers to firmware that does not know it by name.
 *
 * The generated header of a network `net` declares `extern const tw_network net_network;`.
 */
#ifndef TILEWRIGHT_NETWORK_H_
#define TILEWRIGHT_NETWORK_H_

#include <stdint.h>

typedef enum {
  TW_INT8,
  TW_UINT8,
  TW_INT16,
  TW_UINT16,
  TW_INT32,
  TW_UINT32,
  TW_INT64,
  TW_FLOAT32,
  TW_BOOL,
} tw_data_type;

/* One input or output of an entry point, in row-major order.
 *
 * `data` is its fixed place in the network's memory: inputs are written there before the entry
 * point runs and may be overwritten by it; outputs are valid until an entry point runs again. */
typedef struct {
  const char *name; /* in the ONNX model */
  void *data;
  uint32_t bytes;
  tw_data_type data_type;
  float scale;        /* of a quantised tensor: real = scale * (stored - zero_point); else 0 */
  int32_t zero_point;
} tw_tensor;

/* One way to run a network. */
typedef struct {
  const char *name;
  void (*run)(void);
  const tw_tensor *inputs;
  uint32_t input_count;
  const tw_tensor *outputs;
  uint32_t output_count;
} tw_entry_point;

/* A network: its entry points share weights, state and arena. */
typedef struct {
  const char *name;
  const tw_entry_point *entry_points;
  uint32_t entry_point_count;
  void (*reset)(void); /* sets the state to its initial value, as before the first run */
  uint32_t weight_bytes;
  uint32_t state_bytes;
  uint32_t arena_bytes;
} tw_network;

#endif /* TILEWRIGHT_NETWORK_H_ */
