/* Copies on CORE-V cores: words, four at a time. */
#include "tilewright/copy.h"

#include "tilewright/bytes.h"
#include "tilewright/parallel.h"

void tw_copy(const tw_copy_parameters *parameters, const void *input, void *output, uint32_t core,
             uint32_t cores) {
  /* Shares begin at whole words. */
  const uint32_t words = (parameters->bytes + 3) / 4;
  const tw_range share = tw_share(words, core, cores);
  if (share.begin == share.end) {
    return;
  }
  const uint32_t begin = 4 * share.begin;
  const uint32_t end = 4 * share.end < parameters->bytes ? 4 * share.end : parameters->bytes;
  tw_copy_rows((int8_t *)output + begin, (const int8_t *)input + begin, end - begin, 1, 0);
}
