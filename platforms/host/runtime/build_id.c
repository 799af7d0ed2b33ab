/* dl_iterate_phdr is no part of C99 or POSIX; musl and glibc have it. */
#define _GNU_SOURCE
#include "tilewright/build_id.h"

#include <link.h>
#include <stddef.h>

/* Called for the program first; a result other than 0 ends the iteration. */
static int find_in_program(struct dl_phdr_info *info, size_t size, void *result) {
  (void)size;
  for (ElfW(Half) i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    /* Notes of other alignment are of other kinds, and padded in another way. */
    if (segment->p_type != PT_NOTE || segment->p_align > 4) {
      continue;
    }
    const uint32_t *notes = (const uint32_t *)(info->dlpi_addr + segment->p_vaddr);
    const uint8_t *found = tw_build_id_in_notes(notes, (uint32_t)segment->p_memsz);
    if (found != NULL) {
      *(const uint8_t **)result = found;
      break;
    }
  }
  return 1;
}

const uint8_t *tw_build_id(void) {
  const uint8_t *found = NULL;
  (void)dl_iterate_phdr(find_in_program, &found);
  return found;
}
