// N-EUREKA's arithmetic, bit for bit.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_DATAPATH_H_
#define PLATFORMS_SIMULATOR_NEUREKA_DATAPATH_H_

#include <array>
#include <cstdint>

#include "platforms/simulator/memory/tcdm.h"
#include "platforms/simulator/neureka/job.h"
#include "platforms/simulator/neureka/tile.h"

namespace tilewright::simulator {

// Holds the input buffer and the accumulators of one tile. Memory is read and written in the calls
// that say so and at no other time, so that the order of the calls is what racing firmware sees.
//
// Weights and activations are unpacked to 16-bit integers; a product of up to 256 of them is a loop
// of constant length, which compilers turn into the host's 16-bit multiply-add instructions.
class Datapath {
 public:
  static constexpr int kMaximumPixels = 6;
  static constexpr int kMaximumChannels = 32;
  static constexpr int kAccessChannels = 8;  // 32-bit values per access

  Datapath(Tcdm *tcdm, const std::uint8_t *weight_memory)
      : tcdm_(tcdm), weight_memory_(weight_memory) {}

  // The job must stay where it is. `core` is for messages.
  void begin_job(const Job *job, CoreIndex core);
  // Sets the accumulators to zero.
  void begin_tile(const Tile &tile);

  // Address of 8 partial sums or outputs of a pixel: `group` 0 to 3, 0 for 8-bit outputs.
  Address output_address(int row, int column, int group) const;
  void read_partial_sums(int row, int column, int group);

  // A tile of input channels. Pixels are counted from the padded origin of the tile.
  void begin_input(int input_tile);
  // False: the pixel is padding, which is not read.
  bool reads_pixel(int row, int column) const;
  Address pixel_address(int row, int column) const;
  void read_pixel(int row, int column);
  // All pixels have been read.
  void end_input();

  // Reads the weights of an output channel (of all, if depthwise) and multiplies.
  void multiply(int channel);

  // Reads scale, bias and shifts, and computes the outputs from the accumulators. Throws Fault
  // kDevice if a value leaves the range of a 32-bit integer.
  void requantise();
  // Writes the outputs of a pixel.
  void write_output(int row, int column, int group);

  // Products that have been accumulated, without those with padding channels and masked taps.
  std::uint64_t multiply_accumulates() const { return multiply_accumulates_; }

 private:
  static constexpr int kBufferSize = kMaximumPixels + 2;  // with the halo of a 3x3 filter
  static constexpr int kTileBits = 256;                   // one access of weights

  const std::uint8_t *weight_bytes(int access) const;
  void unpack_3x3(int first_access);
  void unpack_1x1(int first_access);
  template <int kLength>
  void multiply_channel(int channel);
  void multiply_depthwise();
  void accumulate(int pixel, int channel, std::int32_t value);
  [[noreturn]] void overflow(int channel, const char *what, std::int64_t value) const;
  const std::uint8_t *l1(Address address) const {
    return tcdm_->data() + (address - tcdm_->base());
  }
  std::uint8_t *l1(Address address) { return tcdm_->data() + (address - tcdm_->base()); }

  Tcdm *tcdm_;
  const std::uint8_t *weight_memory_;
  const Job *job_ = nullptr;
  CoreIndex core_ = -1;
  Tile tile_{};
  int input_tile_ = 0;      // index
  int input_channels_ = 0;  // of this tile
  int taps_ = 0;            // of the filter that are not masked
  // Whether sums may leave 32 bits at all: if the job's size rules it out nothing is checked.
  bool may_overflow_ = false;
  std::uint64_t multiply_accumulates_ = 0;

  // [row][column][channel]
  alignas(16) std::int16_t buffer_[kBufferSize * kBufferSize * kMaximumChannels];
  // What each output pixel is multiplied with, in the order of the weights: [pixel][tap, channel].
  alignas(16) std::int16_t patches_[kMaximumPixels * kMaximumPixels][kTileBits];
  alignas(16) std::int16_t weights_[kTileBits];
  alignas(16) std::int32_t accumulators_[kMaximumPixels * kMaximumPixels][kMaximumChannels];
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_DATAPATH_H_
