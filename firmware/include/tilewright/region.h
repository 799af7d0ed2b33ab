/* Named stretches of a program's run, for profiles: the simulator reports cycles and stalls of
 * each.
 *
 * A marker is an instruction without effect, which costs one cycle; on machines that do not know it
 * nothing happens. Regions of a core nest. */
#ifndef TILEWRIGHT_REGION_H_
#define TILEWRIGHT_REGION_H_

/* Begins a region of the core that calls; `name` is a string that lives as long as the program. */
static inline void tw_region_begin(const char *name) {
#ifdef __riscv
  /* Writes to x0 are hints of the RISC-V architecture. */
  __asm__ volatile("slti zero, %0, 1" : : "r"(name) : "memory");
#else
  (void)name;
#endif
}

/* Ends the region that was begun last. */
static inline void tw_region_end(void) {
#ifdef __riscv
  __asm__ volatile("slti zero, zero, 2" : : : "memory");
#endif
}

#endif /* TILEWRIGHT_REGION_H_ */
