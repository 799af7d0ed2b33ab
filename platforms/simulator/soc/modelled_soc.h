// What of a SoC's description the machine can model.
#ifndef PLATFORMS_SIMULATOR_SOC_MODELLED_SOC_H_
#define PLATFORMS_SIMULATOR_SOC_MODELLED_SOC_H_

#include "platforms/simulator/memory/external_memory.h"
#include "platforms/simulator/soc/soc_description.h"

namespace tilewright::simulator {

// The description itself. Throws SocError, which lists all figures beyond the machine's capacity.
const SocDescription &modelled(const SocDescription &description);

// The SoC's L2 banks, as the one memory that they are to everybody. Throws SocError if they do not
// follow each other.
ExternalMemory l2_memory(const SocDescription &description);

ExternalMemory weight_memory(const SocDescription &description);  // empty without one

}  // namespace tilewright::simulator

#endif  // PLATFORMS_SIMULATOR_SOC_MODELLED_SOC_H_
