#include "platforms/simulator/neureka/job.h"

#include <cstdarg>
#include <cstdio>

#include "platforms/simulator/soc/fault.h"

namespace tilewright::simulator {
namespace {

enum Register {
  kWeights,
  kInput,
  kOutput,
  kScale,
  kShifts,
  kBias,
  kInputPixelStride,
  kInputRowStride,
  kInputPlaneStride,  // unused
  kOutputGroupStride,
  kOutputPixelStride,
  kOutputRowStride,
  kWeightBlockStride,
  kWeightChannelStride,
  kWeightPlaneStride,  // unused
  kChannelRemainders,
  kOutputRemainders,
  kInputRemainders,
  kChannelCounts,
  kOutputCounts,
  kPadding,
  kWeightOffset,
  kFilterMask,
  kConfiguration,
};

constexpr int kMaximumPadding = 2;

std::uint32_t field(std::uint32_t value, int high, int low) {
  return (value >> low) & ((2u << (high - low)) - 1u);
}

int high_half(std::uint32_t value) { return static_cast<int>(value >> 16); }
int low_half(std::uint32_t value) { return static_cast<int>(value & 0xffff); }

// Collects what is wrong.
class Problems {
 public:
  // printf style.
  __attribute__((format(printf, 2, 3))) void add(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_ += text_.empty() ? "" : "; ";
    text_ += text;
  }

  bool empty() const { return text_.empty(); }
  const std::string &text() const { return text_; }

