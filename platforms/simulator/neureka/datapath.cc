#include "platforms/simulator/neureka/datapath.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "platforms/simulator/soc/fault.h"

namespace tilewright::simulator {
namespace {

constexpr int kTaps = 9;
constexpr int kChannels3x3 = 28;
constexpr int kChannels1x1 = 32;
constexpr int kSubgroupChannels = 4;  // of 1x1 weights: 8 planes of 4 bits

// Each bit of a byte as a byte of its own, the first one first in memory. Planes of weights are
// shifted and added up in this form, eight weights at a time.
constexpr std::array<std::array<std::uint8_t, 8>, 256> make_spread_bits() {
  std::array<std::array<std::uint8_t, 8>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      table[byte][bit] = static_cast<std::uint8_t>((byte >> bit) & 1);
    }
  }
  return table;
}

// Two planes of four weights as four bytes of two bits.
constexpr std::array<std::array<std::uint8_t, 4>, 256> make_spread_planes() {
  std::array<std::array<std::uint8_t, 4>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned channel = 0; channel < 4; ++channel) {
      table[byte][channel] =
          static_cast<std::uint8_t>(((byte >> channel) & 1) | (((byte >> (channel + 4)) & 1) << 1));
    }
  }
  return table;
}

constexpr auto kSpreadBits = make_spread_bits();
constexpr auto kSpreadPlanes = make_spread_planes();

template <typename Word, typename Table>
Word spread(const Table &table, std::uint8_t byte) {
  static_assert(sizeof(Word) == sizeof(table[0]));
  Word word;
  std::memcpy(&word, table[byte].data(), sizeof word);
  return word;
}

template <typename Value>
Value read_value(const std::uint8_t *bytes) {
  Value value = 0;
  for (unsigned i = 0; i < sizeof(Value); ++i) {
    value = static_cast<Value>(value | static_cast<Value>(bytes[i]) << (8 * i));
  }
  return value;
}

template <int kLength>
std::int32_t dot_product(const std::int16_t *a, const std::int16_t *b) {
  std::int32_t sum = 0;
  for (int i = 0; i < kLength; ++i) {
    sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  }
  return sum;
}

bool fits_32_bits(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

void Datapath::begin_job(const Job *job, CoreIndex core) {
  job_ = job;
  core_ = core;
  taps_ = job->kernel() == 1 ? 1 : kTaps - __builtin_popcount(job->filter_mask);
  const std::int64_t largest_activation = job->signed_activations ? 128 : 255;
  const std::int64_t largest_weight = std::max<std::int64_t>(
      std::abs(job->weight_offset), std::abs(job->weight_offset + (1 << job->weight_bits) - 1));
  const std::int64_t channels = job->mode == ConvolutionMode::kDepthwise ? 1 : job->input_channels;
  const std::int64_t bound = channels * taps_ * largest_activation * largest_weight;
  may_overflow_ = job->stream_in || bound > std::numeric_limits<std::int32_t>::max();
}

void Datapath::begin_tile(const Tile &tile) {
  tile_ = tile;
  std::fill_n(accumulators_[0], tile.height * tile.width * kMaximumChannels, 0);
}

Address Datapath::output_address(int row, int column, int group) const {
  const auto y = static_cast<std::uint32_t>(tile_.row * job_->spatial_tile + row);
  const auto x = static_cast<std::uint32_t>(tile_.column * job_->spatial_tile + column);
  const auto channel =
      static_cast<std::uint32_t>(tile_.output * job_->output_tile + group * kAccessChannels);
  return job_->output + y * job_->output_row_stride + x * job_->output_pixel_stride +
         channel * static_cast<std::uint32_t>(job_->output_bits / 8);
}

void Datapath::read_partial_sums(int row, int column, int group) {
  const std::uint8_t *bytes = l1(output_address(row, column, group));
  std::int32_t *sums = accumulators_[row * tile_.width + column];
  const int first = group * kAccessChannels;
  const int last = std::min(first + kAccessChannels, tile_.channels);
  for (int channel = first; channel < last; ++channel, bytes += 4) {
    sums[channel] = static_cast<std::int32_t>(read_value<std::uint32_t>(bytes));
  }
}

void Datapath::begin_input(int input_tile) {
  input_tile_ = input_tile;
  if (job_->mode == ConvolutionMode::kDepthwise) {
    input_channels_ = tile_.channels;
  } else {
    input_channels_ =
        std::min(job_->input_tile, job_->input_channels - input_tile * job_->input_tile);
  }
  // What is not read is padding; channels that do not exist are zero.
  const auto value = static_cast<std::int16_t>(
      job_->signed_activations ? static_cast<std::int8_t>(job_->padding_value)
                               : static_cast<std::int16_t>(job_->padding_value));
  const int rows = tile_.input_height(*job_);
  const int columns = tile_.input_width(*job_);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      if (!reads_pixel(row, column)) {
        std::int16_t *pixel = buffer_ + (row * kBufferSize + column) * kMaximumChannels;
        std::fill_n(pixel, input_channels_, value);
        std::fill_n(pixel + input_channels_, kMaximumChannels - input_channels_, std::int16_t{0});
      }
    }
  }
}

