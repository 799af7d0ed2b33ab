#include "platforms/simulator/devices/timer.h"

#include <algorithm>

namespace tilewright::simulator {
namespace {

constexpr std::uint32_t kConfiguration = 0x00;
constexpr std::uint32_t kCount = 0x08;
constexpr std::uint32_t kCompare = 0x10;
constexpr std::uint32_t kStart = 0x18;
constexpr std::uint32_t kReset = 0x20;
constexpr std::uint32_t kEnd = 0x28;

constexpr std::uint32_t kEnabled = 1u << 0;
constexpr std::uint32_t kResetCount = 1u << 1;
constexpr std::uint32_t kRaise = 1u << 2;
constexpr std::uint32_t kRestart = 1u << 4;
constexpr std::uint32_t kOneShot = 1u << 5;
constexpr std::uint32_t kModelled = kEnabled | kResetCount | kRaise | kRestart | kOneShot;

}  // namespace

std::uint32_t Timer::Counter::value(Cycle now) const {
  if ((configuration & kEnabled) == 0 || now < since) {
    return count;
  }
  return count + static_cast<std::uint32_t>(now - since);
}

void Timer::Counter::set(std::uint32_t new_count, Cycle now) {
  count = new_count;
  since = now;
}

// The next cycle at which something happens by itself. The counter wraps around at 32 bits.
void Timer::Counter::plan(Cycle now) {
  match = kNever;
  if ((configuration & kEnabled) != 0 && (configuration & (kRaise | kRestart | kOneShot)) != 0) {
    const std::uint32_t distance = compare - value(now);
    match = now + (distance != 0 ? Cycle{distance} : Cycle{1} << 32);
  }
}

Response Timer::load(CoreIndex, std::uint32_t offset, Cycle now) {
  if (offset < kStart) {
    const Counter &counter = counters_[offset / 4 % 2];
    switch (offset & ~7u) {
      case kConfiguration:
        return loaded(counter.configuration);
      case kCount:
        return loaded(counter.value(now));
      case kCompare:
        return loaded(counter.compare);
      default:
        break;
    }
  }
  no_register("the cluster's timer", offset, false);
}

Response Timer::store(CoreIndex, std::uint32_t offset, std::uint32_t value, Cycle now) {
  if (offset >= kEnd) {
    no_register("the cluster's timer", offset, true);
  }
  Counter &counter = counters_[offset / 4 % 2];
  const std::uint32_t current = counter.value(now);
  switch (offset & ~7u) {
    case kConfiguration:
      if ((value & ~kModelled) != 0) {
        fault("timer configuration " + hexadecimal(value) + " sets bits " +
              hexadecimal(value & ~kModelled) + ", which are not modelled; known are " +
              hexadecimal(kModelled));
      }
      counter.set((value & kResetCount) != 0 ? 0 : current, now);
      counter.configuration = value & ~kResetCount;
      break;
    case kCount:
      counter.set(value, now);
      break;
    case kCompare:
      counter.compare = value;
      break;
    case kStart:
      counter.set(current, now);
      counter.configuration |= kEnabled;
      break;
    case kReset:
      counter.set(0, now);
      break;
    default:
      no_register("the cluster's timer", offset, true);
  }
  counter.plan(now);
  schedule(now);
  return stored();
}

Cycle Timer::next_match() const { return std::min(counters_[0].match, counters_[1].match); }

void Timer::schedule(Cycle) {
  const Cycle next = next_match();
  if (next == kNever) {
    scheduler_->sleep(agent_);
  } else {
    scheduler_->wake(agent_, next);
  }
}

Cycle Timer::step(Cycle now, Cycle) {
  for (int i = 0; i < 2; ++i) {
    Counter &counter = counters_[static_cast<std::size_t>(i)];
    if (counter.match != now) {
      continue;
    }
    if ((counter.configuration & kRaise) != 0) {
      events_->raise_all(i == 0 ? kEventTimerLow : kEventTimerHigh, now);
    }
    const std::uint32_t current = counter.value(now);
    // The cycle after the match counts from 0.
    counter.set((counter.configuration & kRestart) != 0 ? ~0u : current, now);
    if ((counter.configuration & kOneShot) != 0) {
      counter.set((counter.configuration & kRestart) != 0 ? 0 : current, now);
      counter.configuration &= ~kEnabled;
    }
    counter.plan(now);
  }
  return next_match();
}

bool Timer::pending() const {
  for (const Counter &counter : counters_) {
    if (counter.match != kNever && (counter.configuration & kRaise) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace tilewright::simulator
