/* Runs a network once: inputs are in the program, outputs go to the console as they are in memory,
 * behind a line that says where they begin. Return values: 0, or 3 if the network failed. */
#include <stddef.h>
#include <stdint.h>

#include "net.h"

#ifdef TILEWRIGHT_CASE_HOST
#include <stdio.h>
static void write_bytes(const void *bytes, uint32_t size) { fwrite(bytes, 1, size, stdout); }
#else
#include "tilewright/console.h"
static void write_bytes(const void *bytes, uint32_t size) {
  tw_console_write((const char *)bytes, size);
}
#endif

/* Made for the case: one pointer per tensor. */
extern const void *const case_inputs[];
extern void *const case_outputs[];

static const char MARKER[] = "case outputs:\n";

int main(void) {
  const tw_entry_point *entry = &net_network.entry_points[0];
  net_network.reset();
  if (entry->run(case_inputs, case_outputs) != 0) {
    return 3;
  }
  write_bytes(MARKER, sizeof MARKER - 1);
  for (uint32_t i = 0; i < entry->output_count; ++i) {
    write_bytes(case_outputs[i], entry->outputs[i].bytes);
  }
  return 0;
}
