// Scalars of the subset of YAML that yaml.h describes.
#ifndef PLATFORMS_SIMULATOR_SOC_YAML_SCALAR_H_
#define PLATFORMS_SIMULATOR_SOC_YAML_SCALAR_H_

#include <cstddef>
#include <string>

#include "platforms/simulator/soc/yaml.h"

namespace tilewright::simulator {

// Both return what is wrong with the text, or an empty string.

// Reads a string from its opening quote at `*at` to behind its closing one.
std::string read_quoted(const std::string &text, std::size_t *at, std::string *content);

// Reads a scalar without quotes: sets all of `value` but the line.
std::string read_plain(const std::string &text, YamlValue *value);

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_YAML_SCALAR_H_
