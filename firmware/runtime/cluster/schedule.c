#include "tilewright/schedule.h"

#include <stddef.h>

#include "tilewright/cluster.h"
#include "tilewright/dma.h"
#include "tilewright/placement.h"

typedef struct {
  const tw_schedule *schedule;
  void *const *arguments;
} run;

TW_CALLED_OFTEN static void work(void *argument, uint32_t core, uint32_t cores) {
  const tw_schedule *const schedule = argument;
  const tw_schedule_call *call = schedule->calls;
  const tw_schedule_step *step = schedule->steps;
  const tw_schedule_step *const end = step + schedule->step_count;
  for (; step != end; ++step) {
    for (uint32_t i = 0; i < step->calls; ++i, ++call) {
      call->function(call->descriptor, core, cores);
    }
    tw_cluster_join();
  }
}

/* Results leave once a run; inputs, weights and states come all the time. */
TW_CALLED_RARELY static void start_store(const tw_schedule_transfer *transfer,
                                         tw_dma_counter counter) {
  if (transfer->lines == 1) {
    tw_dma_store(counter, transfer->l1, transfer->external, transfer->line_bytes);
  } else {
    tw_dma_store_2d(counter, transfer->l1, transfer->external, transfer->line_bytes,
                    transfer->lines, transfer->stride);
  }
}

TW_CALLED_OFTEN static void start_transfers(const tw_schedule_transfer *transfer, uint32_t count,
                                            tw_dma_counter *counters) {
  uint32_t slot = TW_SCHEDULE_SLOTS;
  for (uint32_t i = 0; i < count; ++i, ++transfer) {
    if (transfer->slot != slot) {
      slot = transfer->slot;
      counters[slot] = tw_dma_allocate();
    }
    const tw_dma_counter counter = counters[slot];
    if (transfer->is_store) {
      start_store(transfer, counter);
    } else if (transfer->lines == 1) {
      tw_dma_load(counter, transfer->l1, transfer->external, transfer->line_bytes);
    } else {
      tw_dma_load_2d(counter, transfer->l1, transfer->external, transfer->line_bytes,
                     transfer->lines, transfer->stride);
    }
  }
}

/* Puts the callers' addresses into the tables, in place of those of the last run. */
static void relocate(const tw_schedule *schedule, void *const *arguments) {
  void **const *word = schedule->relocated;
  for (uint32_t i = 0; i < schedule->relocation_count; ++i) {
    tw_schedule_relocation *const relocation = &schedule->relocations[i];
    const uintptr_t address = (uintptr_t)arguments[relocation->argument];
    const uintptr_t growth = address - relocation->address;
    void **const *const end = word + relocation->word_count;
    if (growth == 0) {
      word = end;
      continue;
    }
    relocation->address = address;
    for (; word != end; ++word) {
      **word = (void *)((uintptr_t)**word + growth);
    }
  }
}

/* Rows in use; see tw_schedule_extent. */
static uint32_t rows_of(const tw_schedule_extent *extent, int32_t argument) {
  const uint32_t most = extent->maximum - extent->offset;
  const uint32_t value = argument < 0 ? 0 : (uint32_t)argument;
  if (value >= most) {
    return extent->maximum;
  }
  const uint32_t rows = value + extent->offset + extent->granule - 1;
  const uint32_t rounded = rows - rows % extent->granule;
  return rounded < extent->maximum ? rounded : extent->maximum;
}

/* Makes the tables, which are for the most rows when they come, right for the rows in use. */
static void apply_extents(const tw_schedule *schedule, void *const *arguments) {
  const tw_schedule_patch *patch = schedule->patches;
  for (uint32_t i = 0; i < schedule->extent_count; ++i) {
    tw_schedule_extent *const extent = &schedule->extents[i];
    const int32_t argument = *(const int32_t *)arguments[extent->argument];
    const uint32_t missing = extent->maximum - rows_of(extent, argument);
    const uint32_t further = missing - extent->missing;
    const tw_schedule_patch *const end = patch + extent->patch_count;
    if (further == 0) {
      patch = end;
      continue;
    }
    extent->missing = missing;
    for (; patch != end; ++patch) {
      *patch->word -= further * patch->growth;
    }
  }
}

/* Brings the tables to L1, if they are not there, and completes them. */
TW_CALLED_RARELY static void load_tables(const run *this_run) {
  const tw_schedule *const schedule = this_run->schedule;
  if (*schedule->loaded != schedule) {
    const tw_dma_counter tables = tw_dma_allocate();
    tw_dma_load(tables, schedule->l1_tables, schedule->tables, schedule->tables_bytes);
    tw_dma_wait(tables);
    tw_dma_free(tables);
    *schedule->loaded = schedule;
  }
  relocate(schedule, this_run->arguments);
  apply_extents(schedule, this_run->arguments);
}

TW_CALLED_OFTEN __attribute__((noinline)) static void wait_for(uint32_t slots,
                                                               const tw_dma_counter *counters) {
  for (uint32_t slot = 0; slots != 0; slots >>= 1, ++slot) {
    if ((slots & 1) != 0) {
      tw_dma_wait(counters[slot]);
      tw_dma_free(counters[slot]);
    }
  }
}

/* Starts the first part of a job, which is prepared, and queues the rest. */
TW_CALLED_OFTEN __attribute__((noinline)) static void start_job(void (*start)(void),
                                                                const tw_schedule_call *job) {
  start();
  if (job->function != NULL) {
    job->function(job->descriptor, 0, 1);
  }
}

/* Starts copies and jobs and waits for them, step by step. The first job of a step is prepared
 * while the step before it runs. The schedule itself is in L2: what each job needs of it is loaded
 * once. */
TW_CALLED_OFTEN __attribute__((noinline)) static void conduct(const tw_schedule *schedule) {
  tw_dma_counter counters[TW_SCHEDULE_SLOTS];
  void (*const prepare)(const void *) = schedule->prepare_job;
  void (*const start)(void) = schedule->start_job;
  void (*const finish)(void) = schedule->finish_jobs;
  const tw_schedule_transfer *transfer = schedule->transfers;
  const tw_schedule_call *job = schedule->jobs;
  const tw_schedule_step *step = schedule->steps;
  const tw_schedule_step *const end = step + schedule->step_count;
  if (step->jobs != 0) {
    prepare(job->descriptor);
  }
  do {
    uint32_t jobs = step->jobs;
    if (jobs != 0) {
      start_job(start, job++);
    }
    start_transfers(transfer, step->transfers, counters);
    transfer += step->transfers;
    const uint32_t due = step->due;
    const uint32_t is_job_next = ++step != end && step->jobs != 0;
    if (jobs != 0) {
      while (--jobs != 0) {
        prepare(job->descriptor);
        start_job(start, job++);
      }
      wait_for(due, counters);
      finish();
      if (is_job_next) {
        prepare(job->descriptor);
      }
    } else {
      if (is_job_next) {
        prepare(job->descriptor);
      }
      wait_for(due, counters);
    }
    tw_cluster_join();
  } while (step != end);
}

static void control(void *argument) {
  const run *const this_run = argument;
  load_tables(this_run);
  tw_cluster_fork(work, (void *)(uintptr_t)this_run->schedule, tw_cluster_workers());
  conduct(this_run->schedule);
  tw_cluster_join();
}

void tw_schedule_run(const tw_schedule *schedule, void *const *arguments) {
  run this_run = {.schedule = schedule, .arguments = arguments};
  tw_cluster_run(control, &this_run);
}
