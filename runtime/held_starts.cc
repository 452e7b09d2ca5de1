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
      words_(cells_.words() + (light_ ? 1 + (wide_ ? 1 : 0) + (has_marks_ ? 1 : 0)
                                      : sizeof(Origin) / sizeof(uint64_t))),
      log_(words_, needs.values) {}

// The cells are written next, and put_light() behind them.
uint32_t HeldStarts::add_light(uint32_t chain, eventtime::Timestamp time, const Light& light) {
  nfa::EventId id = kLightEvent;
  if (!wide_ && !light.is_small()) {
    id = events_.store_light({time, light.sequence, light.record, light.input, type_});
    ++stored_light_;
  }
  const uint32_t place = log_.add(chain, time, id);
  if (has_marks_) *last_word(place) = 0;
  return place;
}

void HeldStarts::put_light(uint64_t* words, const Light& light) const {
  uint64_t* own = words + cells_.words();
  if (wide_) {
    own[0] = light.sequence;
    own[1] = light.record;
    words[0] |= uint64_t{light.input} << kInputBits;
  } else if (light.is_small()) {
    own[0] = light.sequence << kInputBits | light.input;
    words[0] |= light.record << kInputBits;
  }
}

HeldStarts::Light HeldStarts::light(uint32_t place) const {
  const nfa::EventId event = log_.at(place).event;
  if (event != kLightEvent) {
    const nfa::StoredEvent& stored = events_.at(event);
    return {stored.sequence, stored.record, stored.input};
  }
  const uint64_t* words = light_words(place);
  const uint64_t owners = log_.words(place)[0] >> kInputBits;
  if (wide_) return {words[0], words[1], static_cast<uint32_t>(owners)};
  const auto input = static_cast<uint32_t>(words[0] & ((uint64_t{1} << kInputBits) - 1));
  return {words[0] >> kInputBits, owners, input};
}

uint32_t HeldStarts::add(uint32_t chain, ReleasedEvent& released) {
  nfa::TestedEvent& event = released.tested;
  if (light_) {
    const Light light{event.sequence, event.row->record, event.batch->input};
    const uint32_t place = add_light(chain, event.row->time, light);
    uint64_t* const words = log_.words(place);
    cells_.write(words, event, events_);
    put_light(words, light);
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

bool HeldStarts::remove(uint32_t place) {
  const StartLog::Start& start = log_.at(place);
  if (start.event == kInBatch) {
    shelf_->release(*origin(place).loaded);
    --in_batches_;
  } else if (start.event != kLightEvent) {
    if (light_) --stored_light_;
    events_.release(start.event);
  }
  return log_.remove(place);
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
  if (start.event == kInBatch) store(place);
  if (start.event != kLightEvent) {
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
  if (start.event == kInBatch) {
    const Origin& from = origin(place);
    return pending_event(*from.loaded, from.row, variable);
  }
  if (!light_) return pending_event(events_.at(start.event), variable);
  const Light from = light(place);
  return {variable, type_, start.time, from.input, from.record, {}};
}

void HeldStarts::prefetch_ahead() const {
  if (const uint32_t place = log_.ahead(2 * kStartsAhead); place != kNone) {
    const StartLog::Start& far = log_.at(place);
    if (far.event != nfa::kNoEvent) log_.prefetch_chain(far.chain);
    if (far.event != nfa::kNoEvent && far.event < kInBatch) events_.prefetch_release(far.event);
  }
  if (const uint32_t place = log_.ahead(kStartsAhead); place != kNone) {
    const StartLog::Start& near = log_.at(place);
    if (near.event == nfa::kNoEvent) return;
    log_.prefetch_index(log_.chain(near.chain).tag);
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
  saved.event = kLightEvent;
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
    put_light(log_.words(place), from);
    return place;
  }
  new (&origin(place)) Origin{saved.sequence, nullptr, 0, 0};
  return place;
}

}  // namespace tocsin::runtime
