/* Runs a network on golden inputs and compares every output bit for bit.
 *
 * Exit codes: 0 all equal, 1 a difference. A mismatch of golden data and network is a fault. */
#include <stdint.h>

#include "firmware/apps/inference_check/golden.h"
#include "tilewright/console.h"
#include "tilewright/counter.h"
#include "tilewright/exit.h"
#include "tilewright/network.h"
#include "tilewright/region.h"
#include "tilewright/stack.h"

#define MAXIMUM_TENSORS 64

extern const tw_network TILEWRIGHT_NETWORK;

static int same_text(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

static const tw_entry_point *find_entry_point(const char *name) {
  for (uint32_t i = 0; i < TILEWRIGHT_NETWORK.entry_point_count; ++i) {
    if (same_text(TILEWRIGHT_NETWORK.entry_points[i].name, name)) {
      return &TILEWRIGHT_NETWORK.entry_points[i];
    }
  }
  tw_fault("the golden data is for an entry point that the network does not have");
}

static const tw_golden_tensor *find_tensor(const tw_golden_tensor *tensors, uint32_t count,
                                           const tw_tensor *wanted) {
  for (uint32_t i = 0; i < count; ++i) {
    if (same_text(tensors[i].name, wanted->name)) {
      TW_ASSERT(tensors[i].bytes == wanted->bytes);
      return &tensors[i];
    }
  }
  tw_fault("the golden data lacks a tensor of the network");
}

static uint32_t element_bytes(tw_data_type data_type) {
  switch (data_type) {
    case TW_BOOL:
    case TW_INT8:
    case TW_UINT8:
      return 1;
    case TW_INT16:
    case TW_UINT16:
      return 2;
    case TW_INT32:
    case TW_UINT32:
    case TW_FLOAT32:
      return 4;
    case TW_INT64:
      return 8;
  }
  tw_fault("a tensor of the network has an unknown data type");
}

/* Element `index` as it is stored: integers as numbers, float32 as its bits. */
static void print_element(const uint8_t *bytes, uint32_t index, tw_data_type data_type) {
  const uint32_t size = element_bytes(data_type);
  uint64_t bits = 0;
  for (uint32_t i = 0; i < size; ++i) {
    bits |= (uint64_t)bytes[index * size + i] << (8 * i);
  }
  if (data_type == TW_FLOAT32) {
    tw_console_text("bits ");
    tw_console_hexadecimal((uint32_t)bits);
  } else if (data_type == TW_INT8 || data_type == TW_INT16 || data_type == TW_INT32 ||
             data_type == TW_INT64) {
    const uint32_t unused = 64 - 8 * size;
    tw_console_signed((int64_t)(bits << unused) >> unused);
  } else {
    tw_console_unsigned(bits);
  }
}

/* Number of elements that differ; prints where the first does and how. */
static uint32_t compare(const tw_golden_step *step, const tw_tensor *tensor,
                        const tw_golden_tensor *golden) {
  const uint32_t size = element_bytes(tensor->data_type);
  const uint8_t *expected = golden->data;
  const uint8_t *found = golden->found;
  uint32_t different = 0;
  uint32_t first = 0;
  for (uint32_t element = 0; element < tensor->bytes / size; ++element) {
    for (uint32_t byte = element * size; byte < (element + 1) * size; ++byte) {
      if (expected[byte] != found[byte]) {
        first = different == 0 ? element : first;
        ++different;
        break;
      }
    }
  }
  if (different > 0) {
    tw_console_text("FAIL step ");
    tw_console_text(step->name);
    tw_console_text(", output ");
    tw_console_text(tensor->name);
    tw_console_text(": ");
    tw_console_unsigned(different);
    tw_console_text(" of ");
    tw_console_unsigned(tensor->bytes / size);
    tw_console_text(" elements differ; at index ");
    tw_console_unsigned(first);
    tw_console_text(" expected ");
    print_element(expected, first, tensor->data_type);
    tw_console_text(", found ");
    print_element(found, first, tensor->data_type);
    tw_console_text("\n");
  }
  return different;
}

static uint32_t run_step(const tw_golden_step *step) {
  const tw_entry_point *entry_point = find_entry_point(step->entry_point);
  const void *inputs[MAXIMUM_TENSORS];
  void *outputs[MAXIMUM_TENSORS];
  TW_ASSERT(entry_point->input_count <= MAXIMUM_TENSORS);
  TW_ASSERT(entry_point->output_count <= MAXIMUM_TENSORS);
  for (uint32_t i = 0; i < entry_point->input_count; ++i) {
    inputs[i] = find_tensor(step->inputs, step->input_count, &entry_point->inputs[i])->data;
  }
  for (uint32_t i = 0; i < entry_point->output_count; ++i) {
    const tw_golden_tensor *golden =
        find_tensor(step->outputs, step->output_count, &entry_point->outputs[i]);
    outputs[i] = golden->found;
    /* What is there before must not look like a result. */
    for (uint32_t byte = 0; byte < golden->bytes; ++byte) {
      ((uint8_t *)golden->found)[byte] = (uint8_t)~((const uint8_t *)golden->data)[byte];
    }
  }

  tw_region_begin(entry_point->name[0] != '\0' ? entry_point->name : "run");
  const uint64_t instructions_before = tw_instructions();
  const uint64_t cycles_before = tw_cycles();
  TW_ASSERT(entry_point->run(inputs, outputs) == 0);
  const uint64_t cycles = tw_cycles() - cycles_before;
  const uint64_t instructions = tw_instructions() - instructions_before;
  tw_region_end();

  uint32_t different = 0;
  for (uint32_t i = 0; i < entry_point->output_count; ++i) {
    const tw_tensor *tensor = &entry_point->outputs[i];
    different += compare(step, tensor, find_tensor(step->outputs, step->output_count, tensor));
  }
  if (instructions > 0) {
    tw_console_text("step ");
    tw_console_text(step->name);
    tw_console_text(" ");
    tw_console_text(entry_point->name[0] != '\0' ? entry_point->name : "run");
    tw_console_text(": ");
    tw_console_unsigned(instructions);
    tw_console_text(" instructions");
    if (cycles > 0) {
      tw_console_text(", ");
      tw_console_unsigned(cycles);
      tw_console_text(" cycles");
    }
    tw_console_text("\n");
  }
  return different;
}

int main(void) {
  TILEWRIGHT_NETWORK.reset();
  uint32_t different = 0;
  for (uint32_t i = 0; i < tilewright_golden.step_count; ++i) {
    different += run_step(&tilewright_golden.steps[i]);
  }
  if (tw_stack_size() > 0) {
    tw_console_text("stack: ");
    tw_console_unsigned(tw_stack_high_water());
    tw_console_text(" of ");
    tw_console_unsigned(tw_stack_size());
    tw_console_text(" bytes used\n");
  }
  tw_console_text(different == 0 ? "PASS\n" : "FAIL\n");
  return different == 0 ? 0 : 1;
}
