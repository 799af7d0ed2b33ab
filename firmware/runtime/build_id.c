#include "tilewright/build_id.h"

#include <stddef.h>

/* A note, by the System V ABI: the sizes in bytes of name and description, a type, the name, the
 * description, both padded to whole words. */
#define HEADER_WORDS 3u
#define GNU_NAME_BYTES 4u
#define GNU_NAME 0x00554e47u /* "GNU" */
#define GNU_BUILD_ID 3u

static uint32_t words_of(uint32_t bytes) { return bytes / 4 + (bytes % 4 != 0); }

const uint8_t *tw_build_id_in_notes(const uint32_t *notes, uint32_t size) {
  uint32_t left = size / 4;
  while (left >= HEADER_WORDS) {
    const uint32_t name = words_of(notes[0]);
    const uint32_t description = words_of(notes[1]);
    left -= HEADER_WORDS;
    if (name > left || description > left - name) {
      return NULL;
    }
    if (notes[0] == GNU_NAME_BYTES && notes[HEADER_WORDS] == GNU_NAME &&
        notes[1] == TW_BUILD_ID_BYTES && notes[2] == GNU_BUILD_ID) {
      return (const uint8_t *)(notes + HEADER_WORDS + name);
    }
    left -= name + description;
    notes += HEADER_WORDS + name + description;
  }
  return NULL;
}
