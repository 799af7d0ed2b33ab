#include "kernels/xcorev/products_f32.h"
#include "kernels/xcorev/window_taps.h"
#include "tilewright/conv.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* What an output pixel reads in one group: runs of neighbouring elements, one for each row of taps
 * or for each tap. */
typedef struct {
  const float *values; /* of the first run */
  uint32_t factors;    /* offset of its weights among those of an output */
  uint32_t rows;       /* rows of taps inside of the input */
  uint32_t runs;       /* in a row */
  uint32_t length;     /* of a run */
  uint32_t value_row;  /* elements from one row's first value to the next one's */
  uint32_t value_run;  /* from one run's to the next one's in a row */
  uint32_t factor_row; /* the same of weights */
  uint32_t factor_run;
} source;

static source source_of(const tw_conv_f32_parameters *p, const float *input, uint32_t each,
                        const tw_position *at) {
  const tw_range rows = taps_inside(at->row, p->stride_height, p->pad_top, p->kernel_height,
                                    p->dilation_height, p->input_height);
  const tw_range columns = taps_inside(at->column, p->stride_width, p->pad_left, p->kernel_width,
                                       p->dilation_width, p->input_width);
  const uint32_t taps = columns.end - columns.begin;
  const int32_t y = tw_tap(at->row, p->stride_height, p->pad_top, rows.begin, p->dilation_height);
  const int32_t x =
      tw_tap(at->column, p->stride_width, p->pad_left, columns.begin, p->dilation_width);
  /* Neighbouring taps of a row lie next to each other, if nothing is left out between them. */
  const int joined = p->dilation_width == 1 && p->groups == 1;
  const uint32_t channels = p->input_channels;
  const source found = {
      .values = input + tw_pixel(at->batch, y, x, p->input_height, p->input_width) * channels,
      .factors = (rows.begin * p->kernel_width + columns.begin) * each,
      .rows = taps != 0 ? rows.end - rows.begin : 0,
      .runs = joined ? 1 : taps,
      .length = joined ? taps * each : each,
      .value_row = p->dilation_height * p->input_width * channels,
      .value_run = p->dilation_width * channels,
      .factor_row = p->kernel_width * each,
      .factor_run = each,
  };
  return found;
}

/* Four outputs of a pixel whose weights are `step` apart. */
static void four_outputs(const tw_conv_f32_parameters *p, const source *in, const float *weights,
                         uint32_t step, const float *bias, float *output) {
  float sums[SUMS];
  for (uint32_t i = 0; i < SUMS; ++i) {
    sums[i] = bias ? bias[i] : 0.0f;
  }
  const float *value_row = in->values;
  const float *factor_row = weights + in->factors;
  for (uint32_t row = 0; row < in->rows; ++row) {
    const float *values = value_row;
    const float *factors = factor_row;
    for (uint32_t run = 0; run < in->runs; ++run) {
      add_products_f32(values, factors, step, in->length, sums);
      values += in->value_run;
      factors += in->factor_run;
    }
    value_row += in->value_row;
    factor_row += in->factor_row;
  }
  for (uint32_t i = 0; i < SUMS; ++i) {
    output[i] = tw_saturate_f32(sums[i], p->minimum, p->maximum);
  }
}

static void one_output(const tw_conv_f32_parameters *p, const source *in, const float *weights,
                       float sum, float *output) {
  for (uint32_t row = 0; row < in->rows; ++row) {
    for (uint32_t run = 0; run < in->runs; ++run) {
      sum = add_product_f32(in->values + row * in->value_row + run * in->value_run,
                            weights + in->factors + row * in->factor_row + run * in->factor_run,
                            in->length, sum);
    }
  }
  *output = tw_saturate_f32(sum, p->minimum, p->maximum);
}

/* Cores share blocks of four output channels of a group and pixel. */
void tw_conv_f32(const tw_conv_f32_parameters *parameters, const float *input, const float *weights,
                 const float *bias, float *output, uint32_t core, uint32_t cores) {
  const tw_conv_f32_parameters *const p = parameters;
  const uint32_t outputs = p->output_channels / p->groups;
  const uint32_t each = p->input_channels / p->groups;
  const uint32_t step = p->kernel_height * p->kernel_width * each;
  const uint32_t blocks = (outputs + SUMS - 1) / SUMS;
  const tw_range share =
      tw_share(p->batches * p->output_height * p->output_width * p->groups * blocks, core, cores);
  tw_position at =
      tw_position_at(share.begin / blocks, p->output_height, p->output_width, p->groups);
  uint32_t block = share.begin % blocks;
  for (uint32_t left = share.end - share.begin; left != 0;) {
    /* The blocks of one pixel and group. */
    const source in = source_of(p, input + at.channel * each, each, &at);
    float *const pixel =
        output +
        ((at.batch * p->output_height + at.row) * p->output_width + at.column) * p->output_channels;
    const uint32_t end = (at.channel + 1) * outputs;
    for (; block < blocks && left != 0; ++block, --left) {
      uint32_t channel = at.channel * outputs + block * SUMS;
      if (end - channel >= SUMS) {
        four_outputs(p, &in, weights + channel * step, step, bias ? bias + channel : bias,
                     pixel + channel);
      } else {
        for (; channel < end; ++channel) {
          one_output(p, &in, weights + channel * step, bias ? bias[channel] : 0.0f,
                     pixel + channel);
        }
      }
    }
    block = 0;
    tw_position_next(&at, p->output_height, p->output_width, p->groups);
  }
}
