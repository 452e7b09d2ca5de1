#include "tests/model/naive_moment.h"

namespace tocsin::model {

Decided Clock::event(size_t index) const {
  return {{index + 1, MomentKind::kEvent, {}}, events_[index].time};
}

Decided Clock::timer(Timestamp time) const {
  size_t up_to = 0;
  for (const NaiveEvent& event : events_) up_to += event.time <= time ? 1 : 0;
  return {{up_to, MomentKind::kTimer, time}, time};
}

Decided Clock::end() const {
  return {{events_.size(), MomentKind::kEnd, {}}, largest_};
}

}  // namespace tocsin::model
