/* Programs of networks for a cluster: tables that say, step by step, what workers compute and which
 * copies run beside them. The compiler writes them; tw_schedule_run follows them.
 *
 * In a step all workers make the same calls, each its share of the work, and meet at the end. The
 * control core starts the step's transfers and the accelerator's jobs when the step begins, and is
 * at the step's end only when the transfers that are due have arrived and all jobs are done.
 *
 * Tables are constants; a run copies them to L1, where cores read a word in a cycle, unless they
 * are there from the run before. What depends on a run is corrected in L1. */
#ifndef TILEWRIGHT_SCHEDULE_H_
#define TILEWRIGHT_SCHEDULE_H_

#include <stdint.h>

/* How many groups of transfers may be under way at a time. */
#define TW_SCHEDULE_SLOTS 15

typedef struct {
  /* Makes the call that `descriptor` describes. */
  void (*function)(const void *descriptor, uint32_t core, uint32_t cores);
  const void *descriptor;
} tw_schedule_call;

/* A copy between L1 and another memory: lines that are packed in L1. */
typedef struct {
  void *l1;
  void *external;
  uint32_t line_bytes;
  uint32_t stride; /* from line to line outside of L1 */
  uint16_t lines;
  uint8_t is_store;
  uint8_t slot; /* the group it belongs to; groups of a step begin in ascending order */
} tw_schedule_transfer;

typedef struct {
  uint16_t calls;
  uint16_t transfers;
  uint16_t jobs;
  uint16_t due; /* slots whose transfers must have arrived at the end, as bits */
} tw_schedule_step;

/* A tensor of the caller, whose address is added to words of the tables. */
typedef struct {
  uint32_t argument;
  uint32_t word_count;
  uintptr_t address; /* that is in the words; 0 at first */
} tw_schedule_relocation;

/* How many rows of states are in use in a run: the least multiple of `granule`, but at most
 * `maximum`, that is at least `offset` plus the argument, an int32_t, if that is positive. Tables
 * are written for `maximum`. */
typedef struct {
  uint32_t argument;
  uint32_t offset;
  uint32_t granule;
  uint32_t maximum;
  uint32_t patch_count; /* how many words of the tables depend on it */
  uint32_t missing;     /* rows that the words are less for; 0 at first */
} tw_schedule_extent;

/* A word of the tables that is greater by `growth` with every row. */
typedef struct {
  uint32_t *word;
  uint32_t growth;
} tw_schedule_patch;

typedef struct tw_schedule {
  const void *tables;
  void *l1_tables;
  uint32_t tables_bytes;
  const struct tw_schedule **loaded; /* whose tables are in L1, of those that share its memory */
  uint32_t step_count;
  uint32_t relocation_count;
  uint32_t extent_count;
  /* In L1, once the tables are there. */
  const tw_schedule_step *steps;
  const tw_schedule_call *calls;
  const tw_schedule_call *jobs; /* functions queue what follows the first part of a job; or null */
  const tw_schedule_transfer *transfers;
  const tw_schedule_patch *patches; /* of the first extent, then of the second, ... */
  tw_schedule_relocation *relocations;
  void **const *relocated; /* words of the first relocation, then of the second, ... */
  tw_schedule_extent *extents;
  /* Null if there are no jobs. They prepare the accelerator for a job, start what was prepared, and
   * wait until all jobs are done. */
  void (*prepare_job)(const void *descriptor);
  void (*start_job)(void);
  void (*finish_jobs)(void);
} tw_schedule;

/* For the fabric controller: runs a program on the cluster and returns when it is done.
 *
 * arguments: the caller's inputs, then outputs. */
void tw_schedule_run(const tw_schedule *schedule, void *const *arguments);

#endif /* TILEWRIGHT_SCHEDULE_H_ */
