/* A program knows its build id. Its output names it, so that a test can compare it with the file.
 */
#include "tilewright/build_id.h"

#include <stddef.h>

#include "tilewright/console.h"
#include "tilewright/exit.h"

/* Another vendor's note, then the one that is looked for. */
static const uint32_t notes[] = {
    5, 1,  3, 0x6568746fu, 0x00000072u, 0xffu, /* "other" */
    4, 20, 3, 0x00554e47u, 0x03020100u, 0x07060504u, 0x0b0a0908u, 0x0f0e0d0cu, 0x13121110u,
};

static void check_notes(void) {
  const uint8_t *found = tw_build_id_in_notes(notes, sizeof notes);
  TW_ASSERT(found != NULL);
  for (uint32_t i = 0; i < TW_BUILD_ID_BYTES; ++i) {
    TW_ASSERT(found[i] == i);
  }
  /* Cut off anywhere, it is not found, and nothing behind the end is read. */
  for (uint32_t size = 0; size < sizeof notes; ++size) {
    TW_ASSERT(tw_build_id_in_notes(notes, size) == NULL);
  }
}

int main(void) {
  check_notes();
  const uint8_t *id = tw_build_id();
  TW_ASSERT(id != NULL);
  static const char digits[] = "0123456789abcdef";
  tw_console_text("build id ");
  for (uint32_t i = 0; i < TW_BUILD_ID_BYTES; ++i) {
    const char text[] = {digits[id[i] >> 4], digits[id[i] & 15]};
    tw_console_write(text, sizeof text);
  }
  tw_console_text("\n");
  return 0;
}