bool Datapath::reads_pixel(int row, int column) const {
  const int y = tile_.row * job_->spatial_tile + row;
  const int x = tile_.column * job_->spatial_tile + column;
  const int halo = job_->kernel() - 1;
  return y >= job_->padding_top && y < job_->height + halo - job_->padding_bottom &&
         x >= job_->padding_left && x < job_->width + halo - job_->padding_right;
}

Address Datapath::pixel_address(int row, int column) const {
  const auto y = static_cast<std::uint32_t>(tile_.row * job_->spatial_tile + row);
  const auto x = static_cast<std::uint32_t>(tile_.column * job_->spatial_tile + column);
  const int group = job_->mode == ConvolutionMode::kDepthwise ? tile_.output : input_tile_;
  return job_->input + y * job_->input_row_stride + x * job_->input_pixel_stride +
         static_cast<std::uint32_t>(group * job_->input_tile);
}

void Datapath::read_pixel(int row, int column) {
  // Through a copy, so that the loops below are of constant length.
  std::uint8_t bytes[kMaximumChannels] = {};
  std::memcpy(bytes, l1(pixel_address(row, column)), static_cast<std::size_t>(input_channels_));
  std::int16_t *pixel = buffer_ + (row * kBufferSize + column) * kMaximumChannels;
  if (job_->signed_activations) {
    for (int channel = 0; channel < kMaximumChannels; ++channel) {
      pixel[channel] = static_cast<std::int8_t>(bytes[channel]);
    }
  } else {
    for (int channel = 0; channel < kMaximumChannels; ++channel) {
      pixel[channel] = bytes[channel];
    }
  }
}

void Datapath::end_input() {
  if (job_->mode == ConvolutionMode::kDepthwise) {
    return;  // reads the buffer
  }
  for (int row = 0; row < tile_.height; ++row) {
    for (int column = 0; column < tile_.width; ++column) {
      std::int16_t *patch = patches_[row * tile_.width + column];
      const std::int16_t *corner = buffer_ + (row * kBufferSize + column) * kMaximumChannels;
      if (job_->mode == ConvolutionMode::k1x1) {
        std::memcpy(patch, corner, kChannels1x1 * sizeof *patch);
        continue;
      }
      for (int tap = 0; tap < kTaps; ++tap) {
        std::int16_t *target = patch + tap * kChannels3x3;
        if ((job_->filter_mask >> tap & 1) != 0) {
          std::memset(target, 0, kChannels3x3 * sizeof *target);
        } else {
          const int offset = (tap / 3 * kBufferSize + tap % 3) * kMaximumChannels;
          std::memcpy(target, corner + offset, kChannels3x3 * sizeof *target);
        }
      }
      std::memset(patch + kTaps * kChannels3x3, 0,
                  (kTileBits - kTaps * kChannels3x3) * sizeof *patch);
    }
  }
}

