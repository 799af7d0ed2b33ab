/* Names of what exists once for each width of packed weights (packed_block.h).
 *
 * A template is a header that defines functions for weights of TW_WEIGHT_BITS bits, 8, 4 or 2,
 * which the including file says; in their names, TW_OF_BITS(name) ends with the width if that is
 * not 8. */
#ifndef TILEWRIGHT_WEIGHT_BITS_H_
#define TILEWRIGHT_WEIGHT_BITS_H_

#ifndef TW_WEIGHT_BITS
#error "define TW_WEIGHT_BITS before including a template"
#endif

#if TW_WEIGHT_BITS == 8
#define TW_OF_BITS(name) name
#define TW_PARAMETERS_OF_BITS(name) name##_parameters
#elif TW_WEIGHT_BITS == 4
#define TW_OF_BITS(name) name##_w4
#define TW_PARAMETERS_OF_BITS(name) name##_w4_parameters
#elif TW_WEIGHT_BITS == 2
#define TW_OF_BITS(name) name##_w2
#define TW_PARAMETERS_OF_BITS(name) name##_w2_parameters
#else
#error "TW_WEIGHT_BITS is 8, 4 or 2"
#endif

/* Values whose weights share a stored word of an output. */
#define TW_STORED_VALUES (32u / TW_WEIGHT_BITS)

#endif /* TILEWRIGHT_WEIGHT_BITS_H_ */
