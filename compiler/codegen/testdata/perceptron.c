/* perceptron: a neural network compiled by Tilewright. */
#include "perceptron.h"

#include <stddef.h>
#include <stdint.h>

#include "tilewright/generated.h"
#include "tilewright/matmul.h"
#include "tilewright/quantize.h"
#include "tilewright/table.h"

/* The weights, packed in perceptron_weights.bin. Equal constants are there once, named after the
 * first use. */
extern const struct perceptron_weights {
  int8_t hidden_MatMul_weights[192] TILEWRIGHT_ALIGNED(16);
  uint32_t hidden_MatMul_scale[12] TILEWRIGHT_ALIGNED(16);
  int32_t hidden_MatMul_bias[12] TILEWRIGHT_ALIGNED(16);
  int8_t activation_table[256] TILEWRIGHT_ALIGNED(16);
  float classify_weights[60] TILEWRIGHT_ALIGNED(16);
  float classify_bias[5] TILEWRIGHT_ALIGNED(16);
} perceptron_weights;

TILEWRIGHT_STATIC_ASSERT(sizeof(struct perceptron_weights) == PERCEPTRON_WEIGHTS_BYTES,
                         weights_bytes);

/* Memory for intermediate results; what it holds means nothing after a run. */
static uint8_t arena[PERCEPTRON_ARENA_BYTES] TILEWRIGHT_ALIGNED(8)
    TILEWRIGHT_SECTION(".bss.tilewright_arena");

/* ---- Entry point perceptron_run ---- */

static void run(const float *image, float *class_scores, uint32_t core, uint32_t cores) {
  /* quantize: float32[1, 16] -> int8[1, 16] */
  static const tw_quantize_parameters quantize_parameters = {
      .elements = 16,
      .scale = 0.05f,
      .zero_point = 3,
  };
  int8_t *const quantize_output = (int8_t *)arena;
  tw_quantize(&quantize_parameters, image, quantize_output, core, cores);
  TILEWRIGHT_LAYER_DONE(0, {quantize_output, 16});

  /* hidden/MatMul: int8[1, 16] -> int8[1, 12], 192 MAC */
  static const tw_matmul_s8_parameters hidden_MatMul_parameters = {
      .rows = 1,
      .inner = 16,
      .columns = 12,
      .shift = 19,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const hidden_MatMul_output = (int8_t *)(arena + 48);
  tw_matmul_s8(&hidden_MatMul_parameters, quantize_output, perceptron_weights.hidden_MatMul_weights,
               perceptron_weights.hidden_MatMul_scale, perceptron_weights.hidden_MatMul_bias,
               hidden_MatMul_output, core, cores);
  TILEWRIGHT_LAYER_DONE(1, {hidden_MatMul_output, 12});

  /* hidden/activation: int8[1, 12] -> int8[1, 12] */
  static const tw_table_parameters hidden_activation_parameters = {.elements = 12};
  int8_t *const hidden_activation_output = (int8_t *)(arena + 48);
  tw_table(&hidden_activation_parameters, hidden_MatMul_output, perceptron_weights.activation_table,
           hidden_activation_output, core, cores);
  TILEWRIGHT_LAYER_DONE(2, {hidden_activation_output, 12});

  /* hidden/dequantize: int8[1, 12] -> float32[1, 12] */
  static const tw_dequantize_parameters hidden_dequantize_parameters = {
      .elements = 12,
      .scale = 0.05f,
      .zero_point = 3,
  };
  float *const features = (float *)arena;
  tw_dequantize(&hidden_dequantize_parameters, hidden_activation_output, features, core, cores);
  TILEWRIGHT_LAYER_DONE(3, {features, 48});

  /* classify: float32[1, 12] -> float32[1, 5], 60 MAC */
  static const tw_matmul_f32_parameters classify_parameters = {
      .rows = 1,
      .inner = 12,
      .columns = 5,
      .minimum = -__builtin_inff(),
      .maximum = 2.5f,
  };
  tw_matmul_f32(&classify_parameters, features, perceptron_weights.classify_weights,
                perceptron_weights.classify_bias, class_scores, core, cores);
  TILEWRIGHT_LAYER_DONE(4, {class_scores, 20});
}

/* ---- Interface ---- */

int32_t perceptron_run(const float *image, float *class_scores) {
  run(image, class_scores, 0, 1);
  return 0;
}

void perceptron_reset(void) {}

static const tw_tensor run_inputs[] = {
    {
        .name = "image",
        .data_type = TW_FLOAT32,
        .bytes = PERCEPTRON_IMAGE_BYTES,
        .rank = 3,
        .shape = (const uint32_t[]){1, 4, 4},
    },
};

static const tw_tensor run_outputs[] = {
    {
        .name = "class scores",
        .data_type = TW_FLOAT32,
        .bytes = PERCEPTRON_CLASS_SCORES_BYTES,
        .rank = 2,
        .shape = (const uint32_t[]){1, 5},
    },
};

static int32_t call_run(const void *const *inputs, void *const *outputs) {
  return perceptron_run(inputs[0], outputs[0]);
}

static const tw_entry_point entry_points[] = {
    {
        .name = "",
        .inputs = run_inputs,
        .input_count = 1,
        .outputs = run_outputs,
        .output_count = 1,
        .run = call_run,
    },
};

const tw_network perceptron_network = {
    .name = "perceptron",
    .entry_points = entry_points,
    .entry_point_count = 1,
    .reset = perceptron_reset,
    .weights_bytes = PERCEPTRON_WEIGHTS_BYTES,
    .state_bytes = PERCEPTRON_STATE_BYTES,
    .arena_bytes = PERCEPTRON_ARENA_BYTES,
    .model_digest = perceptron_model_digest,
};
