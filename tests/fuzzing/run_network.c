/* Runs the first entry point of a network once: inputs from standard input, outputs to standard
 * output. Every buffer has exactly the size that the network gives, so that the address sanitizer
 * sees every access outside. */
#define _POSIX_C_SOURCE 200112L
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

enum { MAXIMUM_TENSORS = 64 };

static void *buffer(uint32_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, NET_ALIGNMENT < 16 ? 16 : NET_ALIGNMENT, bytes) != 0) {
    exit(2);
  }
  return memory;
}

int main(void) {
  const tw_entry_point *entry = &net_network.entry_points[0];
  const void *inputs[MAXIMUM_TENSORS];
  void *outputs[MAXIMUM_TENSORS];
  if (entry->input_count > MAXIMUM_TENSORS || entry->output_count > MAXIMUM_TENSORS) {
    return 2;
  }
  for (uint32_t i = 0; i < entry->input_count; ++i) {
    void *memory = buffer(entry->inputs[i].bytes);
    if (fread(memory, 1, entry->inputs[i].bytes, stdin) != entry->inputs[i].bytes) {
      return 2;
    }
    inputs[i] = memory;
  }
  for (uint32_t i = 0; i < entry->output_count; ++i) {
    outputs[i] = buffer(entry->outputs[i].bytes);
  }
  net_network.reset();
  if (entry->run(inputs, outputs) != 0) {
    return 3;
  }
  for (uint32_t i = 0; i < entry->output_count; ++i) {
    fwrite(outputs[i], 1, entry->outputs[i].bytes, stdout);
    free(outputs[i]);
  }
  for (uint32_t i = 0; i < entry->input_count; ++i) {
    free((void *)inputs[i]);
  }
  return 0;
}
