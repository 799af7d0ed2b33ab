/* Jobs of N-EUREKA. While one runs, the next one is configured. */
#include "tilewright/accelerated_conv.h"

#include <stddef.h>

#include "tilewright/accelerator.h"

_Static_assert(sizeof(tw_accelerator_geometry) ==
                   offsetof(tw_accelerated_conv_parameters, rest_input) -
                       offsetof(tw_accelerated_conv_parameters, input_pixel_stride),
               "parameters have the registers in their order");

void tw_accelerated_conv(const tw_accelerated_conv_parameters *parameters, const uint8_t *input,
                         const uint8_t *weights, const void *scale, const int32_t *bias,
                         uint8_t *output, uint32_t core, uint32_t cores) {
  tw_accelerated_conv_start(parameters, input, weights, scale, bias, output, core, cores);
  if (core == 0) {
    tw_accelerator_wait();
  }
}

void tw_accelerated_conv_finish(void) { tw_accelerator_wait(); }

void tw_accelerated_conv_start(const tw_accelerated_conv_parameters *parameters,
                               const uint8_t *input, const uint8_t *weights, const void *scale,
                               const int32_t *bias, uint8_t *output, uint32_t core,
                               uint32_t cores) {
  (void)cores;
  if (core != 0) {
    return;
  }
  const tw_accelerator_geometry *const geometry =
      (const tw_accelerator_geometry *)&parameters->input_pixel_stride;
  tw_accelerator_pointers pointers = {
      .weights = weights,
      .input = input + parameters->input_offset,
      .output = output,
      .scale = scale,
      .bias = bias,
  };
  for (uint32_t image = 0; image < parameters->images; ++image) {
    tw_accelerator_queue(&pointers, geometry);
    if (parameters->rest_tiles != 0) {
      tw_accelerator_pointers rest_pointers = pointers;
      tw_accelerator_geometry rest = *geometry;
      rest_pointers.input += parameters->rest_input;
      rest_pointers.output += parameters->rest_output;
      rest.remainder_output = parameters->rest_last;
      rest.remainder_input = parameters->rest_last;
      rest.tiles_output = parameters->rest_tiles;
      tw_accelerator_queue(&rest_pointers, &rest);
    }
    pointers.input += parameters->input_bytes;
    pointers.output += parameters->output_bytes;
  }
}
