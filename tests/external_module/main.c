/* Classifies one recording: its samples are the run-time input, as text, one digit each. */
#include <stdint.h>

#include "gesture.h"
#include "tilewright/arguments.h"
#include "tilewright/console.h"

#define SAMPLES GESTURE_SAMPLES_ELEMENTS
#define GESTURES GESTURE_SCORES_DQ_ELEMENTS

static int8_t samples[SAMPLES] __attribute__((aligned(GESTURE_ALIGNMENT)));
static int8_t scores[GESTURES] __attribute__((aligned(GESTURE_ALIGNMENT)));

static const char *const names[GESTURES] = {"rest", "swipe", "circle", "tap"};

int main(void) {
  if (tw_argument_length() != SAMPLES) {
    tw_console_text("error: give ");
    tw_console_unsigned(SAMPLES);
    tw_console_text(" samples, one digit each\n");
    return 2;
  }
  for (uint32_t i = 0; i < SAMPLES; ++i) {
    samples[i] = (int8_t)(20 * (tw_argument_byte(i) - '5'));
  }
  gesture_reset();
  gesture_run(samples, scores);
  uint32_t best = 0;
  for (uint32_t i = 0; i < GESTURES; ++i) {
    tw_console_text(names[i]);
    tw_console_text(" ");
    tw_console_signed(scores[i]);
    tw_console_text("\n");
    best = scores[i] > scores[best] ? i : best;
  }
  tw_console_text("gesture: ");
  tw_console_text(names[best]);
  tw_console_text("\n");
  return 0;
}
