// What the 24 job registers of N-EUREKA mean.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_JOB_H_
#define PLATFORMS_SIMULATOR_NEUREKA_JOB_H_

#include <array>
#include <cstdint>
#include <string>

#include "platforms/simulator/soc/soc_description.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

inline constexpr int kJobRegisters = 24;
// What one access moves, and one block of weights.
inline constexpr std::uint32_t kAccessBytes = 32;
using JobRegisters = std::array<std::uint32_t, kJobRegisters>;

// What a job may touch: L1, and as weights also the weight memory, which it addresses by offset.
struct JobMemories {
  Address l1_base;
  std::uint32_t l1_size;
  std::uint32_t weight_memory_size;
};

enum class ConvolutionMode { k3x3, kDepthwise, k1x1 };

// A job whose configuration has been checked: all operands lie in memory, counts and remainders fit
// each other. Shapes count pixels and channels; strides are bytes.
struct Job {
  ConvolutionMode mode;
  int weight_bits;  // 2 to 8
  bool prefetch;
  bool weights_in_weight_memory;
  bool signed_activations;
  bool stream_in;  // accumulators start from what lies at the output

  bool requantise;  // otherwise the accumulators are the output
  bool relu;
  bool load_bias;
  bool load_shift;  // one byte per channel instead of `shift`
  int scale_bits;   // 8, 16 or 32
  int shift;
  int output_bits;  // 8 or 32

  int input_channels;
  int output_channels;
  int height;  // of the output
  int width;
  int input_tile;   // channels per tile
  int output_tile;  // channels per tile
  int spatial_tile;
  int input_tiles;  // 1 if depthwise
  int output_tiles;
  int row_tiles;
  int column_tiles;

  int padding_top;
  int padding_right;
  int padding_bottom;
  int padding_left;
  std::uint8_t padding_value;
  std::int32_t weight_offset;
  std::uint32_t filter_mask;  // bit 3 * row + column: this tap counts as zero

  Address weights;  // offset in the weight memory if they lie there
  Address input;    // of the padded origin: may lie outside of memory
  Address output;
  Address scale;
  Address shifts;
  Address bias;
  std::uint32_t input_pixel_stride;
  std::uint32_t input_row_stride;
  std::uint32_t output_pixel_stride;
  std::uint32_t output_row_stride;

  int kernel() const { return mode == ConvolutionMode::k1x1 ? 1 : 3; }
  // Accesses for the weights of an output channel and a tile of input channels.
  int weight_planes() const { return mode == ConvolutionMode::k1x1 ? 1 : weight_bits; }
  // "3x3 64->32 6x6, 8-bit weights".
  std::string description() const;
};

// Decodes and checks a job. Throws Fault kDevice, which lists everything that is wrong with it.
Job decode_job(const JobRegisters &registers, const NeurekaDescription &description,
               const JobMemories &memories, CoreIndex core);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_JOB_H_
