// What cores are called in messages.
#ifndef PLATFORMS_SIMULATOR_SOC_CORE_NAME_H_
#define PLATFORMS_SIMULATOR_SOC_CORE_NAME_H_

#include <string>

#include "platforms/simulator/soc/soc_description.h"
#include "platforms/simulator/soc/types.h"

namespace tilewright::simulator {

class CoreNames {
 public:
  explicit CoreNames(const SocDescription &description)
      : workers_(description.workers), cluster_cores_(description.cluster_cores()) {}

  // "core 3", "control core", "fabric controller".
  std::string operator()(CoreIndex core) const {
    if (core >= cluster_cores_) {
      return "fabric controller";
    }
    return core >= workers_ ? "control core" : "core " + std::to_string(core);
  }
  // "cores 0, 3": those of a mask; "no core" for an empty one.
  std::string of_mask(std::uint32_t mask) const {
    std::string text;
    for (CoreIndex core = 0; core < 32; ++core) {
      if ((mask >> core & 1u) != 0) {
        text += (text.empty() ? "" : ", ") + std::to_string(core);
      }
    }
    return text.empty() ? "no core" : (text.size() > 2 ? "cores " : "core ") + text;
  }

 private:
  int workers_;
  int cluster_cores_;
};

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_CORE_NAME_H_
