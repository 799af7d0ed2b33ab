/* The four functions that compilers call by themselves, for targets without a C library.
 *
 * -ffreestanding keeps these loops from being turned into calls of the functions they define. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

/* Words may alias objects of any type. */
typedef uint32_t __attribute__((may_alias)) word;

static int both_aligned(uintptr_t a, uintptr_t b) { return ((a | b) % sizeof(word)) == 0; }

void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  if (both_aligned((uintptr_t)to, (uintptr_t)from)) {
    for (; size >= sizeof(word); size -= sizeof(word)) {
      *(word *)(void *)to = *(const word *)(const void *)from;
      to += sizeof(word);
      from += sizeof(word);
    }
  }
  for (; size > 0; --size) {
    *to++ = *from++;
  }
  return destination;
}

void *memmove(void *destination, const void *source, size_t size) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  if ((uintptr_t)to - (uintptr_t)from >= size) { /* no byte is overwritten before it is read */
    return memcpy(destination, source, size);
  }
  for (; size > 0; --size) {
    to[size - 1] = from[size - 1];
  }
  return destination;
}

void *memset(void *destination, int value, size_t size) {
  uint8_t *to = destination;
  const uint8_t byte = (uint8_t)value;
  if (both_aligned((uintptr_t)to, 0)) {
    const word pattern = byte * UINT32_C(0x01010101);
    for (; size >= sizeof(word); size -= sizeof(word)) {
      *(word *)(void *)to = pattern;
      to += sizeof(word);
    }
  }
  for (; size > 0; --size) {
    *to++ = byte;
  }
  return destination;
}

int memcmp(const void *left, const void *right, size_t size) {
  const uint8_t *a = left;
  const uint8_t *b = right;
  for (; size > 0; --size, ++a, ++b) {
    if (*a != *b) {
      return *a - *b;
    }
  }
  return 0;
}
