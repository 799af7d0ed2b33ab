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

/* Bytes `offset` to `offset + size` of a result of `bytes`, as lines; at least one. */
static void write_part(const char *network, uint32_t layer, uint32_t result, uint32_t bytes,
                       uint32_t offset, const uint8_t *data, uint32_t size) {
  /* Static: a dump must not need a larger stack than the firmware without it. */
  static char text[LINE_CHARACTERS + 1];
  uint32_t done = 0;
  do {
    const uint32_t now = size - done < LINE_BYTES ? size - done : LINE_BYTES;
    tw_console_text(RECORD_SEPARATOR "layer ");
    tw_console_text(network);
    tw_console_text(" ");
    write_number(layer);
    write_number(result);
    write_number(bytes);
    write_number(offset + done);
    const uint32_t characters = encode(data + done, now, text);
    text[characters] = '\n';
    tw_console_write(text, characters + 1);
    done += now;
  } while (done < size);
}

void tw_dump_layer(const char *network, uint32_t layer, const tw_layer_result *results,
                   uint32_t count) {
  for (uint32_t result = 0; result < count; ++result) {
    const uint32_t bytes = results[result].bytes;
    write_part(network, layer, result, bytes, 0, results[result].data, bytes);
  }
}

void tw_dump_tile_of(const char *network, const tw_dump_tile_parameters *parameters,
                     const void *tile, uint32_t core) {
  if (core != 0) {
    return;
  }
  const tw_dump_tile_parameters *const p = parameters;
  const uint8_t *data = tile;
  for (uint32_t i = 0; i < p->counts[0]; ++i) {
    for (uint32_t j = 0; j < p->counts[1]; ++j) {
      for (uint32_t k = 0; k < p->counts[2]; ++k) {
        const uint32_t offset =
            p->offset + i * p->strides[0] + j * p->strides[1] + k * p->strides[2];
        write_part(network, p->layer, p->result, p->result_bytes, offset, data, p->run_bytes);
        data += p->run_bytes;
      }
    }
  }
}
