/* Prints which program and which model this is, as //tools/elf:identity prints it of the file. */
#include "tilewright/build_id.h"
#include "tilewright/console.h"
#include "tilewright/exit.h"
#include "tilewright/network.h"

#include <stddef.h>

extern const tw_network TILEWRIGHT_NETWORK;

int main(void) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t *id = tw_build_id();
  TW_ASSERT(id != NULL);
  tw_console_text("build id ");
  for (uint32_t i = 0; i < TW_BUILD_ID_BYTES; ++i) {
    const char text[] = {digits[id[i] >> 4], digits[id[i] & 15]};
    tw_console_write(text, sizeof text);
  }
  tw_console_text("\nmodel of ");
  tw_console_text(TILEWRIGHT_NETWORK.name);
  tw_console_text(": ");
  tw_console_text(TILEWRIGHT_NETWORK.model_digest);
  tw_console_text("\n");
  return 0;
}
