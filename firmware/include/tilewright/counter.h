/* Counters of the core that calls. */
#ifndef TILEWRIGHT_COUNTER_H_
#define TILEWRIGHT_COUNTER_H_

#include <stdint.h>

/* Instructions retired since reset; 0 on the host, which does not count. */
uint64_t tw_instructions(void);

#endif /* TILEWRIGHT_COUNTER_H_ */
