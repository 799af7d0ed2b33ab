/* Writes every form of output; the expected text is in console_test.txt. */
#include "tilewright/console.h"

int main(void) {
  tw_console_write("bytes \xc3\xa9\n", 9);
  tw_console_unsigned(0);
  tw_console_text("\n");
  tw_console_unsigned(UINT64_MAX);
  tw_console_text("\n");
  tw_console_signed(INT64_MIN);
  tw_console_text("\n");
  tw_console_signed(7);
  tw_console_text("\n");
  tw_console_hexadecimal(0x0badcafe);
  tw_console_text("\n");
  tw_console_fixed_point(-12345, 3);
  tw_console_text("\n");
  tw_console_fixed_point(5, 3);
  tw_console_text("\n");
  tw_console_fixed_point(0, 2);
  tw_console_text("\n");
  tw_console_fixed_point(1000, 3);
  tw_console_text("\n");
  return 0;
}
