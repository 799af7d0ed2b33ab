/* Firmware as a process: `firmware [--arguments FILE]`.
 *
 * The linker's --wrap=main makes the C library call __wrap_main, which prepares what a loader
 * would have prepared on a device, and then the firmware's own main. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tilewright/arguments.h"
#include "tilewright/counter.h"
#include "tilewright/exit.h"
#include "tilewright/soc_interface.h"
#include "tilewright/stack.h"

int __real_main(void);
int __wrap_main(int argc, char **argv);

static void load_arguments(const char *path) {
  /* One byte more than fits tells a file that is too long from one that just fits. */
  static uint8_t bytes[TW_ARGUMENT_BYTES + 1];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  const size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (length > TW_ARGUMENT_BYTES) {
    fprintf(stderr, "%s: longer than the %d bytes that firmware takes\n", path, TW_ARGUMENT_BYTES);
    exit(2);
  }
  tilewright_arguments.length = (uint32_t)length;
  for (size_t i = 0; i < length; ++i) {
    tilewright_arguments.bytes[i] = bytes[i];
  }
}

int __wrap_main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--arguments") == 0) {
    load_arguments(argv[2]);
  } else if (argc != 1) {
    fprintf(stderr, "usage: %s [--arguments FILE]\n", argv[0]);
    return 2;
  }
  tw_soc_start();
  /* As on a device, through the SoC's exit: only the low 8 bits of the code are seen outside. */
  tw_exit(__real_main());
}

void tw_soc_start(void) {}

void tw_soc_write(const char *bytes, uint32_t size) {
  while (size > 0) {
    const ssize_t written = write(STDOUT_FILENO, bytes, size);
    if (written < 0) {
      perror("stdout");
      exit(2);
    }
    bytes += written;
    size -= (uint32_t)written;
  }
}

void tw_soc_exit(int code) { exit(code & 0xff); }

uint64_t tw_instructions(void) { return 0; }

uint64_t tw_cycles(void) { return 0; }

uint32_t tw_stack_size(void) { return 0; }

uint32_t tw_stack_high_water(void) { return 0; }
