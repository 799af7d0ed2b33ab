/* decoder: a neural network compiled by Tilewright. */
#include "decoder.h"

#include <stddef.h>
#include <stdint.h>

#include "test_kernels.h"
#include "tilewright/copy.h"
#include "tilewright/generated.h"
#include "tilewright/matmul.h"
#include "tilewright/quantize.h"
#include "tilewright/table.h"

/* The weights, packed in decoder_weights.bin. Equal constants are there once, named after the
 * first use. */
struct decoder_weights_layers {
  int8_t query_MatMul_weights[256] TILEWRIGHT_ALIGNED(16);
  uint32_t query_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t query_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
  int8_t key_MatMul_weights[256] TILEWRIGHT_ALIGNED(16);
  uint32_t key_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t key_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
  int8_t mix_MatMul_weights[1024] TILEWRIGHT_ALIGNED(16);
  uint32_t mix_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t mix_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
  int8_t up_MatMul_weights[512] TILEWRIGHT_ALIGNED(16);
  uint32_t up_MatMul_scale[32] TILEWRIGHT_ALIGNED(16);
  int32_t up_MatMul_bias[32] TILEWRIGHT_ALIGNED(16);
  int8_t down_MatMul_weights[512] TILEWRIGHT_ALIGNED(16);
  uint32_t down_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t down_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
};

struct decoder_weights_layers_2 {
  int8_t forget_MatMul_weights[256] TILEWRIGHT_ALIGNED(16);
  uint32_t forget_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t forget_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
  int8_t mix_rows_MatMul_weights[256] TILEWRIGHT_ALIGNED(16);
  uint32_t mix_rows_MatMul_scale[16] TILEWRIGHT_ALIGNED(16);
  int32_t mix_rows_MatMul_bias[16] TILEWRIGHT_ALIGNED(16);
};

extern const struct decoder_weights {
  int8_t activation_table[256] TILEWRIGHT_ALIGNED(16);
  struct decoder_weights_layers layers[4];
  struct decoder_weights_layers_2 layers_2[4];
} decoder_weights;

TILEWRIGHT_STATIC_ASSERT(sizeof(struct decoder_weights) == DECODER_WEIGHTS_BYTES, weights_bytes);

/* Memory that lives from one run to the next. */
static struct {
  int8_t history_0[64] TILEWRIGHT_ALIGNED(8);
  int8_t history_1[64] TILEWRIGHT_ALIGNED(8);
  int8_t history_2[64] TILEWRIGHT_ALIGNED(8);
  int8_t history_3[64] TILEWRIGHT_ALIGNED(8);
} state TILEWRIGHT_SECTION(".bss.tilewright_state");

TILEWRIGHT_STATIC_ASSERT(sizeof(state) == DECODER_STATE_BYTES, state_bytes);

/* Memory for intermediate results; what it holds means nothing after a run. */
static uint8_t arena[DECODER_ARENA_BYTES] TILEWRIGHT_ALIGNED(8)
    TILEWRIGHT_SECTION(".bss.tilewright_arena");

/* ---- Entry point decoder_step ---- */

/* What differs between 4 repetitions of 8 layers. */
struct step_layers {
  uint32_t first_layer;
  uint32_t query_MatMul_shift;
  int8_t *buffer;
  const struct decoder_weights_layers *weights;
  int8_t *buffer_2;
  uint32_t key_MatMul_shift;
  int8_t *history;
  void *buffer_3;
  uint32_t mix_MatMul_shift;
  uint32_t up_MatMul_shift;
  uint32_t down_MatMul_shift;
};

