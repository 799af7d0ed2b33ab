/* Offsets in the devices' register maps, as this family of chips has them, and what their bits
 * mean. For C and for assembly; where the devices are, soc.yaml knows. */
#ifndef TILEWRIGHT_PLATFORMS_SIRACUSA_REGISTERS_H_
#define TILEWRIGHT_PLATFORMS_SIRACUSA_REGISTERS_H_

/* Event unit, at each core's own port. */
#define EVENT_MASK 0x00
#define EVENT_WAIT_CLEAR                                                                        \
  0x3c                      /* cv.elw: sleeps until an event of the mask, clears and returns it \
                             */
#define EVENT_DISPATCH 0x80 /* store pushes, cv.elw pops or sleeps */
#define EVENT_TEAM 0x84     /* the cores that get what is pushed */
#define EVENT_MUTEX(mutex) (0xc0 + 4 * (mutex)) /* cv.elw locks or sleeps, store unlocks */
#define EVENT_BARRIER(barrier) (0x200 + 0x20 * (barrier))
/* Relative to a barrier. */
#define BARRIER_TEAM 0x00       /* the cores that it waits for */
#define BARRIER_TARGET 0x0c     /* the cores that it wakes */
#define BARRIER_WAIT_CLEAR 0x1c /* cv.elw: arrives, sleeps until all have, clears the event */

#define EVENT_BIT_DMA (1 << 8)
#define EVENT_BIT_ACCELERATOR (1 << 12)
#define EVENT_BIT_BARRIER (1 << 16)
#define EVENT_BIT_MUTEX (1 << 17)
#define EVENT_BIT_DISPATCH (1 << 18)
/* What a core waits for without knowing: its event mask at all other times than in a wait. */
#define EVENT_BITS_SYNCHRONISATION (EVENT_BIT_BARRIER | EVENT_BIT_MUTEX | EVENT_BIT_DISPATCH)

/* Which barrier is for what. */
#define BARRIER_JOIN 0 /* a team and the control core */
#define BARRIER_TEAM_ONLY 1

/* Cluster control. */
#define CLUSTER_FETCH_ENABLE 0x08
#define CLUSTER_BOOT_ADDRESS(core) (0x40 + 4 * (core))

/* DMA, at each core's own port. */
#define DMA_COMMAND 0x00 /* load allocates a counter, store is the next word of a command */
#define DMA_STATUS 0x04  /* load: bit i is 1 while counter i's transfers run; store frees */
#define DMA_MAXIMUM_BYTES 0x1ffff
#define DMA_TO_L1 (1 << 17)
#define DMA_INCREMENT (1 << 18)
#define DMA_2D (1 << 19)
#define DMA_EVENT (1 << 20)

/* N-EUREKA. */
#define NEUREKA_TRIGGER 0x00
#define NEUREKA_ACQUIRE 0x04
#define NEUREKA_STATUS 0x0c
#define NEUREKA_JOB 0x20 /* registers of the job that is being configured */
/* Of a job's configuration. */
#define NEUREKA_WEIGHT_MEMORY (1u << 9)

#endif /* TILEWRIGHT_PLATFORMS_SIRACUSA_REGISTERS_H_ */
