#include "tilewright/console.h"

#include "tilewright/soc_interface.h"

/* Digits of the largest uint64_t, and a decimal point. */
#define MAXIMUM_DIGITS 21

static void write_digits(uint64_t value, uint32_t decimals) {
  char text[MAXIMUM_DIGITS];
  uint32_t at = MAXIMUM_DIGITS;
  uint32_t digits = 0;
  do {
    if (digits == decimals && decimals > 0) {
      text[--at] = '.';
    }
    text[--at] = (char)('0' + value % 10);
    value /= 10;
    ++digits;
  } while (value > 0 || digits <= decimals);
  tw_soc_write(&text[at], MAXIMUM_DIGITS - at);
}

void tw_console_write(const char *bytes, uint32_t size) { tw_soc_write(bytes, size); }

void tw_console_text(const char *text) {
  uint32_t size = 0;
  while (text[size] != '\0') {
    ++size;
  }
  tw_soc_write(text, size);
}

void tw_console_unsigned(uint64_t value) { write_digits(value, 0); }

void tw_console_signed(int64_t value) { tw_console_fixed_point(value, 0); }

void tw_console_hexadecimal(uint32_t value) {
  char text[10] = {'0', 'x'};
  for (uint32_t digit = 0; digit < 8; ++digit) {
    text[2 + digit] = "0123456789abcdef"[(value >> (28 - 4 * digit)) & 15];
  }
  tw_soc_write(text, sizeof text);
}

void tw_console_fixed_point(int64_t value, uint32_t decimals) {
  if (value < 0) {
    tw_soc_write("-", 1);
  }
  /* Unsigned negation is defined for the most negative value too. */
  write_digits(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, decimals);
}
