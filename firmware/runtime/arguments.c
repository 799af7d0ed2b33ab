#include "tilewright/arguments.h"

#include "tilewright/exit.h"

/* A section of its own: start-up code must not clear what the loader has written. */
__attribute__((section(".tilewright_arguments"), used,
               aligned(16))) volatile tw_arguments tilewright_arguments = {0};

uint32_t tw_argument_length(void) {
  const uint32_t length = tilewright_arguments.length;
  if (length > TW_ARGUMENT_BYTES) {
    tw_fault("tilewright_arguments is longer than the object that holds it");
  }
  return length;
}

uint8_t tw_argument_byte(uint32_t index) {
  TW_ASSERT(index < tw_argument_length());
  return tilewright_arguments.bytes[index];
}
