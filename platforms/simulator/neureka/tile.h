// How a job is cut into tiles.
#ifndef PLATFORMS_SIMULATOR_NEUREKA_TILE_H_
#define PLATFORMS_SIMULATOR_NEUREKA_TILE_H_

#include "platforms/simulator/neureka/job.h"

namespace tilewright::simulator {

// One group of output channels at up to 6x6 output pixels: what the accumulators hold.
struct Tile {
  int output;  // index of the group of output channels
  int row;     // indices of the spatial tile
  int column;
  int channels;  // output channels of this tile
  int height;    // output pixels of this tile
  int width;

  // Rows and columns of the input that the tile sees, padding among them.
  int input_height(const Job &job) const { return height + job.kernel() - 1; }
  int input_width(const Job &job) const { return width + job.kernel() - 1; }
};

inline Tile make_tile(const Job &job, int output, int row, int column) {
  const auto size = [](int total, int tile, int index) {
    const int rest = total - index * tile;
    return rest < tile ? rest : tile;
  };
  return {output,
          row,
          column,
          size(job.output_channels, job.output_tile, output),
          size(job.height, job.spatial_tile, row),
          size(job.width, job.spatial_tile, column)};
}

// Where a block of weights lies: a plane of an output channel's 3x3 filters, or its 1x1 filters
// (plane 0), for a tile of input channels. `channel` is counted within the tile, and 0 if
// depthwise.
inline Address weight_address(const Job &job, const Tile &tile, int input_tile, int channel,
                              int plane) {
  const int filter = job.mode == ConvolutionMode::kDepthwise
                         ? tile.output
                         : (tile.output * job.output_tile + channel) * job.input_tiles + input_tile;
  return job.weights +
         static_cast<std::uint32_t>(filter * job.weight_planes() + plane) * kAccessBytes;
}

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_NEUREKA_TILE_H_
