#include "kernels/xcorev/products_f32.h"
#include "kernels/xcorev/window_taps.h"
#include "tilewright/conv.h"
#include "tilewright/float.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

/* Taps of a pixel inside of the input, and where the first of them reads. */
typedef struct {
  const float *values;
  tw_range rows;
  tw_range columns;
} source;

static source source_of(const tw_depthwise_conv_f32_parameters *p, const float *input,
                        const tw_position *at) {
  source found = {input,
                  taps_inside(at->row, p->stride_height, p->pad_top, p->kernel_height,
                              p->dilation_height, p->input_height),
                  taps_inside(at->column, p->stride_width, p->pad_left, p->kernel_width,
                              p->dilation_width, p->input_width)};
  const int32_t y =
      tw_tap(at->row, p->stride_height, p->pad_top, found.rows.begin, p->dilation_height);
  const int32_t x =
      tw_tap(at->column, p->stride_width, p->pad_left, found.columns.begin, p->dilation_width);
  found.values += tw_pixel(at->batch, y, x, p->input_height, p->input_width) * p->input_channels;
  return found;
}

/* Four channels that have one output each. `weights` are those of the first channel. */
static void four_channels(const tw_depthwise_conv_f32_parameters *p, const source *in,
                          const float *values, const float *weights, const float *bias,
                          float *output) {
  const uint32_t taps = p->kernel_height * p->kernel_width;
  const uint32_t value_step = p->dilation_width * p->input_channels;
  const uint32_t value_row = p->dilation_height * p->input_width * p->input_channels;
  const uint32_t count = in->columns.end - in->columns.begin;
  float a = bias ? bias[0] : 0.0f;
  float b = bias ? bias[1] : 0.0f;
  float c = bias ? bias[2] : 0.0f;
  float d = bias ? bias[3] : 0.0f;
  const float *row = weights + in->rows.begin * p->kernel_width + in->columns.begin;
  for (uint32_t ky = in->rows.begin; ky < in->rows.end; ++ky) {
    const float *value = values;
    const float *first = row;
    const float *second = first + taps;
    const float *third = second + taps;
    const float *fourth = third + taps;
    for (uint32_t kx = count; kx != 0; --kx) {
      a += value[0] * *first++;
      b += value[1] * *second++;
      c += value[2] * *third++;
      d += value[3] * *fourth++;
      value += value_step;
    }
    values += value_row;
    row += p->kernel_width;
  }
  output[0] = tw_saturate_f32(a, p->minimum, p->maximum);
  output[1] = tw_saturate_f32(b, p->minimum, p->maximum);
  output[2] = tw_saturate_f32(c, p->minimum, p->maximum);
  output[3] = tw_saturate_f32(d, p->minimum, p->maximum);
}

static void one_channel(const tw_depthwise_conv_f32_parameters *p, const source *in,
                        const float *values, const float *weights, float sum, float *output) {
  for (uint32_t ky = in->rows.begin; ky < in->rows.end; ++ky) {
    const float *value = values;
    for (uint32_t kx = in->columns.begin; kx < in->columns.end; ++kx) {
      sum += *value * weights[ky * p->kernel_width + kx];
      value += p->dilation_width * p->input_channels;
    }
    values += p->dilation_height * p->input_width * p->input_channels;
  }
  *output = tw_saturate_f32(sum, p->minimum, p->maximum);
}

/* Cores share blocks of four channels of a pixel, or of one where an input channel has several
 * outputs. */
void tw_depthwise_conv_f32(const tw_depthwise_conv_f32_parameters *parameters, const float *input,
                           const float *weights, const float *bias, float *output, uint32_t core,
                           uint32_t cores) {
  const tw_depthwise_conv_f32_parameters *const p = parameters;
  const uint32_t outputs = p->output_channels;
  const uint32_t multiplier = outputs / p->input_channels;
  const uint32_t taps = p->kernel_height * p->kernel_width;
  const uint32_t width = multiplier == 1 ? SUMS : 1;
  const uint32_t blocks = (outputs + width - 1) / width;
  const tw_range share =
      tw_share(p->batches * p->output_height * p->output_width * blocks, core, cores);
  tw_position at = tw_position_at(share.begin / blocks, p->output_height, p->output_width, 1);
  uint32_t block = share.begin % blocks;
  for (uint32_t left = share.end - share.begin; left != 0;) {
    const source in = source_of(p, input, &at);
    float *const pixel =
        output + ((at.batch * p->output_height + at.row) * p->output_width + at.column) * outputs;
    for (; block < blocks && left != 0; ++block, --left) {
      uint32_t channel = block * width;
      if (width == SUMS && outputs - channel >= SUMS) {
        four_channels(p, &in, in.values + channel, weights + channel * taps,
                      bias ? bias + channel : bias, pixel + channel);
        continue;
      }
      const uint32_t end = outputs - channel < width ? outputs : channel + width;
      for (; channel < end; ++channel) {
        one_channel(p, &in, in.values + channel / multiplier, weights + channel * taps,
                    bias ? bias[channel] : 0.0f, pixel + channel);
      }
    }
    block = 0;
    tw_position_next(&at, p->output_height, p->output_width, 1);
  }
}
