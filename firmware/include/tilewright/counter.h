/* Counters of the core that calls. */
#ifndef TILEWRIGHT_COUNTER_H_
#define TILEWRIGHT_COUNTER_H_

#include <stdint.h>

/* Instructions retired since reset; 0 on the host, which does not count. */
uint64_t tw_instructions(void);

/* Cycles since reset; 0 where time is not modelled, on the host and on QEMU. */
uint64_t tw_cycles(void);

#endif /* TILEWRIGHT_COUNTER_H_ */