const std::uint8_t *Datapath::weight_bytes(int access) const {
  const Address address = weight_address(*job_, tile_, input_tile_, access);
  return job_->weights_in_weight_memory ? weight_memory_ + address : l1(address);
}

void Datapath::unpack_3x3(int first_access) {
  std::uint64_t values[kTileBits / 8] = {};
  // The planes of a filter are neighbours.
  const std::uint8_t *planes = weight_bytes(first_access);
  for (int bit = 0; bit < job_->weight_bits; ++bit) {
    const std::uint8_t *plane = planes + static_cast<std::uint32_t>(bit) * kAccessBytes;
    for (std::uint32_t i = 0; i < kAccessBytes; ++i) {
      values[i] |= spread<std::uint64_t>(kSpreadBits, plane[i]) << bit;
    }
  }
  std::uint8_t bytes[kTileBits];
  std::memcpy(bytes, values, sizeof bytes);
  const auto offset = static_cast<std::int16_t>(job_->weight_offset);
  for (int i = 0; i < kTileBits; ++i) {
    weights_[i] = static_cast<std::int16_t>(bytes[i] + offset);
  }
}

void Datapath::unpack_1x1(int first_access) {
  const std::uint8_t *block = weight_bytes(first_access);
  const unsigned mask = (1u << job_->weight_bits) - 1;  // planes above are not computed with
  std::uint8_t bytes[kChannels1x1];
  for (int subgroup = 0; subgroup < kChannels1x1 / kSubgroupChannels; ++subgroup) {
    std::uint32_t values = 0;
    for (int pair = 0; pair < 4; ++pair) {
      values |= spread<std::uint32_t>(kSpreadPlanes, block[subgroup * 4 + pair]) << (2 * pair);
    }
    values &= mask * 0x01010101u;
    std::memcpy(bytes + subgroup * kSubgroupChannels, &values, sizeof values);
  }
  const auto offset = static_cast<std::int16_t>(job_->weight_offset);
  for (int i = 0; i < kChannels1x1; ++i) {
    weights_[i] = static_cast<std::int16_t>(bytes[i] + offset);
  }
}

void Datapath::accumulate(int pixel, int channel, std::int32_t value) {
  const std::int64_t sum = static_cast<std::int64_t>(accumulators_[pixel][channel]) + value;
  if (!fits_32_bits(sum)) {
    overflow(channel, "the accumulator", sum);
  }
  accumulators_[pixel][channel] = static_cast<std::int32_t>(sum);
}

template <int kLength>
void Datapath::multiply_channel(int channel) {
  const int pixels = tile_.height * tile_.width;
  if (may_overflow_) {
    for (int pixel = 0; pixel < pixels; ++pixel) {
      accumulate(pixel, channel, dot_product<kLength>(patches_[pixel], weights_));
    }
  } else {
    for (int pixel = 0; pixel < pixels; ++pixel) {
      accumulators_[pixel][channel] += dot_product<kLength>(patches_[pixel], weights_);
    }
  }
}

void Datapath::multiply_depthwise() {
  for (int row = 0; row < tile_.height; ++row) {
    for (int column = 0; column < tile_.width; ++column) {
      // Channels beyond the 28 meet the next tap's weights and are left out below.
      std::int32_t sums[kMaximumChannels] = {};
      for (int tap = 0; tap < kTaps; ++tap) {
        if ((job_->filter_mask >> tap & 1) != 0) {
          continue;
        }
        const std::int16_t *pixel =
            buffer_ + ((row + tap / 3) * kBufferSize + column + tap % 3) * kMaximumChannels;
        const std::int16_t *weights = weights_ + tap * kChannels3x3;
        for (int channel = 0; channel < kMaximumChannels; ++channel) {
          sums[channel] += static_cast<std::int32_t>(pixel[channel]) *
                           static_cast<std::int32_t>(weights[channel]);
        }
      }
      const int pixel = row * tile_.width + column;
      if (may_overflow_) {
        for (int channel = 0; channel < tile_.channels; ++channel) {
          accumulate(pixel, channel, sums[channel]);
        }
      } else {
        std::memcpy(accumulators_[pixel], sums, kChannels3x3 * sizeof sums[0]);
      }
    }
  }
}

