/* How much stack the program has and has used. */
#ifndef TILEWRIGHT_STACK_H_
#define TILEWRIGHT_STACK_H_

#include <stdint.h>

/* Bytes between the stack's lowest address and its top; 0 on the host. */
uint32_t tw_stack_size(void);

/* Most bytes in use at any time so far: start-up paints the stack, and what is no longer paint
 * has been used. 0 on the host. */
uint32_t tw_stack_high_water(void);

#endif /* TILEWRIGHT_STACK_H_ */
