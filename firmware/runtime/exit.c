#include "tilewright/exit.h"

#include "tilewright/console.h"
#include "tilewright/soc_interface.h"

void tw_exit(int code) { tw_soc_exit(code); }

void tw_fault(const char *message) {
  tw_console_text("fault: ");
  tw_console_text(message);
  tw_console_text("\n");
  tw_soc_exit(TW_EXIT_FAULT);
}
