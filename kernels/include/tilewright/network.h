/* What a generated network offers to code that does not know it by name. */
#ifndef TILEWRIGHT_NETWORK_H_
#define TILEWRIGHT_NETWORK_H_

#include <stdint.h>

typedef enum {
  TW_BOOL, /* one byte, 0 or 1 */
  TW_INT8,
  TW_UINT8,
  TW_INT16,
  TW_UINT16,
  TW_INT32,
  TW_UINT32,
  TW_INT64,
  TW_FLOAT32
} tw_data_type;

/* One input or output of an entry point: a row-major tensor in the caller's memory. */
typedef struct {
  const char *name; /* in the model */
  tw_data_type data_type;
  uint32_t bytes;
  uint32_t rank;
  const uint32_t *shape; /* [rank] */
  float scale;           /* of a quantised tensor: real = scale * (stored - zero_point); else 0 */
  int32_t zero_point;
} tw_tensor;

/* One way to run a network. `run` takes one pointer per input and per output and returns 0. */
typedef struct {
  const char *name; /* empty for the only one of a network */
  const tw_tensor *inputs;
  uint32_t input_count;
  const tw_tensor *outputs;
  uint32_t output_count;
  int32_t (*run)(const void *const *inputs, void *const *outputs);
} tw_entry_point;

/* A network: its entry points share weights, state and arena. */
typedef struct {
  const char *name;
  const tw_entry_point *entry_points;
  uint32_t entry_point_count;
  void (*reset)(void); /* sets all states to zero; to be called before the first run */
  uint32_t weights_bytes;
  uint32_t state_bytes;
  uint32_t arena_bytes;
  const char *model_digest; /* SHA-256 of the model's file in hexadecimal; empty if it has none */
} tw_network;

#endif /* TILEWRIGHT_NETWORK_H_ */
