// Numbers in messages.
#ifndef PLATFORMS_SIMULATOR_SOC_HEXADECIMAL_H_
#define PLATFORMS_SIMULATOR_SOC_HEXADECIMAL_H_

#include <cstdint>
#include <string>

namespace tilewright::simulator {

// "0x1c010000": at least `digits` digits.
inline std::string hexadecimal(std::uint32_t value, int digits = 1) {
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) {
    const std::uint32_t digit = value >> shift & 15u;
    if (digit != 0 || !text.empty() || shift / 4 < digits) {
      text += "0123456789abcdef"[digit];
    }
  }
  return "0x" + text;
}

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_HEXADECIMAL_H_
