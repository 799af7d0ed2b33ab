#include <stddef.h>

#include "tilewright/arithmetic.h"
#include "tilewright/conv.h"
#include "tilewright/depthwise.h"
#include "tilewright/parallel.h"
#include "tilewright/window.h"

#define CHANNELS 4u

typedef tw_depthwise_conv_packed_s8_parameters shape;

/* Output rows [begin, end) of one image. */
typedef struct {
  uint32_t begin;
  uint32_t end;
  uint32_t input_rows; /* read for them */
  uint32_t pitch;      /* bytes of a plane's row */
  uint32_t plane_bytes;
} band;

/* Planes are whole words. */
static void fill(int8_t *bytes, uint32_t count, int32_t value) {
  const uint32_t word = ((uint32_t)value & 0xFFu) * UINT32_C(0x01010101);
  tw_depthwise_word *words = (tw_depthwise_word *)(void *)bytes;
  tw_depthwise_word *const end = words + count / 4;
  for (tw_depthwise_word *const most = words + count / 16 * 4; words != most; words += 4) {
    words[0] = word;
    words[1] = word;
    words[2] = word;
    words[3] = word;
  }
  while (words != end) {
    *words++ = word;
  }
}

/* Four channels of the rows that a band reads. What is beside them holds the zero point and stays;
 * rows of the padding have to be `cleared` if another band was there. */
static void make_planes(const shape *p, const band *rows, const int8_t *image, int cleared,
                        int8_t *planes) {
  const uint32_t left = (uint32_t)p->pad_left < rows->pitch ? (uint32_t)p->pad_left : rows->pitch;
  const uint32_t room = rows->pitch - left;
  const uint32_t width = p->input_width < room ? p->input_width : room;
  const int32_t top = (int32_t)(rows->begin * p->stride_height) - p->pad_top;
  const int32_t bottom = top + (int32_t)rows->input_rows;
  const int32_t height = (int32_t)p->input_height;
  const int32_t first = tw_clip(0, top, bottom);
  const int32_t end = tw_clip(height, first, bottom);
  const uint32_t above = (uint32_t)(first - top);
  const uint32_t inside = (uint32_t)(end - first);
  if (!cleared) {
    for (uint32_t c = 0; c < CHANNELS; ++c) {
      int8_t *plane = planes + c * rows->plane_bytes;
      fill(plane, above * rows->pitch, p->input_zero_point);
      fill(plane + (above + inside) * rows->pitch, (uint32_t)(bottom - end) * rows->pitch,
           p->input_zero_point);
    }
  }
  if (inside == 0 || width == 0) {
    return;
  }
  const tw_split split = {
      .pixels = image + (uint32_t)first * p->input_row_stride,
      .pixel_stride = p->input_pixel_stride,
      .count = width,
      .row_stride = p->input_row_stride,
      .rows = inside,
      .planes = planes + above * rows->pitch + left,
      .pitch = rows->pitch,
      .plane_bytes = rows->plane_bytes,
  };
  tw_split_pixels(&split);
}

/* One output channel of a band, output by output. */
static void compute_singly(const shape *p, const band *rows, const int8_t *plane,
                           const int8_t *weights, int8_t *output) {
  const uint32_t words = (p->kernel_width + 3) / 4;
  const int8_t *constants = weights + p->kernel_height * words * 4;
  const uint32_t scale = *(const tw_depthwise_word *)(const void *)constants;
  const int32_t bias =
      (int32_t)*(const tw_depthwise_word *)(const void *)(constants + sizeof(uint32_t));
  for (uint32_t y = rows->begin; y < rows->end; ++y) {
    const int8_t *window = plane + (y - rows->begin) * p->stride_height * rows->pitch;
    for (uint32_t x = 0; x < p->output_width; ++x) {
      const int32_t sum = tw_depthwise_sum(window, rows->pitch, weights, p->kernel_height, words);
      output[y * p->output_row_stride + x * p->output_pixel_stride] = tw_requantise_either(
          sum, scale, bias, p->shift, p->wide, p->output_zero_point, p->low, p->high);
      window += p->stride_width;
    }
  }
}

