/* Jobs of N-EUREKA. While one runs, the next one is configured. */
#include "tilewright/accelerated_conv.h"

#include <stddef.h>

#include "tilewright/accelerator.h"
#include "tilewright/placement.h"

_Static_assert(sizeof(tw_accelerator_geometry) ==
                   offsetof(tw_accelerated_conv_parameters, rest_input) -
                       offsetof(tw_accelerated_conv_parameters, input_pixel_stride),
               "parameters have the registers in their order");

static inline const tw_accelerator_geometry *geometry_of(
    const tw_accelerated_conv_parameters *parameters) {
  return (const tw_accelerator_geometry *)&parameters->input_pixel_stride;
}

static inline tw_accelerator_pointers pointers_of(const tw_accelerated_conv_parameters *parameters,
                                                  const uint8_t *input, const uint8_t *weights,
                                                  const void *scale, const int32_t *bias,
                                                  uint8_t *output) {
  const tw_accelerator_pointers pointers = {
      .weights = weights,
      .input = input + parameters->input_offset,
      .output = output,
      .scale = scale,
      .bias = bias,
  };
  return pointers;
}

void tw_accelerated_conv(const tw_accelerated_conv_parameters *parameters, const uint8_t *input,
                         const uint8_t *weights, const void *scale, const int32_t *bias,
                         uint8_t *output, uint32_t core, uint32_t cores) {
  if (core == 0) {
    tw_accelerated_conv_prepare(parameters, input, weights, scale, bias, output);
    tw_accelerated_conv_start();
    tw_accelerated_conv_continue(parameters, input, weights, scale, bias, output, core, cores);
    tw_accelerated_conv_finish();
  }
}

TW_CALLED_OFTEN void tw_accelerated_conv_prepare(const tw_accelerated_conv_parameters *parameters,
                                                 const uint8_t *input, const uint8_t *weights,
                                                 const void *scale, const int32_t *bias,
                                                 uint8_t *output) {
  const tw_accelerator_pointers pointers =
      pointers_of(parameters, input, weights, scale, bias, output);
  tw_accelerator_prepare(&pointers, geometry_of(parameters));
}

TW_CALLED_OFTEN void tw_accelerated_conv_start(void) { tw_accelerator_trigger(); }

void tw_accelerated_conv_continue(const tw_accelerated_conv_parameters *parameters,
                                  const uint8_t *input, const uint8_t *weights, const void *scale,
                                  const int32_t *bias, uint8_t *output, uint32_t core,
                                  uint32_t cores) {
  (void)cores;
  if (core != 0) {
    return;
  }
  const tw_accelerator_geometry *const geometry = geometry_of(parameters);
  tw_accelerator_pointers pointers = pointers_of(parameters, input, weights, scale, bias, output);
  for (uint32_t image = 0; image < parameters->images; ++image) {
    if (image != 0) {
      pointers.input += parameters->input_bytes;
      pointers.output += parameters->output_bytes;
      tw_accelerator_queue(&pointers, geometry);
    }
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
  }
}

TW_CALLED_OFTEN void tw_accelerated_conv_finish(void) { tw_accelerator_wait(); }
