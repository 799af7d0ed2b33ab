#include "tilewright/exit.h"

int main(void) {
  TW_ASSERT(1 + 1 == 3);
  return 0;
}