/* `channels` output channels of a band, four outputs of a row at a time. Only input channels with
 * one output channel follow each other. */
static void compute_strips(const shape *p, const band *rows, const int8_t *plane,
                           const int8_t *weights, int8_t *output, uint32_t channels) {
  const tw_depthwise_strips strips = {
      .plane = plane,
      .pitch = rows->pitch,
      .plane_bytes = rows->plane_bytes,
      .weights = weights,
      .shift = p->shift,
      .low = p->low,
      .high = p->high,
      .output = output + rows->begin * p->output_row_stride,
      .pixel_stride = p->output_pixel_stride,
      .row_stride = p->output_row_stride,
      .rows = rows->end - rows->begin,
      .width = p->output_width,
      .channels = channels,
  };
  if (p->stride_width == 1) {
    tw_depthwise_strips_1(&strips);
  } else {
    tw_depthwise_strips_2(&strips);
  }
}

void tw_depthwise_conv_packed_s8(const tw_depthwise_conv_packed_s8_parameters *parameters,
                                 const int8_t *input, const int8_t *weights, int8_t *output,
                                 int8_t *scratch, uint32_t core, uint32_t cores) {
  const shape *p = parameters;
  const uint32_t multiplier = p->output_channels / p->input_channels;
  const uint32_t weight_bytes =
      p->kernel_height * ((p->kernel_width + 3) / 4 * 4) + 2 * (uint32_t)sizeof(int32_t);
  const uint32_t bands = (p->output_height + p->band_rows - 1) / p->band_rows;
  const uint32_t groups = p->input_channels / CHANNELS;
  const uint32_t strides_agree =
      p->stride_height == p->stride_width && (p->stride_width == 1 || p->stride_width == 2);
  const uint32_t in_strips = strides_agree && p->kernel_height == 3 && p->kernel_width == 3 &&
                             p->output_width >= 4 && !p->wide;
  const uint32_t scratch_bytes =
      tw_depthwise_conv_packed_s8_scratch(p->band_rows, p->output_width, p->kernel_height,
                                          p->kernel_width, p->stride_height, p->stride_width);
  const uint32_t most_rows = (p->band_rows - 1) * p->stride_height + p->kernel_height;
  int8_t *planes = scratch + core * scratch_bytes;
  const tw_range share = tw_share(p->batches * bands * groups, core, cores);
  for (uint32_t item = share.begin; item < share.end; ++item) {
    const uint32_t group = item % groups;
    const uint32_t batch = item / groups / bands;
    const uint32_t begin = item / groups % bands * p->band_rows;
    const uint32_t end =
        begin + p->band_rows < p->output_height ? begin + p->band_rows : p->output_height;
    const band rows = {begin, end, (end - begin - 1) * p->stride_height + p->kernel_height,
                       scratch_bytes / (CHANNELS * most_rows), scratch_bytes / CHANNELS};
    const int8_t *image = input + batch * p->input_height * p->input_width * p->input_channels;
    if (item == share.begin) {
      fill(planes, scratch_bytes, p->input_zero_point);
    }
    make_planes(p, &rows, image + group * CHANNELS, item == share.begin || bands == 1, planes);
    const uint32_t first = group * CHANNELS * multiplier;
    int8_t *out = output + batch * p->output_height * p->output_width * p->output_channels + first;
    const int8_t *weight = weights + first * weight_bytes;
    const uint32_t together = in_strips && multiplier == 1 ? CHANNELS : 1;
    for (uint32_t c = 0; c < CHANNELS * multiplier; c += together) {
      const int8_t *plane = planes + c / multiplier * rows.plane_bytes;
      if (in_strips) {
        compute_strips(p, &rows, plane, weight, out, together);
      } else {
        compute_singly(p, &rows, plane, weight, out);
      }
      weight += together * weight_bytes;
      out += together;
    }
  }
}
