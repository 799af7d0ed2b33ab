/* Where functions lie in a program. */
#ifndef TILEWRIGHT_PLACEMENT_H_
#define TILEWRIGHT_PLACEMENT_H_

/* For functions that are called often and briefly, as those of a language model's layers are:
 * linker scripts put them next to each other, so that what a layer executes fits an instruction
 * cache without conflicts. */
#define TW_CALLED_OFTEN __attribute__((hot))

/* For what such functions do in rare cases: it lies elsewhere. */
#define TW_CALLED_RARELY __attribute__((cold, noinline))

#endif /* TILEWRIGHT_PLACEMENT_H_ */
