/* Where functions lie in a program, and how large they may be. */
#ifndef TILEWRIGHT_PLACEMENT_H_
#define TILEWRIGHT_PLACEMENT_H_

/* For functions whose code costs more to fetch than it takes to run: compiled for size. */
#ifdef __clang__
#define TW_SMALL __attribute__((minsize))
#else
#define TW_SMALL /* GCC has no such attribute. */
#endif

/* For functions that are called often and briefly, as those of a language model's layers are:
 * linker scripts put them next to each other, so that what a layer executes fits an instruction
 * cache without conflicts. */
#define TW_CALLED_OFTEN __attribute__((hot)) TW_SMALL

/* For what such functions do in rare cases: it lies elsewhere. */
#define TW_CALLED_RARELY __attribute__((cold, noinline))

#endif /* TILEWRIGHT_PLACEMENT_H_ */
