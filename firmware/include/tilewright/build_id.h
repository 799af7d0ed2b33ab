/* Which program this is: an identifier that its linker derives from all that it writes. Equal
 * sources, models and tools give an equal identifier on any machine, and other bytes another one.
 * The models' digests are in the networks' descriptors (tilewright/network.h). */
#ifndef TILEWRIGHT_BUILD_ID_H_
#define TILEWRIGHT_BUILD_ID_H_

#include <stdint.h>

#define TW_BUILD_ID_BYTES 20

/* TW_BUILD_ID_BYTES bytes; NULL if the program was linked without --build-id=sha1, or by a linker
 * script that keeps no section .note.gnu.build-id (docs/adding_a_soc.md). */
const uint8_t *tw_build_id(void);

/* The same of notes in the form of ELF files, `size` bytes of them. What tw_build_id is made of
 * where the loader knows where the notes are. */
const uint8_t *tw_build_id_in_notes(const uint32_t *notes, uint32_t size);

#endif /* TILEWRIGHT_BUILD_ID_H_ */
