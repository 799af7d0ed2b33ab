#include "tilewright/cluster.h"

#include <stddef.h>
#include <stdint.h>

#include "platforms/siracusa/hart.h"
#include "platforms/siracusa/registers.h"
#include "platforms/siracusa/soc.h"
#include "tilewright/exit.h"
#include "tilewright/parallel.h"

_Static_assert(SOC_WORKERS < TW_MAXIMUM_CORES, "kernels have room for no more cores");

/* cluster_start.S */
void tilewright_cluster_start(void);
_Noreturn void tilewright_control_core(void);

/* link.ld.jinja */
extern uint32_t tilewright_l1_bss_start[];
extern uint32_t tilewright_l1_bss_end[];

/* What the fabric controller wants to be run. It is in L2, which both sides can poll; there is no
 * event between them that all models of this family have. The control core answers by writing null
 * to `function`. */
static struct {
  void (*volatile function)(void *argument);
  void *volatile argument;
} mailbox;

static int cluster_started;

/* Lets about 70 cycles pass in two instructions: a division by zero takes 35. */
static void wait_briefly(void) {
  uint32_t quotient;
  __asm__ volatile("divu %0, zero, zero\n divu %0, zero, zero" : "=r"(quotient));
}

static void store_device(uint32_t address, uint32_t value) {
  *(volatile uint32_t *)(uintptr_t)address = value;
}

static void start_cluster(void) {
  store_device(SOC_INSTRUCTION_CACHE_CONTROL, UINT32_MAX);
  uint32_t cores = 1u << SOC_CONTROL_CORE;
  for (uint32_t worker = 0; worker < SOC_WORKERS; ++worker) {
    cores |= 1u << worker;
  }
  for (uint32_t core = 0; (cores >> core) != 0; ++core) {
    store_device(SOC_CLUSTER_CONTROL + CLUSTER_BOOT_ADDRESS(core),
                 (uint32_t)(uintptr_t)tilewright_cluster_start);
  }
  store_device(SOC_CLUSTER_CONTROL + CLUSTER_FETCH_ENABLE, cores);
}

uint32_t tw_cluster_workers(void) { return SOC_WORKERS; }

void tw_cluster_run(void (*function)(void *argument), void *argument) {
  TW_ASSERT(hart_cluster() == SOC_FABRIC_CONTROLLER);
  TW_ASSERT(function != NULL);
  if (!cluster_started) {
    cluster_started = 1;
    start_cluster();
  }
  mailbox.argument = argument;
  mailbox.function = function;
  while (mailbox.function != NULL) {
    wait_briefly();
  }
}

void tilewright_control_core(void) {
  for (uint32_t *word = tilewright_l1_bss_start; word != tilewright_l1_bss_end; ++word) {
    *word = 0;
  }
  for (;;) {
    while (mailbox.function == NULL) {
      wait_briefly();
    }
    mailbox.function(mailbox.argument);
    mailbox.function = NULL;
  }
}