void Datapath::multiply(int channel) {
  const auto products = static_cast<std::uint64_t>(tile_.height * tile_.width * taps_);
  switch (job_->mode) {
    case ConvolutionMode::k3x3:
      unpack_3x3(channel * job_->weight_bits);
      multiply_channel<kTileBits>(channel);
      multiply_accumulates_ += products * static_cast<std::uint64_t>(input_channels_);
      break;
    case ConvolutionMode::k1x1:
      unpack_1x1(channel);
      multiply_channel<kChannels1x1>(channel);
      multiply_accumulates_ += products * static_cast<std::uint64_t>(input_channels_);
      break;
    case ConvolutionMode::kDepthwise:
      unpack_3x3(0);
      multiply_depthwise();
      multiply_accumulates_ += products * static_cast<std::uint64_t>(tile_.channels);
      break;
  }
}

void Datapath::requantise() {
  if (!job_->requantise) {
    return;
  }
  const std::int64_t low = job_->relu               ? 0
                           : job_->output_bits == 8 ? -128
                                                    : std::numeric_limits<std::int32_t>::min();
  const std::int64_t high = job_->output_bits == 32 ? std::numeric_limits<std::int32_t>::max()
                            : job_->relu            ? 255
                                                    : 127;
  const int pixels = tile_.height * tile_.width;
  const int scale_bytes = job_->scale_bits / 8;
  for (int channel = 0; channel < tile_.channels; ++channel) {
    const auto index = static_cast<std::uint32_t>(tile_.output * job_->output_tile + channel);
    const std::uint8_t *at = l1(job_->scale + index * static_cast<std::uint32_t>(scale_bytes));
    const std::int64_t scale = scale_bytes == 1   ? *at
                               : scale_bytes == 2 ? read_value<std::uint16_t>(at)
                                                  : read_value<std::uint32_t>(at);
    const std::int64_t bias =
        job_->load_bias
            ? static_cast<std::int32_t>(read_value<std::uint32_t>(l1(job_->bias + index * 4)))
            : 0;
    const int shift = job_->load_shift ? *l1(job_->shifts + index) : job_->shift;
    if (shift > 31) {
      overflow(channel, "the loaded shift (0 to 31 is supported)", shift);
    }
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const std::int64_t product = accumulators_[pixel][channel] * scale;
      const std::int64_t sum = product + bias;
      if (!fits_32_bits(product)) {
        overflow(channel, "accumulator * scale", product);
      }
      if (!fits_32_bits(sum)) {
        overflow(channel, "accumulator * scale + bias", sum);
      }
      accumulators_[pixel][channel] =
          static_cast<std::int32_t>(std::min(high, std::max(low, sum >> shift)));
    }
  }
}

void Datapath::write_output(int row, int column, int group) {
  std::uint8_t *bytes = l1(output_address(row, column, group));
  const std::int32_t *values = accumulators_[row * tile_.width + column];
  if (job_->output_bits == 8) {
    std::uint8_t octets[kMaximumChannels];
    for (int channel = 0; channel < kMaximumChannels; ++channel) {
      octets[channel] = static_cast<std::uint8_t>(values[channel]);
    }
    std::memcpy(bytes, octets, static_cast<std::size_t>(tile_.channels));
    return;
  }
  const int first = group * kAccessChannels;
  const int last = std::min(first + kAccessChannels, tile_.channels);
  for (int channel = first; channel < last; ++channel, bytes += 4) {
    const auto value = static_cast<std::uint32_t>(values[channel]);
    for (int i = 0; i < 4; ++i) {
      bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
  }
}

void Datapath::overflow(int channel, const char *what, std::int64_t value) const {
  throw Fault{FaultKind::kDevice, core_, 0,
              "accelerator job " + job_->description() + ": " + what + " of output channel " +
                  std::to_string(tile_.output * job_->output_tile + channel) + " is " +
                  std::to_string(value) +
                  (fits_32_bits(value) ? "" : ", which leaves the range of 32-bit integers")};
}

}  // namespace tilewright::simulator
