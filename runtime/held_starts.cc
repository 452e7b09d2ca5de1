#include "runtime/held_starts.h"

#include <algorithm>
#include <new>

namespace tocsin::runtime {

namespace {

constexpr size_t kStartsAhead = 16;  // of first events that expire
constexpr uint64_t kStartsForm = 1;  // of a key's bytes; those of other operators differ

}  // namespace

HeldStarts::HeldStarts(const nfa::Place& first, const eventtime::EventSchema& schema,
                       nfa::EventStore& events, Needs needs)
    : type_(first.type),
      events_(events),
      light_(!events_.keeps_raw() && !nfa::StartCells(first, schema).has_texts()),
      wide_(needs.wide),
      has_marks_(needs.marks),
      cells_(first, schema, light_ ? nfa::StartCells::Room::kOwner : nfa::StartCells::Room::kNone),
      words_(cells_.words() +
             (light_ ? (wide_ ? 2 : 0) + (has_marks_ ? 1 : 0) : sizeof(Origin) / sizeof(uint64_t))),
      log_(words_, needs.values) {}

// Before one with this sequence comes.
inline void HeldStarts::pass_sequence(uint64_t sequence) {
  if (sequence <= latest_) return;
  if (sequence - stored_far_ >= kFar) store_far(sequence);
  latest_ = sequence;
}

// The cells are written next, and put_light() behind them.
inline uint32_t HeldStarts::add_light(uint32_t chain, eventtime::Timestamp time,
                                      const Light& light) {
  if (!wide_) pass_sequence(light.sequence);
  const uint32_t place = log_.add(chain, time, static_cast<uint32_t>(light.sequence));
  if (has_marks_) *last_word(place) = 0;
  return place;
}

// What has waited while so many events came: soon its lower bits would not tell its sequence.
void HeldStarts::store_far(uint64_t sequence) {
  stored_far_ = sequence;
  log_.for_each([&](uint32_t place) {
    if (is_stored(place)) return;
    const Light from = light(place);
    if (sequence - from.sequence >= kFar) store_light(place, from);
  });
}

inline bool HeldStarts::fits(const Light& light) const {
  return light.record >> kRecordBits == 0 && light.input >> kInputBits == 0 &&
         latest_ - light.sequence < kFar;
}

void HeldStarts::store_light(uint32_t place, const Light& light) {
  StartLog::Start& start = log_.at(place);
  start.event = events_.store_light({start.time, light.sequence, light.record, light.input, type_});
  log_.words(place)[0] |= uint64_t{1} << kStoredBit;
  ++stored_light_;
}

inline void HeldStarts::put_light(uint32_t place, const Light& light) {
  uint64_t* const words = log_.words(place);
  if (wide_) {
    uint64_t* const own = words + cells_.words();
    own[0] = light.sequence;
    own[1] = light.record;
    words[0] |= uint64_t{light.input} << kInputBit;
  } else if (fits(light)) {
    words[0] |= uint64_t{light.input} << kInputBit | light.record << kRecordBit |
                (light.sequence >> 32) << kSequenceBit;
  } else {
    store_light(place, light);
  }
}

HeldStarts::Light HeldStarts::light(uint32_t place) const {
  const uint32_t event = log_.at(place).event;
  const uint64_t word = log_.words(place)[0];
  if (wide_) {
    const uint64_t* own = light_words(place);
    return {own[0], own[1], static_cast<uint32_t>(word >> kInputBit)};
  }
  if (is_stored(place)) {
    const nfa::StoredEvent& stored = events_.at(event);
    return {stored.sequence, stored.record, stored.input};
  }
  return {near_sequence(event, word), low_bits(word >> kRecordBit, kRecordBits),
          static_cast<uint32_t>(low_bits(word >> kInputBit, kInputBits))};
}

uint32_t HeldStarts::add(uint32_t chain, ReleasedEvent& released) {
  nfa::TestedEvent& event = released.tested;
  if (light_) {
    const Light light{event.sequence, event.row->record, event.batch->input};
    const uint32_t place = add_light(chain, event.row->time, light);
    cells_.write(log_.words(place), event, events_);
    put_light(place, light);
    return place;
  }
  const bool stays = event.stored == nfa::kNoEvent;
  const uint32_t place = log_.add(chain, event.row->time, stays ? kInBatch : events_.store(event));
  Origin& from = *new (&origin(place)) Origin();
  from.sequence = event.sequence;
  if (stays) {
    from.loaded = released.loaded;
    from.row = released.row;
    shelf_->hold(*released.loaded);
    ++in_batches_;
  }
  cells_.write(log_.words(place), event, events_);
  return place;
}

// The event of one that goes, and is not light.
void HeldStarts::let_go(uint32_t place) {
  const uint32_t event = log_.at(place).event;
  if (event == kInBatch) {
    shelf_->release(*origin(place).loaded);
    --in_batches_;
  } else {
    events_.release(event);
  }
}

// The same of a light one.
void HeldStarts::let_go_stored(uint32_t place) {
  --stored_light_;
  events_.release(log_.at(place).event);
}

nfa::TestedEvent HeldStarts::in_batch(uint32_t place) const {
  const Origin& from = origin(place);
  nfa::TestedEvent event;
  event.batch = from.loaded->batch.get();
  event.row = &event.batch->rows[from.row];
  event.sequence = from.sequence;
  return event;
}

// Takes a first event out of its batch.
void HeldStarts::store(uint32_t place) {
  nfa::TestedEvent event = in_batch(place);
  log_.at(place).event = events_.store(event);
  cells_.write(log_.words(place), event, events_);
  events_.release(event.stored);
  shelf_->release(*origin(place).loaded);
  --in_batches_;
}

void HeldStarts::store_old() {
  if (in_batches_ == 0) return;
  for (uint32_t place = log_.unmarked(); place != kNone; place = log_.unmarked()) {
    if (log_.at(place).event == kInBatch) {
      if (origin(place).loaded->number + kBatchesKept >= shelf_->added()) return;
      store(place);
    }
    log_.mark();
  }
}

nfa::NodeId HeldStarts::bind(nfa::Matcher& matcher, nfa::NodeId parent, uint16_t edge,
                             uint32_t place, std::optional<nfa::Matcher::KnownDistinct> known) {
  const StartLog::Start& start = log_.at(place);
  if (!light_ && start.event == kInBatch) store(place);
  if (!light_ || is_stored(place)) {
    return matcher.bind_cells(parent, nfa::kFirstPlace, edge, start.event, cells_,
                              log_.words(place), known);
  }
  const Light from = light(place);
  const nfa::EventId stored =
      events_.store_light({start.time, from.sequence, from.record, from.input, type_});
  const nfa::NodeId node =
      matcher.bind_cells(parent, nfa::kFirstPlace, edge, stored, cells_, log_.words(place), known);
  events_.release(stored);
  return node;
}

PendingEvent HeldStarts::describe(uint32_t place, std::string_view variable) const {
  const StartLog::Start& start = log_.at(place);
  if (light_) {
    const Light from = light(place);
    return {variable, type_, start.time, from.input, from.record, {}};
  }
  if (start.event == kInBatch) {
    const Origin& from = origin(place);
    return pending_event(*from.loaded, from.row, variable);
  }
  return pending_event(events_.at(start.event), variable);
}

void HeldStarts::prefetch_ahead() const {
  if (const uint32_t place = log_.ahead(2 * kStartsAhead); place != kNone) {
    const StartLog::Start& far = log_.at(place);
    log_.prefetch_chain(far.chain);
    if (!light_ && far.chain != kNone && far.event != kInBatch) {
      events_.prefetch_release(far.event);
    }
  }
  if (const uint32_t place = log_.ahead(kStartsAhead); place != kNone) {
    const StartLog::Start& near = log_.at(place);
    if (near.chain == kNone) return;
    log_.index().prefetch(log_.chain(near.chain).tag);
    log_.prefetch_equal(place);
  }
}

void HeldStarts::save_count(eventtime::Encoder& out, size_t count) const {
  out.number(kStartsForm);
  out.number(light_ ? 1 : 0);
  out.number(count);
}

bool HeldStarts::read_count(eventtime::Decoder& from, size_t& count) const {
  if (from.number() != kStartsForm || from.flag() != light_) return false;
  count = from.count();
  return !from.failed();
}

void HeldStarts::save(eventtime::Encoder& out, uint32_t place) const {
  const StartLog::Start& start = log_.at(place);
  out.time(start.time);
  out.number(sequence(place));
  if (light_) {
    const Light from = light(place);
    out.number(from.record);
    out.number(from.input);
  } else if (start.event == kInBatch) {
    nfa::save_event(out, events_, in_batch(place));
  } else {
    nfa::save_event(out, events_, start.event);
  }
  cells_.save(out, log_.words(place));
}

std::optional<HeldStarts::Saved> HeldStarts::read(eventtime::Decoder& from,
                                                  nfa::RestoredEvents& events) {
  Saved saved;
  saved.time = from.time();
  saved.sequence = from.number();
  if (light_) {
    saved.record = from.number();
    saved.input = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
  } else {
    saved.event = events.take(from, type_);
    if (saved.event == nfa::kNoEvent) return std::nullopt;
  }
  saved.words = saved_words_.size();
  saved_words_.resize(saved.words + cells_.words());
  cells_.restore(from, saved_words_.data() + saved.words, events_, saved.event);
  if (from.failed()) return std::nullopt;
  return saved;
}

uint32_t HeldStarts::add(uint32_t chain, const Saved& saved) {
  const Light from{saved.sequence, saved.record, saved.input};
  const uint32_t place =
      light_ ? add_light(chain, saved.time, from) : log_.add(chain, saved.time, saved.event);
  std::copy_n(saved_words_.data() + saved.words, cells_.words(), log_.words(place));
  if (light_) {
    put_light(place, from);
    return place;
  }
  new (&origin(place)) Origin{saved.sequence, nullptr, 0, 0};
  return place;
}

}  // namespace tocsin::runtime
