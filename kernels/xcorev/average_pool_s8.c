/* Average pooling on CORE-V cores, four channels at a time: a load and four dot products per tap,
 * with vectors that choose one channel each. Channels that make no whole word are summed one by
 * one. Cores share words of channels, because often there is only one output pixel. */
#include "kernels/xcorev/pooling_window.h"
#include "tilewright/arithmetic.h"
#include "tilewright/hardware_loop.h"
#include "tilewright/parallel.h"
#include "tilewright/pooling.h"
#include "tilewright/simd.h"
#include "tilewright/window.h"

/* Two taps at a time, so that no load is used by the instruction after it. */
static void add_row(const int8_t *tap, uint32_t step, uint32_t columns, int32_t sums[CHANNELS]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  const uint32_t pairs = columns / 2;
  uint32_t a, b;
  if (pairs != 0) {
    __asm__ volatile(TW_LOOP_BEGIN TW_LOOP_SETUP(0, "%[pairs]", "1f")
                     "  cv.lw %[a], (%[tap]), %[step]\n"
                     "  cv.lw %[b], (%[tap]), %[step]\n"
                     "  cv.sdotsp.b %[s0], %[a], %[e0]\n"
                     "  cv.sdotsp.b %[s1], %[a], %[e1]\n"
                     "  cv.sdotsp.b %[s2], %[a], %[e2]\n"
                     "  cv.sdotsp.b %[s3], %[a], %[e3]\n"
                     "  cv.sdotsp.b %[s0], %[b], %[e0]\n"
                     "  cv.sdotsp.b %[s1], %[b], %[e1]\n"
                     "  cv.sdotsp.b %[s2], %[b], %[e2]\n"
                     "  cv.sdotsp.b %[s3], %[b], %[e3]\n"
                     "1:\n" TW_LOOP_END
                     : [a] "=&r"(a), [b] "=&r"(b), [tap] "+r"(tap), [s0] "+r"(s0), [s1] "+r"(s1),
                       [s2] "+r"(s2), [s3] "+r"(s3)
                     : [pairs] "r"(pairs), [step] "r"(step), [e0] "r"(UINT32_C(0x00000001)),
                       [e1] "r"(UINT32_C(0x00000100)), [e2] "r"(UINT32_C(0x00010000)),
                       [e3] "r"(UINT32_C(0x01000000))
                     : "memory");
  }
  if (columns % 2 != 0) {
    s0 += tap[0];
    s1 += tap[1];
    s2 += tap[2];
    s3 += tap[3];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/* Sums of `count` channels, CHANNELS or fewer. */
static void sum_window(const window *w, uint32_t channel, uint32_t count, int32_t sums[CHANNELS]) {
  const int8_t *row = w->first + channel;
  if (count == CHANNELS && w->rows > 1 && w->row_step == w->columns * w->column_step) {
    add_row(row, w->column_step, w->rows * w->columns, sums); /* all of the input's rows */
    return;
  }
  for (uint32_t ky = 0; ky < w->rows; ++ky) {
    if (count == CHANNELS) {
      add_row(row, w->column_step, w->columns, sums);
    } else {
      for (uint32_t kx = 0; kx < w->columns; ++kx) {
        for (uint32_t c = 0; c < count; ++c) {
          sums[c] += row[kx * w->column_step + c];
        }
      }
    }
    row += w->row_step;
  }
}

void tw_average_pool_s8(const tw_average_pool_s8_parameters *parameters, const int8_t *input,
                        const uint32_t *scale, const int32_t *bias, int8_t *output, uint32_t core,
                        uint32_t cores) {
  const tw_average_pool_s8_parameters *p = parameters;
  const tw_max_pool_s8_parameters shape = {
      p->batches,      p->input_height,    p->input_width,    p->input_channels, p->output_height,
      p->output_width, p->output_channels, p->kernel_height,  p->kernel_width,   p->stride_height,
      p->stride_width, p->dilation_height, p->dilation_width, p->pad_top,        p->pad_left,
  };
  const uint32_t channels = p->output_channels;
  const uint32_t height = p->output_height;
  const uint32_t width = p->output_width;
  const uint32_t words = (channels + CHANNELS - 1) / CHANNELS;
  const tw_range share = tw_share(p->batches * height * width * words, core, cores);
  tw_position at = tw_position_at(share.begin, height, width, words);
  window w = {0};
  int32_t centre = 0;
  uint32_t k = 0;
  for (uint32_t item = share.begin; item < share.end; ++item) {
    if (item == share.begin || at.channel == 0) {
      w = window_of(&shape, input, &at);
      centre = (int32_t)(w.rows * w.columns) * p->input_zero_point;
      if (p->count == 0) {
        k = tw_count_taps(at.row, p->stride_height, p->pad_top, p->kernel_height,
                          p->dilation_height, p->counted_top,
                          (int32_t)p->input_height + p->counted_bottom) *
            tw_count_taps(at.column, p->stride_width, p->pad_left, p->kernel_width,
                          p->dilation_width, p->counted_left,
                          (int32_t)p->input_width + p->counted_right);
      }
    }
    const uint32_t channel = at.channel * CHANNELS;
    const uint32_t count = channels - channel < CHANNELS ? channels - channel : CHANNELS;
    int32_t sums[CHANNELS] = {0};
    sum_window(&w, channel, count, sums);
    int8_t *out = output + item / words * channels + channel;
    for (uint32_t c = 0; c < count; ++c) {
      out[c] = tw_requantise_either(sums[c] - centre, scale[k], bias[k], p->shift, p->wide,
                                    p->output_zero_point, p->low, p->high);
    }
    tw_position_next(&at, height, width, words);
  }
}
