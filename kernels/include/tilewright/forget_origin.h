/* For loops whose pointers must fit into the registers of RV32. */
#ifndef TILEWRIGHT_FORGET_ORIGIN_H_
#define TILEWRIGHT_FORGET_ORIGIN_H_

/* Makes the compiler forget how a pointer came about. It would otherwise keep one for each row of
 * weights, more than there are registers, instead of walking from row to row. */
#if defined(__GNUC__)
#define TW_FORGET_ORIGIN(pointer) __asm__("" : "+r"(pointer))
#else
#define TW_FORGET_ORIGIN(pointer) (void)(pointer)
#endif

#endif /* TILEWRIGHT_FORGET_ORIGIN_H_ */
