#include "tilewright/layer_dump.h"

#include "tilewright/console.h"

#define RECORD_SEPARATOR "\x1e"
#define LINE_BYTES 144 /* of data, a multiple of 3: only a result's last line is padded */
#define LINE_CHARACTERS (LINE_BYTES / 3 * 4)

/* Base64 as in RFC 4648; returns the number of characters. */
static uint32_t encode(const uint8_t *data, uint32_t size, char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t at = 0;
  for (uint32_t i = 0; i < size; i += 3) {
    const uint32_t present = size - i < 3 ? size - i : 3;
    uint32_t bits = (uint32_t)data[i] << 16;
    bits |= present > 1 ? (uint32_t)data[i + 1] << 8 : 0;
    bits |= present > 2 ? data[i + 2] : 0;
    text[at++] = digits[bits >> 18];
    text[at++] = digits[bits >> 12 & 63];
    text[at++] = present > 1 ? digits[bits >> 6 & 63] : '=';
    text[at++] = present > 2 ? digits[bits & 63] : '=';
  }
  return at;
}

static void write_number(uint32_t number) {
  tw_console_unsigned(number);
  tw_console_text(" ");
}

void tw_dump_layer(const char *network, uint32_t layer, const tw_layer_result *results,
                   uint32_t count) {
  /* Static: a dump must not need a larger stack than the firmware without it. */
  static char text[LINE_CHARACTERS + 1];
  for (uint32_t result = 0; result < count; ++result) {
    const uint8_t *data = results[result].data;
    const uint32_t bytes = results[result].bytes;
    uint32_t offset = 0;
    do {
      const uint32_t size = bytes - offset < LINE_BYTES ? bytes - offset : LINE_BYTES;
      tw_console_text(RECORD_SEPARATOR "layer ");
      tw_console_text(network);
      tw_console_text(" ");
      write_number(layer);
      write_number(result);
      write_number(bytes);
      write_number(offset);
      const uint32_t characters = encode(data + offset, size, text);
      text[characters] = '\n';
      tw_console_write(text, characters + 1);
      offset += size;
    } while (offset < bytes);
  }
}
