/* What the runtime needs from a SoC: each SoC's runtime library defines these functions. */
#ifndef TILEWRIGHT_SOC_INTERFACE_H_
#define TILEWRIGHT_SOC_INTERFACE_H_

#include <stdint.h>

/* Prepares the hardware. Runs on the stack, after memory is initialised and before main. */
void tw_soc_start(void);

/* Writes bytes to the console and returns when the hardware has taken them. */
void tw_soc_write(const char *bytes, uint32_t size);

/* Ends the simulation, or stops the core. */
_Noreturn void tw_soc_exit(int code);

#endif /* TILEWRIGHT_SOC_INTERFACE_H_ */
