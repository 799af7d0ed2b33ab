#include "tilewright/schedule.h"

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

/* Arguments are in L2, far away: the last one is kept. */
static void relocate(const tw_schedule_relocation *relocation, uint32_t count,
                     void *const *arguments) {
  uint32_t last = UINT32_MAX;
  uintptr_t address = 0;
  for (const tw_schedule_relocation *const end = relocation + count; relocation != end;
       ++relocation) {
    if (relocation->argument != last) {
      last = relocation->argument;
      address = (uintptr_t)arguments[last];
    }
    *relocation->word = (void *)(address + (uintptr_t)*relocation->word);
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

/* Corrects the tables, which are for the most rows. */
static void apply_extents(const tw_schedule *schedule, void *const *arguments) {
  const tw_schedule_patch *patch = schedule->patches;
  for (uint32_t i = 0; i < schedule->extent_count; ++i) {
    const tw_schedule_extent extent = schedule->extents[i];
    const int32_t argument = *(const int32_t *)arguments[extent.argument];
    const uint32_t missing = extent.maximum - rows_of(&extent, argument);
    for (uint32_t k = 0; k < extent.patch_count; ++k, ++patch) {
      *patch->word -= missing * patch->growth;
    }
  }
}

/* Brings the tables to L1 and completes them. */
TW_CALLED_RARELY static void load_tables(const run *this_run) {
  const tw_schedule *const schedule = this_run->schedule;
  const tw_dma_counter tables = tw_dma_allocate();
  tw_dma_load(tables, schedule->l1_tables, schedule->tables, schedule->tables_bytes);
  tw_dma_wait(tables);
  tw_dma_free(tables);
  relocate(schedule->relocations, schedule->relocation_count, this_run->arguments);
  apply_extents(schedule, this_run->arguments);
}

/* Starts copies and jobs and waits for them, step by step. */
TW_CALLED_OFTEN __attribute__((noinline)) static void conduct(const tw_schedule *schedule) {
  tw_dma_counter counters[TW_SCHEDULE_SLOTS];
  const tw_schedule_transfer *transfer = schedule->transfers;
  const tw_schedule_call *job = schedule->jobs;
  const tw_schedule_step *step = schedule->steps;
  const tw_schedule_step *const end = step + schedule->step_count;
  for (; step != end; ++step) {
    /* What the accelerator's queue takes at once, before the transfers; the rest has to wait. */
    const tw_schedule_call *const jobs_end = job + step->jobs;
    for (uint32_t i = 0; i < TW_SCHEDULE_QUEUED_JOBS && job != jobs_end; ++i, ++job) {
      job->function(job->descriptor, 0, 1);
    }
    start_transfers(transfer, step->transfers, counters);
    transfer += step->transfers;
    for (; job != jobs_end; ++job) {
      job->function(job->descriptor, 0, 1);
    }
    for (uint32_t due = step->due, slot = 0; due != 0; due >>= 1, ++slot) {
      if ((due & 1) != 0) {
        tw_dma_wait(counters[slot]);
        tw_dma_free(counters[slot]);
      }
    }
    if (step->jobs != 0) {
      schedule->finish_jobs();
    }
    tw_cluster_join();
  }
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