static const struct step_layers step_layers_rows[4] = {
    {
        .first_layer = 1,
        .query_MatMul_shift = 17,
        .buffer = (int8_t *)arena,
        .weights = &decoder_weights.layers[0],
        .buffer_2 = (int8_t *)(arena + 16),
        .key_MatMul_shift = 17,
        .history = state.history_0,
        .buffer_3 = arena,
        .mix_MatMul_shift = 19,
        .up_MatMul_shift = 19,
        .down_MatMul_shift = 17,
    },
    {
        .first_layer = 9,
        .query_MatMul_shift = 18,
        .buffer = (int8_t *)(arena + 32),
        .weights = &decoder_weights.layers[1],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 18,
        .history = state.history_1,
        .buffer_3 = arena + 16,
        .mix_MatMul_shift = 17,
        .up_MatMul_shift = 17,
        .down_MatMul_shift = 18,
    },
    {
        .first_layer = 17,
        .query_MatMul_shift = 19,
        .buffer = (int8_t *)(arena + 32),
        .weights = &decoder_weights.layers[2],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 19,
        .history = state.history_2,
        .buffer_3 = arena + 16,
        .mix_MatMul_shift = 18,
        .up_MatMul_shift = 18,
        .down_MatMul_shift = 19,
    },
    {
        .first_layer = 25,
        .query_MatMul_shift = 17,
        .buffer = (int8_t *)(arena + 32),
        .weights = &decoder_weights.layers[3],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 17,
        .history = state.history_3,
        .buffer_3 = arena + 16,
        .mix_MatMul_shift = 19,
        .up_MatMul_shift = 19,
        .down_MatMul_shift = 17,
    },
};