 private:
  std::string text_;
};

// Counts tiles of one dimension: `count - 1` full ones and one of `last`. Returns the size, 0 if it
// makes no sense.
int dimension(const char *name, int count, int last, int tile, Problems *problems) {
  if (count == 0) {
    problems->add("the number of %s tiles is 0", name);
    return 0;
  }
  if (last < 1 || last > tile) {
    problems->add("the last %s tile is %d, not 1 to %d", name, last, tile);
    return 0;
  }
  return (count - 1) * tile + last;
}

void decode_configuration(std::uint32_t value, Job *job, Problems *problems) {
  static constexpr struct {
    int bit;
    const char *meaning;
  } kUnsupported[] = {
      {3, "16-bit activations (configuration bit 3)"},
      {7, "linear mode (configuration bit 7)"},
      {8, "the 2x2 stride (configuration bit 8), on which models and hardware disagree,"},
      {11, "rounding (configuration bit 11)"},
  };
  for (const auto &unsupported : kUnsupported) {
    if (field(value, unsupported.bit, unsupported.bit) != 0) {
      problems->add("%s is not supported", unsupported.meaning);
    }
  }
  if (field(value, 31, 27) != 0) {
    problems->add("reserved configuration bits 31 to 27 are set");
  }

  job->weight_bits = static_cast<int>(field(value, 2, 0)) + 1;
  if (job->weight_bits < 2) {
    problems->add("1-bit weights; 2 to 8 are supported");
  }
  job->requantise = field(value, 4, 4) != 0;
  const std::uint32_t mode = field(value, 6, 5);
  job->mode = mode == 0   ? ConvolutionMode::k3x3
              : mode == 1 ? ConvolutionMode::kDepthwise
                          : ConvolutionMode::k1x1;
  if (mode == 3) {
    problems->add("the reserved filter mode 3");
  }
  job->weights_in_weight_memory = field(value, 9, 9) != 0;
  job->prefetch = field(value, 10, 10) != 0;
  if (job->prefetch && job->mode == ConvolutionMode::kDepthwise) {
    problems->add("prefetch is not specified for depthwise jobs");
  }
  const std::uint32_t scale_mode = field(value, 13, 12);
  job->scale_bits = 8 << scale_mode;
  if (scale_mode == 3) {
    problems->add("the reserved scale width 3; 0, 1 and 2 are 8, 16 and 32 bits");
  }
  job->stream_in = field(value, 14, 14) != 0;
  job->shift = static_cast<int>(field(value, 20, 16));
  const std::uint32_t output_mode = field(value, 22, 21);
  job->output_bits = output_mode == 2 ? 32 : 8;
  if (output_mode != 0 && output_mode != 2) {
    problems->add("output width %u; 0 (8 bits) and 2 (32 bits) are supported", output_mode);
  }
  job->relu = field(value, 23, 23) == 0;
  job->load_shift = field(value, 24, 24) != 0;
  job->load_bias = field(value, 25, 25) != 0;
  job->signed_activations = field(value, 26, 26) != 0;
  if (job->output_bits == 8 && !job->requantise && output_mode == 0) {
    problems->add("8-bit outputs without requantisation (configuration bit 4)");
  }
  if (job->stream_in && job->output_bits == 8 && output_mode == 0) {
    problems->add("stream-in of 32-bit partial sums with 8-bit outputs");
  }
}

void decode_shape(const JobRegisters &r, const NeurekaDescription &description, Job *job,
                  Problems *problems) {
  const bool depthwise = job->mode == ConvolutionMode::kDepthwise;
  job->input_tile =
      job->kernel() == 3 ? description.input_channels_3x3 : description.input_channels_1x1;
  job->output_tile = depthwise ? job->input_tile : description.output_channels;
  job->spatial_tile = description.pixels;
  job->output_tiles = high_half(r[kChannelCounts]);
  job->input_tiles = low_half(r[kChannelCounts]);
  job->row_tiles = high_half(r[kOutputCounts]);
  job->column_tiles = low_half(r[kOutputCounts]);
  job->output_channels = dimension("output channel", job->output_tiles,
                                   high_half(r[kChannelRemainders]), job->output_tile, problems);
  job->input_channels = dimension("input channel", job->input_tiles,
                                  low_half(r[kChannelRemainders]), job->input_tile, problems);
  job->height = dimension("output row", job->row_tiles, high_half(r[kOutputRemainders]),
                          job->spatial_tile, problems);
  job->width = dimension("output column", job->column_tiles, low_half(r[kOutputRemainders]),
                         job->spatial_tile, problems);
  if (depthwise) {
    if (job->input_channels != job->output_channels) {
      problems->add("a depthwise job with %d input and %d output channels", job->input_channels,
                    job->output_channels);
    }
    job->input_tiles = 1;  // from here on: per tile of output channels
  }
}

// Padding, and the remainders of the input that have to fit it.
void decode_padding(const JobRegisters &r, Job *job, Problems *problems) {
  const std::uint32_t padding = r[kPadding];
  job->padding_top = static_cast<int>(field(padding, 31, 28));
  job->padding_right = static_cast<int>(field(padding, 27, 24));
  job->padding_bottom = static_cast<int>(field(padding, 23, 20));
  job->padding_left = static_cast<int>(field(padding, 19, 16));
  job->padding_value = static_cast<std::uint8_t>(field(padding, 7, 0));
  if (field(padding, 15, 8) != 0) {
    problems->add("the padding value %u has more than 8 bits", field(padding, 15, 0));
  }

  const struct {
    const char *size;
    const char *first;
    const char *last;
    int before;
    int after;
    int output;       // 0 if that is wrong already
    int last_output;  // of the last tile
    int last_input;   // in the register
    int tiles;
  } sides[] = {
      {"row", "top", "bottom", job->padding_top, job->padding_bottom, job->height,
       high_half(r[kOutputRemainders]), high_half(r[kInputRemainders]), job->row_tiles},
      {"column", "left", "right", job->padding_left, job->padding_right, job->width,
       low_half(r[kOutputRemainders]), low_half(r[kInputRemainders]), job->column_tiles},
  };
  for (const auto &side : sides) {
    if (job->kernel() == 1 && (side.before != 0 || side.after != 0)) {
      problems->add("%s or %s padding of a 1x1 job", side.first, side.last);
      continue;
    }
    if (side.before > kMaximumPadding || side.after > kMaximumPadding) {
      problems->add("%s and %s padding %d and %d; at most %d is supported", side.first, side.last,
                    side.before, side.after, kMaximumPadding);
      continue;
    }
    if (side.output == 0) {
      continue;
    }
    const int halo = job->kernel() - 1;
    const int expected = side.last_output + halo - side.after;
    if (side.last_input != expected) {
      problems->add("the last input %s tile is %d where output and padding make it %d", side.size,
                    side.last_input, expected);
    }
    if (side.output + halo - side.before - side.after < 1) {
      problems->add("padding leaves no input %s", side.size);
    } else if (side.tiles > 1 && side.after > side.last_output) {
      problems->add("%s padding %d reaches beyond the last tile, which has %d output %ss",
                    side.last, side.after, side.last_output, side.size);
    }
  }
  // The hardware fills what the remainders of the input leave out with zero, whatever the value.
  if (job->padding_value != 0 && (job->padding_bottom != 0 || job->padding_right != 0)) {
    problems->add("padding value %u with bottom or right padding, which is always 0",
                  job->padding_value);
  }
  job->filter_mask = r[kFilterMask];
  if (job->filter_mask > 0x1ff) {
    problems->add("filter mask 0x%x has more than 9 bits", job->filter_mask);
  } else if (job->filter_mask != 0 && job->kernel() == 1) {
    problems->add("a filter mask with a 1x1 job");
  }
}

// Whether `outer` groups of `inner` elements of some bytes do not overlap.
bool disjoint(int inner, std::uint64_t inner_stride, int outer, std::uint64_t outer_stride,
              std::uint64_t bytes) {
  const std::uint64_t group = static_cast<std::uint64_t>(inner - 1) * inner_stride + bytes;
  return (inner == 1 || inner_stride >= bytes) && (outer == 1 || outer_stride >= group);
}

void decode_strides(const JobRegisters &r, Job *job, Problems *problems) {
  job->input_pixel_stride = r[kInputPixelStride];
  job->input_row_stride = r[kInputRowStride];
  job->output_pixel_stride = r[kOutputPixelStride];
  job->output_row_stride = r[kOutputRowStride];
  if (r[kOutputGroupStride] != kAccessBytes) {
    problems->add("output stride d0 is %u, not %u", r[kOutputGroupStride], kAccessBytes);
  }
  if (r[kWeightBlockStride] != kAccessBytes) {
    problems->add("weight stride d0 is %u, not %u", r[kWeightBlockStride], kAccessBytes);
  }
  if (job->mode != ConvolutionMode::kDepthwise) {
    const std::uint32_t expected =
        kAccessBytes * static_cast<std::uint32_t>(job->weight_planes() * job->input_tiles);
    if (r[kWeightChannelStride] != expected) {
      problems->add("weight stride d1 is %u where bits and input channels make it %u",
                    r[kWeightChannelStride], expected);
    }
  }
  const auto bytes = static_cast<std::uint64_t>(job->output_channels * job->output_bits / 8);
  const std::uint64_t pixel = job->output_pixel_stride;
  const std::uint64_t row = job->output_row_stride;
  if (!disjoint(job->width, pixel, job->height, row, bytes) &&
      !disjoint(job->height, row, job->width, pixel, bytes)) {
    problems->add("output strides d1 %llu and d2 %llu make pixels of %llu bytes overlap",
                  static_cast<unsigned long long>(pixel), static_cast<unsigned long long>(row),
                  static_cast<unsigned long long>(bytes));
  }
}

// Checks that `bytes` from an address lie in L1.
void check_l1(const char *operand, Address address, std::uint64_t bytes,
              const JobMemories &memories, Problems *problems) {
  const std::uint32_t offset = address - memories.l1_base;
  if (offset >= memories.l1_size || bytes > memories.l1_size - offset) {
    problems->add("%s at 0x%08x, %llu bytes, is not in L1 (0x%08x, %u bytes)", operand, address,
                  static_cast<unsigned long long>(bytes), memories.l1_base, memories.l1_size);
  }
}

// Bytes from the first to the last one of rows of pixels.
std::uint64_t extent(int rows, std::uint32_t row_stride, int columns, std::uint32_t pixel_stride,
                     int pixel_bytes) {
  return static_cast<std::uint64_t>(rows - 1) * row_stride +
         static_cast<std::uint64_t>(columns - 1) * pixel_stride +
         static_cast<std::uint64_t>(pixel_bytes);
}

void check_operands(const Job &job, const JobMemories &memories, Problems *problems) {
  const int halo = job.kernel() - 1;
  const int input_rows = job.height + halo - job.padding_top - job.padding_bottom;
  const int input_columns = job.width + halo - job.padding_left - job.padding_right;
  const Address first_pixel = job.input +
                              static_cast<std::uint32_t>(job.padding_top) * job.input_row_stride +
                              static_cast<std::uint32_t>(job.padding_left) * job.input_pixel_stride;
  check_l1("the input", first_pixel,
           extent(input_rows, job.input_row_stride, input_columns, job.input_pixel_stride,
                  job.input_channels),
           memories, problems);
  check_l1("the output", job.output,
           extent(job.height, job.output_row_stride, job.width, job.output_pixel_stride,
                  job.output_channels * job.output_bits / 8),
           memories, problems);

  const int blocks =
      job.mode == ConvolutionMode::kDepthwise ? job.output_tiles : job.output_channels;
  const std::uint64_t weight_bytes = static_cast<std::uint64_t>(blocks) *
                                     static_cast<std::uint64_t>(job.input_tiles) *
                                     static_cast<std::uint64_t>(job.weight_planes()) * kAccessBytes;
  if (!job.weights_in_weight_memory) {
    check_l1("the weights", job.weights, weight_bytes, memories, problems);
  } else if (job.weights >= memories.weight_memory_size ||
             weight_bytes > memories.weight_memory_size - job.weights) {
    problems->add(
        "the weights at offset 0x%08x, %llu bytes, are not in the weight memory (%u bytes)",
        job.weights, static_cast<unsigned long long>(weight_bytes), memories.weight_memory_size);
  }
  if (job.requantise) {
    const auto channels = static_cast<std::uint64_t>(job.output_channels);
    check_l1("the scale", job.scale, channels * static_cast<std::uint64_t>(job.scale_bits / 8),
             memories, problems);
    if (job.load_bias) {
      check_l1("the bias", job.bias, channels * 4, memories, problems);
    }
    if (job.load_shift) {
      check_l1("the shifts", job.shifts, channels, memories, problems);
    }
  }
}

}  // namespace

std::string Job::description() const {
  const char *name = mode == ConvolutionMode::k3x3         ? "3x3"
                     : mode == ConvolutionMode::kDepthwise ? "3x3 depthwise"
                                                           : "1x1";
  char text[96];
  std::snprintf(text, sizeof text, "%s %d->%d %dx%d, %d-bit weights", name, input_channels,
                output_channels, height, width, weight_bits);
  return text;
}

Job decode_job(const JobRegisters &registers, const NeurekaDescription &description,
               const JobMemories &memories, CoreIndex core) {
  Job job{};
  Problems problems;
  job.weights = registers[kWeights];
  job.input = registers[kInput];
  job.output = registers[kOutput];
  job.scale = registers[kScale];
  job.shifts = registers[kShifts];
  job.bias = registers[kBias];
  decode_configuration(registers[kConfiguration], &job, &problems);
  decode_shape(registers, description, &job, &problems);
  decode_padding(registers, &job, &problems);
  const bool shape_known =
      job.input_channels > 0 && job.output_channels > 0 && job.height > 0 && job.width > 0;
  if (shape_known) {
    decode_strides(registers, &job, &problems);
  }
  // Weights are multiplied as 16-bit integers.
  job.weight_offset = static_cast<std::int32_t>(registers[kWeightOffset]);
  const std::int32_t largest_stored = (1 << job.weight_bits) - 1;
  if (job.weight_offset < INT16_MIN || job.weight_offset > INT16_MAX - largest_stored) {
    problems.add("weight offset %d; %d to %d is supported", job.weight_offset, INT16_MIN,
                 INT16_MAX - largest_stored);
  }
  const bool padding_known = job.padding_top + job.padding_bottom < job.height + job.kernel() - 1 &&
                             job.padding_left + job.padding_right < job.width + job.kernel() - 1;
  if (shape_known && padding_known) {
    check_operands(job, memories, &problems);
  }
  if (!problems.empty()) {
    throw Fault{FaultKind::kDevice, core, 0,
                "triggers an accelerator job that its specification excludes: " + problems.text()};
  }
  return job;
}

}  // namespace tilewright::simulator
