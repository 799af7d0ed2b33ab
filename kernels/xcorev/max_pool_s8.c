/* Max pooling on CORE-V cores, four channels at a time: a load and cv.max.b per tap. Channels that
 * make no whole word are computed one by one. */
#include "kernels/xcorev/pooling_window.h"
#include "tilewright/parallel.h"
#include "tilewright/pooling.h"
#include "tilewright/simd.h"
#include "tilewright/window.h"

static void largest_of_word(const window *w, uint32_t channel, int8_t *output) {
  const int8_t *row = w->first + channel;
  tw_packed best = UINT32_C(0x80808080);
  for (uint32_t ky = 0; ky < w->rows; ++ky) {
    const int8_t *tap = row;
    for (uint32_t kx = 0; kx < w->columns; ++kx) {
      best = tw_maximum_s8(best, load(tap));
      tap += w->column_step;
    }
    row += w->row_step;
  }
  store(output + channel, best);
}

static void largest_of_channel(const window *w, uint32_t channel, int8_t *output) {
  const int8_t *row = w->first + channel;
  int8_t best = INT8_MIN;
  for (uint32_t ky = 0; ky < w->rows; ++ky) {
    const int8_t *tap = row;
    for (uint32_t kx = 0; kx < w->columns; ++kx) {
      best = *tap > best ? *tap : best;
      tap += w->column_step;
    }
    row += w->row_step;
  }
  output[channel] = best;
}

void tw_max_pool_s8(const tw_max_pool_s8_parameters *parameters, const int8_t *input,
                    int8_t *output, uint32_t core, uint32_t cores) {
  const uint32_t channels = parameters->output_channels;
  const uint32_t height = parameters->output_height;
  const uint32_t width = parameters->output_width;
  const tw_range share = tw_share(parameters->batches * height * width, core, cores);
  tw_position at = tw_position_at(share.begin, height, width, 1);
  for (uint32_t pixel = share.begin; pixel < share.end; ++pixel) {
    const window w = window_of(parameters, input, &at);
    int8_t *out = output + pixel * channels;
    uint32_t channel = 0;
    for (; channel + CHANNELS <= channels; channel += CHANNELS) {
      largest_of_word(&w, channel, out);
    }
    for (; channel < channels; ++channel) {
      largest_of_channel(&w, channel, out);
    }
    tw_position_next(&at, height, width, 1);
  }
}