static void run_step_layers(const struct step_layers *row, uint32_t core, uint32_t cores) {
  /* /layers.{0..3}/query/MatMul: int8[1, 16] -> int8[1, 16], 256 MAC */
  const tw_matmul_s8_parameters query_MatMul_parameters = {
      .rows = 1,
      .inner = 16,
      .columns = 16,
      .shift = row->query_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const input = row->buffer;
  int8_t *const query_MatMul_output = row->buffer_2;
  tw_matmul_s8(&query_MatMul_parameters, input, row->weights->query_MatMul_weights,
               row->weights->query_MatMul_scale, row->weights->query_MatMul_bias,
               query_MatMul_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer, {query_MatMul_output, 16});

  /* /layers.{0..3}/key/MatMul: int8[1, 16] -> int8[1, 16], 256 MAC */
  const tw_matmul_s8_parameters key_MatMul_parameters = {
      .rows = 1,
      .inner = 16,
      .columns = 16,
      .shift = row->key_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 1,
      .output_zero_point = 3,
  };
  int8_t *const key_MatMul_output = row->buffer_2;
  tw_matmul_s8(&key_MatMul_parameters, input, row->weights->key_MatMul_weights,
               row->weights->key_MatMul_scale, row->weights->key_MatMul_bias, key_MatMul_output,
               core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 1, {key_MatMul_output, 16});

  /* /layers.{0..3}/key/activation: int8[1, 16] -> int8[1, 16] */
  static const tw_table_parameters key_activation_parameters = {.elements = 16};
  int8_t *const key_activation_output = row->buffer_2;
  tw_table(&key_activation_parameters, key_MatMul_output, decoder_weights.activation_table,
           key_activation_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 2, {key_activation_output, 16});

  /* /layers.{0..3}/history: int8[4, 16], int8[1, 16] -> int8[4, 16] */
  static const tw_test_write_row_parameters history_parameters = {
      .rows = 4,
      .width = 16,
  };
  void *const history_scratch = row->buffer_3;
  tw_test_write_row(&history_parameters, row->history, key_activation_output, row->history,
                    history_scratch, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 3, {row->history, 64});

  /* /layers.{0..3}/mix/MatMul: int8[1, 64] -> int8[1, 16], 1,024 MAC */
  const tw_matmul_s8_parameters mix_MatMul_parameters = {
      .rows = 1,
      .inner = 64,
      .columns = 16,
      .shift = row->mix_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const mix_MatMul_output = (int8_t *)(arena + 32);
  tw_matmul_s8(&mix_MatMul_parameters, row->history, row->weights->mix_MatMul_weights,
               row->weights->mix_MatMul_scale, row->weights->mix_MatMul_bias, mix_MatMul_output,
               core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 4, {mix_MatMul_output, 16});

  /* /layers.{0..3}/up/MatMul: int8[1, 16] -> int8[1, 32], 512 MAC */
  const tw_matmul_s8_parameters up_MatMul_parameters = {
      .rows = 1,
      .inner = 16,
      .columns = 32,
      .shift = row->up_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const up_MatMul_output = (int8_t *)arena;
  tw_matmul_s8(&up_MatMul_parameters, mix_MatMul_output, row->weights->up_MatMul_weights,
               row->weights->up_MatMul_scale, row->weights->up_MatMul_bias, up_MatMul_output, core,
               cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 5, {up_MatMul_output, 32});

  /* /layers.{0..3}/up/activation: int8[1, 32] -> int8[1, 32] */
  static const tw_table_parameters up_activation_parameters = {.elements = 32};
  int8_t *const up_activation_output = (int8_t *)arena;
  tw_table(&up_activation_parameters, up_MatMul_output, decoder_weights.activation_table,
           up_activation_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 6, {up_activation_output, 32});

  /* /layers.{0..3}/down/MatMul: int8[1, 32] -> int8[1, 16], 512 MAC */
  const tw_matmul_s8_parameters down_MatMul_parameters = {
      .rows = 1,
      .inner = 32,
      .columns = 16,
      .shift = row->down_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const down_MatMul_output = (int8_t *)(arena + 32);
  tw_matmul_s8(&down_MatMul_parameters, up_activation_output, row->weights->down_MatMul_weights,
               row->weights->down_MatMul_scale, row->weights->down_MatMul_bias, down_MatMul_output,
               core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 7, {down_MatMul_output, 16});
}

static void run_step(const uint8_t *tokens_embedded, float *logits, uint32_t core, uint32_t cores) {
  /* recode: uint8[1, 16] -> int8[1, 16] */
  static const tw_recode_parameters recode_parameters = {.elements = 16};
  int8_t *const recode_output = (int8_t *)arena;
  tw_recode(&recode_parameters, tokens_embedded, recode_output, core, cores);
  TILEWRIGHT_LAYER_DONE(0, {recode_output, 16});

  for (uint32_t i = 0; i < 4; ++i) {
    run_step_layers(&step_layers_rows[i], core, cores);
  }

  /* dequantize: int8[1, 16] -> float32[1, 16] */
  static const tw_dequantize_parameters dequantize_parameters = {
      .elements = 16,
      .scale = 0.05f,
      .zero_point = 3,
  };
  int8_t *const layers_3_down_MatMul_output = (int8_t *)(arena + 32);
  tw_dequantize(&dequantize_parameters, layers_3_down_MatMul_output, logits, core, cores);
  TILEWRIGHT_LAYER_DONE(33, {logits, 64});
}

/* ---- Entry point decoder_batch ---- */

/* What differs between 4 repetitions of 8 layers. */
struct batch_layers {
  uint32_t first_layer;
  uint32_t query_MatMul_shift;
  int8_t *buffer;
  const struct decoder_weights_layers *weights;
  int8_t *buffer_2;
  uint32_t key_MatMul_shift;
  uint32_t forget_MatMul_shift;
  int8_t *history;
  const struct decoder_weights_layers_2 *weights_2;
  int8_t *buffer_3;
  uint32_t mix_rows_MatMul_shift;
  int8_t *buffer_4;
  uint32_t up_MatMul_shift;
  uint32_t down_MatMul_shift;
};

static const struct batch_layers batch_layers_rows[4] = {
    {
        .first_layer = 35,
        .query_MatMul_shift = 17,
        .buffer = (int8_t *)arena,
        .weights = &decoder_weights.layers[0],
        .buffer_2 = (int8_t *)(arena + 48),
        .key_MatMul_shift = 17,
        .forget_MatMul_shift = 17,
        .history = state.history_0,
        .weights_2 = &decoder_weights.layers_2[0],
        .buffer_3 = (int8_t *)(arena + 96),
        .mix_rows_MatMul_shift = 18,
        .buffer_4 = (int8_t *)(arena + 160),
        .up_MatMul_shift = 19,
        .down_MatMul_shift = 17,
    },
    {
        .first_layer = 43,
        .query_MatMul_shift = 18,
        .buffer = (int8_t *)(arena + 160),
        .weights = &decoder_weights.layers[1],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 18,
        .forget_MatMul_shift = 18,
        .history = state.history_1,
        .weights_2 = &decoder_weights.layers_2[1],
        .buffer_3 = (int8_t *)(arena + 160),
        .mix_rows_MatMul_shift = 19,
        .buffer_4 = (int8_t *)(arena + 224),
        .up_MatMul_shift = 17,
        .down_MatMul_shift = 18,
    },
    {
        .first_layer = 51,
        .query_MatMul_shift = 19,
        .buffer = (int8_t *)(arena + 224),
        .weights = &decoder_weights.layers[2],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 19,
        .forget_MatMul_shift = 19,
        .history = state.history_2,
        .weights_2 = &decoder_weights.layers_2[2],
        .buffer_3 = (int8_t *)(arena + 224),
        .mix_rows_MatMul_shift = 17,
        .buffer_4 = (int8_t *)(arena + 288),
        .up_MatMul_shift = 18,
        .down_MatMul_shift = 19,
    },
    {
        .first_layer = 59,
        .query_MatMul_shift = 17,
        .buffer = (int8_t *)(arena + 288),
        .weights = &decoder_weights.layers[3],
        .buffer_2 = (int8_t *)arena,
        .key_MatMul_shift = 17,
        .forget_MatMul_shift = 17,
        .history = state.history_3,
        .weights_2 = &decoder_weights.layers_2[3],
        .buffer_3 = (int8_t *)(arena + 288),
        .mix_rows_MatMul_shift = 18,
        .buffer_4 = (int8_t *)(arena + 352),
        .up_MatMul_shift = 19,
        .down_MatMul_shift = 17,
    },
};

static void run_batch_layers(const struct batch_layers *row, uint32_t core, uint32_t cores) {
  /* /layers.{0..3}/query/MatMul: int8[3, 16] -> int8[3, 16], 768 MAC */
  const tw_matmul_s8_parameters query_MatMul_parameters = {
      .rows = 3,
      .inner = 16,
      .columns = 16,
      .shift = row->query_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const input = row->buffer;
  int8_t *const query_MatMul_output = row->buffer_2;
  tw_matmul_s8(&query_MatMul_parameters, input, row->weights->query_MatMul_weights,
               row->weights->query_MatMul_scale, row->weights->query_MatMul_bias,
               query_MatMul_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer, {query_MatMul_output, 48});

  /* /layers.{0..3}/key/MatMul: int8[3, 16] -> int8[3, 16], 768 MAC */
  const tw_matmul_s8_parameters key_MatMul_parameters = {
      .rows = 3,
      .inner = 16,
      .columns = 16,
      .shift = row->key_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 1,
      .output_zero_point = 3,
  };
  int8_t *const key_MatMul_output = row->buffer_2;
  tw_matmul_s8(&key_MatMul_parameters, input, row->weights->key_MatMul_weights,
               row->weights->key_MatMul_scale, row->weights->key_MatMul_bias, key_MatMul_output,
               core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 1, {key_MatMul_output, 48});

  /* /layers.{0..3}/key/activation: int8[3, 16] -> int8[3, 16] */
  static const tw_table_parameters key_activation_parameters = {.elements = 48};
  int8_t *const key_activation_output = row->buffer_2;
  tw_table(&key_activation_parameters, key_MatMul_output, decoder_weights.activation_table,
           key_activation_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 2, {key_activation_output, 48});

  /* /layers.{0..3}/forget/MatMul: int8[4, 16] -> int8[4, 16], 1,024 MAC */
  const tw_matmul_s8_parameters forget_MatMul_parameters = {
      .rows = 4,
      .inner = 16,
      .columns = 16,
      .shift = row->forget_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const forget_MatMul_output = row->buffer_3;
  tw_matmul_s8(&forget_MatMul_parameters, row->history, row->weights_2->forget_MatMul_weights,
               row->weights_2->forget_MatMul_scale, row->weights_2->forget_MatMul_bias,
               forget_MatMul_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 3, {forget_MatMul_output, 64});

  /* /layers.{0..3}/mix_rows/MatMul: int8[3, 16] -> int8[3, 16], 768 MAC */
  const tw_matmul_s8_parameters mix_rows_MatMul_parameters = {
      .rows = 3,
      .inner = 16,
      .columns = 16,
      .shift = row->mix_rows_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const mix_rows_MatMul_output = row->buffer_4;
  tw_matmul_s8(&mix_rows_MatMul_parameters, key_activation_output,
               row->weights_2->mix_rows_MatMul_weights, row->weights_2->mix_rows_MatMul_scale,
               row->weights_2->mix_rows_MatMul_bias, mix_rows_MatMul_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 4, {mix_rows_MatMul_output, 48});

  /* /layers.{0..3}/up/MatMul: int8[3, 16] -> int8[3, 32], 1,536 MAC */
  const tw_matmul_s8_parameters up_MatMul_parameters = {
      .rows = 3,
      .inner = 16,
      .columns = 32,
      .shift = row->up_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const up_MatMul_output = (int8_t *)arena;
  tw_matmul_s8(&up_MatMul_parameters, mix_rows_MatMul_output, row->weights->up_MatMul_weights,
               row->weights->up_MatMul_scale, row->weights->up_MatMul_bias, up_MatMul_output, core,
               cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 5, {up_MatMul_output, 96});

  /* /layers.{0..3}/up/activation: int8[3, 32] -> int8[3, 32] */
  static const tw_table_parameters up_activation_parameters = {.elements = 96};
  int8_t *const up_activation_output = (int8_t *)arena;
  tw_table(&up_activation_parameters, up_MatMul_output, decoder_weights.activation_table,
           up_activation_output, core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 6, {up_activation_output, 96});

  /* /layers.{0..3}/down/MatMul: int8[3, 32] -> int8[3, 16], 1,536 MAC */
  const tw_matmul_s8_parameters down_MatMul_parameters = {
      .rows = 3,
      .inner = 32,
      .columns = 16,
      .shift = row->down_MatMul_shift,
      .low = -128,
      .high = 127,
      .wide = 0,
      .output_zero_point = 3,
  };
  int8_t *const down_MatMul_output = row->buffer_4;
  tw_matmul_s8(&down_MatMul_parameters, up_activation_output, row->weights->down_MatMul_weights,
               row->weights->down_MatMul_scale, row->weights->down_MatMul_bias, down_MatMul_output,
               core, cores);
  TILEWRIGHT_LAYER_DONE(row->first_layer + 7, {down_MatMul_output, 48});
}

static void run_batch(const uint8_t *tokens_embedded, float *logits, uint32_t core,
                      uint32_t cores) {
  /* recode: uint8[3, 16] -> int8[3, 16] */
  static const tw_recode_parameters recode_parameters = {.elements = 48};
  int8_t *const recode_output = (int8_t *)arena;
  tw_recode(&recode_parameters, tokens_embedded, recode_output, core, cores);
  TILEWRIGHT_LAYER_DONE(34, {recode_output, 48});

  for (uint32_t i = 0; i < 4; ++i) {
    run_batch_layers(&batch_layers_rows[i], core, cores);
  }

  /* dequantize: int8[3, 16] -> float32[3, 16] */
  static const tw_dequantize_parameters dequantize_parameters = {
      .elements = 48,
      .scale = 0.05f,
      .zero_point = 3,
  };
  int8_t *const layers_3_down_MatMul_output = (int8_t *)(arena + 352);
  tw_dequantize(&dequantize_parameters, layers_3_down_MatMul_output, logits, core, cores);
  TILEWRIGHT_LAYER_DONE(67, {logits, 192});

  /* copy of /layers.0/forget/MatMul_output: int8[4, 16] -> int8[4, 16] */
  static const tw_copy_parameters copy_of_layers_0_forget_MatMul_output_parameters = {.bytes = 64};
  int8_t *const layers_0_forget_MatMul_output = (int8_t *)(arena + 96);
  tw_copy(&copy_of_layers_0_forget_MatMul_output_parameters, layers_0_forget_MatMul_output,
          state.history_0, core, cores);
  TILEWRIGHT_LAYER_DONE(68, {state.history_0, 64});

  /* copy of /layers.1/forget/MatMul_output: int8[4, 16] -> int8[4, 16] */
  static const tw_copy_parameters copy_of_layers_1_forget_MatMul_output_parameters = {.bytes = 64};
  int8_t *const layers_1_forget_MatMul_output = (int8_t *)(arena + 160);
  tw_copy(&copy_of_layers_1_forget_MatMul_output_parameters, layers_1_forget_MatMul_output,
          state.history_1, core, cores);
  TILEWRIGHT_LAYER_DONE(69, {state.history_1, 64});

  /* copy of /layers.2/forget/MatMul_output: int8[4, 16] -> int8[4, 16] */
  static const tw_copy_parameters copy_of_layers_2_forget_MatMul_output_parameters = {.bytes = 64};
  int8_t *const layers_2_forget_MatMul_output = (int8_t *)(arena + 224);
  tw_copy(&copy_of_layers_2_forget_MatMul_output_parameters, layers_2_forget_MatMul_output,
          state.history_2, core, cores);
  TILEWRIGHT_LAYER_DONE(70, {state.history_2, 64});

  /* copy of /layers.3/forget/MatMul_output: int8[4, 16] -> int8[4, 16] */
  static const tw_copy_parameters copy_of_layers_3_forget_MatMul_output_parameters = {.bytes = 64};
  int8_t *const layers_3_forget_MatMul_output = (int8_t *)(arena + 288);
  tw_copy(&copy_of_layers_3_forget_MatMul_output_parameters, layers_3_forget_MatMul_output,
          state.history_3, core, cores);
  TILEWRIGHT_LAYER_DONE(71, {state.history_3, 64});
}

/* ---- Interface ---- */

int32_t decoder_step(const uint8_t *tokens_embedded, float *logits) {
  run_step(tokens_embedded, logits, 0, 1);
  return 0;
}

int32_t decoder_batch(const uint8_t *tokens_embedded, float *logits) {
  run_batch(tokens_embedded, logits, 0, 1);
  return 0;
}

void decoder_reset(void) {
  for (uint32_t i = 0; i < 64; ++i) {
    state.history_0[i] = 3;
  }
  for (uint32_t i = 0; i < 64; ++i) {
    state.history_1[i] = 3;
  }
  for (uint32_t i = 0; i < 64; ++i) {
    state.history_2[i] = 3;
  }
  for (uint32_t i = 0; i < 64; ++i) {
    state.history_3[i] = 3;
  }
}

static const tw_tensor step_inputs[] = {
    {
        .name = "tokens.embedded",
        .data_type = TW_UINT8,
        .bytes = DECODER_STEP_TOKENS_EMBEDDED_BYTES,
        .rank = 2,
        .shape = (const uint32_t[]){1, 16},
    },
};

static const tw_tensor step_outputs[] = {
    {
        .name = "logits",
        .data_type = TW_FLOAT32,
        .bytes = DECODER_STEP_LOGITS_BYTES,
        .rank = 2,
        .shape = (const uint32_t[]){1, 16},
    },
};

static int32_t call_step(const void *const *inputs, void *const *outputs) {
  return decoder_step(inputs[0], outputs[0]);
}

static const tw_tensor batch_inputs[] = {
    {
        .name = "tokens.embedded",
        .data_type = TW_UINT8,
        .bytes = DECODER_BATCH_TOKENS_EMBEDDED_BYTES,
        .rank = 2,
        .shape = (const uint32_t[]){3, 16},
    },
};

static const tw_tensor batch_outputs[] = {
    {
        .name = "logits",
        .data_type = TW_FLOAT32,
        .bytes = DECODER_BATCH_LOGITS_BYTES,
        .rank = 2,
        .shape = (const uint32_t[]){3, 16},
    },
};

static int32_t call_batch(const void *const *inputs, void *const *outputs) {
  return decoder_batch(inputs[0], outputs[0]);
}

static const tw_entry_point entry_points[] = {
    {
        .name = "step",
        .inputs = step_inputs,
        .input_count = 1,
        .outputs = step_outputs,
        .output_count = 1,
        .run = call_step,
    },
    {
        .name = "batch",
        .inputs = batch_inputs,
        .input_count = 1,
        .outputs = batch_outputs,
        .output_count = 1,
        .run = call_batch,
    },
};

const tw_network decoder_network = {
    .name = "decoder",
    .entry_points = entry_points,
    .entry_point_count = 2,
    .reset = decoder_reset,
    .weights_bytes = DECODER_WEIGHTS_BYTES,
    .state_bytes = DECODER_STATE_BYTES,
    .arena_bytes = DECODER_ARENA_BYTES,
    .model_digest = decoder_model_digest,
};
