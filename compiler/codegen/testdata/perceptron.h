/* perceptron: a neural network compiled by Tilewright.
 *
 * Every pointer that a function takes must be a multiple of PERCEPTRON_ALIGNMENT. Inputs are only
 * read; outputs are valid when the function returns. Tensors are in row-major order. A quantised
 * tensor stands for the real numbers scale * (stored - zero point).
 */
#ifndef TILEWRIGHT_GENERATED_PERCEPTRON_H_
#define TILEWRIGHT_GENERATED_PERCEPTRON_H_

#include <stdint.h>

#include "tilewright/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SHA-256 of the model's file in hexadecimal: in every program that the network is linked into,
 * whether or not anything there names it. */
extern const char perceptron_model_digest[];

/* Memory in bytes. Arena and state are static; the weights are read-only. */
#define PERCEPTRON_WEIGHTS_BYTES 816
#define PERCEPTRON_STATE_BYTES 0
#define PERCEPTRON_ARENA_BYTES 64

#define PERCEPTRON_ALIGNMENT 8

/* Largest sum over one entry point's inputs, and outputs, each rounded up to the alignment. */
#define PERCEPTRON_INPUT_BYTES_MAXIMUM 64
#define PERCEPTRON_OUTPUT_BYTES_MAXIMUM 24

/* Runs the network. Returns 0.
 *
 * image: input image, float32[1, 4, 4]
 * class_scores: output class scores, float32[1, 5]
 */
int32_t perceptron_run(const float *image, float *class_scores);

#define PERCEPTRON_IMAGE_ELEMENTS 16
#define PERCEPTRON_IMAGE_BYTES 64
#define PERCEPTRON_IMAGE_SHAPE {1, 4, 4}

#define PERCEPTRON_CLASS_SCORES_ELEMENTS 5
#define PERCEPTRON_CLASS_SCORES_BYTES 20
#define PERCEPTRON_CLASS_SCORES_SHAPE {1, 5}

/* Does nothing: the network has no state. */
void perceptron_reset(void);

/* The same for code that does not know the network by name. */
extern const tw_network perceptron_network;

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_GENERATED_PERCEPTRON_H_ */
