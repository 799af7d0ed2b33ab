/* Run-time input: bytes that the loader, not the build, puts into the program. */
#ifndef TILEWRIGHT_ARGUMENTS_H_
#define TILEWRIGHT_ARGUMENTS_H_

#include <stdint.h>

#define TW_ARGUMENT_BYTES 4092

/* The simulator fills the 4 KiB object before start; without arguments the length is 0. */
typedef struct {
  uint32_t length;
  uint8_t bytes[TW_ARGUMENT_BYTES];
} tw_arguments;

/* volatile: the compiler sees no writer, but the loader is one. */
extern volatile tw_arguments tilewright_arguments;

/* Number of argument bytes; a length word that exceeds the object is a fault. */
uint32_t tw_argument_length(void);

/* Argument byte `index`, which must be less than the length. */
uint8_t tw_argument_byte(uint32_t index);

#endif /* TILEWRIGHT_ARGUMENTS_H_ */
