/* Makes the mistake that its argument names; without one, none. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not inlined: knowing the size, the compiler would leave nothing for run time to find. */
__attribute__((noinline)) static int read_value(const int *values, int index) {
  return values[index];
}

static int read_behind_heap(int count) {
  int *values = malloc(sizeof *values * (size_t)count);
  if (values == NULL) {
    return -1;
  }
  memset(values, 0, sizeof *values * (size_t)count);
  int last = read_value(values, count); /* one too far */
  free(values);
  return last;
}

static int overflow(int value) { return value * 65536 * 32768; /* does not fit for value > 0 */ }

int main(int argument_count, char **arguments) {
  const char *mistake = argument_count > 1 ? arguments[1] : "none";
  int result = 0;
  if (strcmp(mistake, "heap") == 0) {
    result = read_behind_heap(argument_count);
  } else if (strcmp(mistake, "overflow") == 0) {
    result = overflow(argument_count);
  }
  printf("finished %d\n", result);
  return 0;
}
