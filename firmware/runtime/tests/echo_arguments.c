/* Writes its run-time input and exits with its length. */
#include "tilewright/arguments.h"
#include "tilewright/console.h"

int main(void) {
  const uint32_t length = tw_argument_length();
  for (uint32_t i = 0; i < length; ++i) {
    const char byte = (char)tw_argument_byte(i);
    tw_console_write(&byte, 1);
  }
  return (int)(length & 0xff);
}
