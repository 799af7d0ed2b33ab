/* Text output without a C library: bytes appear as soon as they are written. */
#ifndef TILEWRIGHT_CONSOLE_H_
#define TILEWRIGHT_CONSOLE_H_

#include <stdint.h>

/* Writes `size` bytes as they are. */
void tw_console_write(const char *bytes, uint32_t size);

/* Writes a zero-terminated string. */
void tw_console_text(const char *text);

/* Writes a number in decimal. */
void tw_console_unsigned(uint64_t value);
void tw_console_signed(int64_t value);

/* Writes `0x` and eight hexadecimal digits. */
void tw_console_hexadecimal(uint32_t value);

/* Writes value / 10^decimals with all its decimals: (-12345, 3) is "-12.345". */
void tw_console_fixed_point(int64_t value, uint32_t decimals);

#endif /* TILEWRIGHT_CONSOLE_H_ */
