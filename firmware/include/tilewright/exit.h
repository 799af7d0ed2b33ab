/* The ends of a program other than returning from main. */
#ifndef TILEWRIGHT_EXIT_H_
#define TILEWRIGHT_EXIT_H_

#include <stdint.h>

/* Exit code of a program that ended with a fault. */
#define TW_EXIT_FAULT 134

/* Ends the program; simulators exit with the low 8 bits of `code`, as when main returns it. */
_Noreturn void tw_exit(int code);

/* Writes "fault: " and `message` and ends the program with TW_EXIT_FAULT. */
_Noreturn void tw_fault(const char *message);

#define TW_STRINGIFY_(x) #x
#define TW_STRINGIFY(x) TW_STRINGIFY_(x)

/* Checked in every build: firmware has no debugger attached when it fails. */
#define TW_ASSERT(condition)                                                           \
  do {                                                                                 \
    if (!(condition)) {                                                                \
      tw_fault(#condition " does not hold (" __FILE__ ":" TW_STRINGIFY(__LINE__) ")"); \
    }                                                                                  \
  } while (0)

#endif /* TILEWRIGHT_EXIT_H_ */
