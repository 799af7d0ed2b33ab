/* Shared by start.S and stack.c. */
#define TW_STACK_PAINT 0x5ac5a55a
