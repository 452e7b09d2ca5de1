// A stream of synthetic events in order of event time, with planted incidents in it.
//
// ScheduledStream is what all kinds share: a clock of ordinary business ("background") and an
// agenda of events that are to come. An incident (a fraud, or something legitimate that looks like
// one) puts all its events on the agenda at once; when the last of them has come out, its label
// goes to the LabelSink. Memory holds what is on the agenda: it depends on the rate, not on the
// number of events.
//
// INVARIANTS: exactly the wanted number of events comes out, and an incident that begins also ends:
// the background stops as soon as the agenda alone fills what is left.
// Tested by tests/unit/connectors/synthetic_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/synthetic/record_writer.h"
#include "eventtime/check.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {

using eventtime::Duration;
using eventtime::Timestamp;

constexpr Duration milliseconds(int64_t count) {
  return {count * 1000};
}
constexpr Duration seconds(int64_t count) {
  return {count * 1'000'000};
}
constexpr Duration minutes(int64_t count) {
  return {count * 60'000'000};
}

// The truth about one incident.
struct Label {
  std::string_view kind;  // "card_testing"; static
  bool fraud = true;      // false: a hard negative
  std::string_view key_name;
  std::string key;
  Timestamp start;
  Timestamp end;
  std::vector<std::string> ids;  // of its events, in order of event time
};

// Without times and ids; the key is `prefix` and a number.
Label make_label(std::string_view kind, bool fraud, std::string_view key_name,
                 std::string_view prefix, uint64_t number);

// {"kind":"card_testing","fraud":true,"key":{"card":"c1"},"start":…,"end":…,"ids":["p1",…]}
void append_label(std::string& out, const Label& label);

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Goes to the next event; false when all have come. Times never fall.
  virtual bool advance() = 0;
  virtual Timestamp time() const = 0;
  // Describes the present event, or, before the first advance(), an empty one for the header.
  virtual void write(RecordWriter& out) const = 0;
  // Labels of the incidents that have ended since the last call.
  virtual std::vector<Label> take_labels() = 0;
};

// `Event` has the members of Scheduled.
struct Scheduled {
  Timestamp time;
  uint64_t number = 0;    // in the order of coming out, from 1
  uint64_t sequence = 0;  // of scheduling: settles equal times
  uint32_t incident = 0;  // index into open incidents, 0 for none
};

template <class Event>
class ScheduledStream : public Stream {
 public:
  bool advance() final {
    if (produced_ == limit_) return false;
    while (room() > 0 && (agenda_.empty() || clock_ <= agenda_.front().time)) {
      background(clock_);
      clock_ = clock_ + gap(clock_);
    }
    std::pop_heap(agenda_.begin(), agenda_.end(), later);
    event_ = std::move(agenda_.back());
    agenda_.pop_back();
    event_.number = ++produced_;
    if (event_.incident != 0) note_incident();
    return true;
  }
  Timestamp time() const final { return event_.time; }
  std::vector<Label> take_labels() final { return std::exchange(done_, {}); }

 protected:
  ScheduledStream(uint64_t limit, Timestamp start) : limit_(limit), clock_(start) {
    open_.emplace_back();  // index 0 means none
  }

  // Schedules at least one event at or after `now`; may schedule up to room().
  virtual void background(Timestamp now) = 0;
  // Time until the next call of background(); more than nothing.
  virtual Duration gap(Timestamp now) = 0;
  // The id that write() shows for an event.
  virtual std::string id_of(const Event& event) const = 0;

  const Event& event() const { return event_; }
  // How many events may still be scheduled.
  uint64_t room() const { return limit_ - produced_ - agenda_.size(); }

  // Event times are whole milliseconds.
  void schedule(Event event) {
    TOCSIN_CHECK(room() > 0, "an event is scheduled only while there is room");
    event.time.micros -= event.time.micros % 1000;
    event.sequence = ++sequence_;
    agenda_.push_back(std::move(event));
    std::push_heap(agenda_.begin(), agenda_.end(), later);
  }

  // All of an incident or nothing of it: false when there is no room. `label` has kind, fraud and
  // key; times and ids come by themselves.
  bool schedule_incident(Label label, std::vector<Event> events) {
    if (events.empty() || events.size() > room()) return false;
    uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(open_.size());
      open_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    open_[slot] = {std::move(label), events.size()};
    for (Event& event : events) {
      event.incident = slot;
      schedule(std::move(event));
    }
    return true;
  }

 private:
  struct Incident {
    Label label;
    size_t events_left = 0;
  };

  static bool later(const Event& left, const Event& right) {
    if (left.time != right.time) return left.time > right.time;
    return left.sequence > right.sequence;
  }

  void note_incident() {
    Incident& incident = open_[event_.incident];
    if (incident.label.ids.empty()) incident.label.start = event_.time;
    incident.label.end = event_.time;
    incident.label.ids.push_back(id_of(event_));
    if (--incident.events_left > 0) return;
    done_.push_back(std::move(incident.label));
    free_.push_back(event_.incident);
  }

  uint64_t limit_;
  uint64_t produced_ = 0;
  uint64_t sequence_ = 0;
  Timestamp clock_;
  Event event_;
  std::vector<Event> agenda_;  // a heap: what comes next is in front
  std::vector<Incident> open_;
  std::vector<uint32_t> free_;
  std::vector<Label> done_;
};

// Deals the kinds of incidents like cards: each pass through the deck brings every kind as often as
// it is in the deck, in an order of its own, so that no kind is missing in a short stream.
class Deck {
 public:
  explicit Deck(std::vector<uint8_t> cards) : cards_(std::move(cards)), at_(cards_.size()) {}

  template <class Source>
  uint8_t deal(Source& random) {
    if (at_ == cards_.size()) {
      for (size_t i = cards_.size(); i > 1; --i) {
        std::swap(cards_[i - 1], cards_[random.below(static_cast<uint32_t>(i))]);
      }
      at_ = 0;
    }
    return cards_[at_++];
  }

 private:
  std::vector<uint8_t> cards_;
  size_t at_;
};

}  // namespace tocsin::connectors::synthetic
