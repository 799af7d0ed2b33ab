/* What generated sources are written with. */
#ifndef TILEWRIGHT_GENERATED_H_
#define TILEWRIGHT_GENERATED_H_

#define TILEWRIGHT_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define TILEWRIGHT_SECTION(name) __attribute__((section(name)))
#define TILEWRIGHT_STATIC_ASSERT(condition, name) \
  typedef char tw_assert_##name[(condition) ? 1 : -1] __attribute__((unused))

/* Stands behind every kernel call: the layer's number, then {pointer, bytes} of each result.
 * Layers are numbered through all entry points of a network, as in its mapping report. A build
 * that profiles or dumps layers, or runs a network on several cores, names a header that defines
 * the macro: -DTILEWRIGHT_HOOKS='"hooks.h"'. */
#ifdef TILEWRIGHT_HOOKS
#include TILEWRIGHT_HOOKS
#endif
#ifndef TILEWRIGHT_LAYER_DONE
#define TILEWRIGHT_LAYER_DONE(layer, ...) ((void)(layer))
#endif

#endif /* TILEWRIGHT_GENERATED_H_ */
