/* Checks of the host tests in this folder: every failure is printed, main returns their number. */
#ifndef TILEWRIGHT_APPS_LANGUAGE_MODEL_CHECK_H_
#define TILEWRIGHT_APPS_LANGUAGE_MODEL_CHECK_H_

#include <stdio.h>

static int failures;

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                          \
    }                                                                      \
  } while (0)

#endif /* TILEWRIGHT_APPS_LANGUAGE_MODEL_CHECK_H_ */
