// The part of the engine that saves its state as records and restores it. The records, by their
// first byte; the form of each is told where it is written:
//
//   e                   the engine itself: types, inputs, where it stands
//   p PATTERN           counters of a pattern
//   k PATTERN 0 KEY     what is pending of a key
//   s PATTERN 0 GROUP   what `suppress` knows of a group
//   r PLACE             events that are not matched yet, in pieces
//   a PIECE             alerts that are held, in pieces
#include <algorithm>
#include <map>
#include <utility>

#include "eventtime/byte_order.h"
#include "eventtime/check.h"
#include "runtime/engine_impl.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

using eventtime::append_big_endian;
using eventtime::Decoder;
using eventtime::Encoder;
using eventtime::Error;
using eventtime::Result;
using eventtime::take_big_endian;
using eventtime::Unexpected;

namespace {

constexpr uint64_t kStateVersion = 2;
constexpr size_t kPiece = 512;  // rows or alerts in one record

enum class Rows : unsigned char { kReordering, kWaiting, kDerived };

Unexpected<Error> damaged(const std::string& what) {
  return eventtime::world_error("the saved state of " + what +
                                " cannot be read by this program: it is damaged, or of another "
                                "version or plan");
}

std::string record_key(char kind, std::string_view name) {
  return kind + std::string(name);
}

std::string record_key(char kind, std::string_view name, std::string_view key) {
  std::string record = record_key(kind, name);
  record += '\0';
  record += key;
  return record;
}

// Writes items in pieces: records of at most kPiece items, numbered in their order.
class Pieces {
 public:
  Pieces(const Engine::PutRecord& put, std::string key) : put_(put), key_(std::move(key)) {}
  ~Pieces() { flush(); }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  Encoder next() {
    if (items_ == kPiece) flush();
    ++items_;
    return Encoder(bytes_);
  }

 private:
  void flush() {
    if (items_ == 0) return;
    std::string record = key_;
    append_big_endian<uint32_t>(record, piece_++);
    put_(record, bytes_);
    bytes_.clear();
    items_ = 0;
  }

  const Engine::PutRecord& put_;
  std::string key_;
  std::string bytes_;
  size_t items_ = 0;
  uint32_t piece_ = 0;
};

void save_schema(Encoder& out, const eventtime::EventSchema& schema) {
  out.text(schema.name);
  out.number(schema.fields.size());
  for (const eventtime::Field& field : schema.fields) {
    out.text(field.name);
    out.number(static_cast<uint64_t>(field.type));
  }
}

}  // namespace

// Rows and alerts stand in the order of their record's keys, whatever the order they come in.
struct Engine::Impl::Restore {
  bool begun = false;  // the engine's own record has come
  std::vector<std::pair<std::string, std::string>> early;
  nfa::SavedTypes types;
  std::vector<std::unique_ptr<nfa::RestoredEvents>> events;  // by shard
  bool same_types = true;                                    // as they are declared now
  std::optional<RestoredRows> rows;
  std::map<std::string, std::vector<RestoredRows::Place>> places;
  std::map<std::string, std::vector<HeldAlert>> alerts;

  Restoring with(const Shard& shard, BatchShelf& shelf) {
    const uint32_t number = shard.share().number;
    return {*events[number], *rows, shelf.holder(number + 1)};
  }
};

// Here, where Restore is known.
Engine::Impl::Impl(patterns::PatternSet patterns, const EngineOptions& options)
    : patterns_(std::move(patterns)),
      options_(options),
      pattern_levels_(patterns_.patterns),
      formats_{&object_format()},
      shelf_(static_cast<uint32_t>(options.threads + 1)),
      holder_(shelf_.holder(0)),
      workers_(options.threads),
      levels_(pattern_levels_.count),
      null_keys_(patterns_.catalog.types.size()),
      queue_(patterns_.patterns, pattern_levels_.count) {
  TOCSIN_CHECK(options.versions.empty() || options.versions.size() == patterns_.patterns.size(),
               "each pattern has its version, or none has");
  for (size_t i = 0; i < patterns_.patterns.size(); ++i) {
    const bool drains = !options.versions.empty() && options.versions[i].until;
    if (!drains) null_keys_.add(patterns_.patterns[i]);
  }
  const auto shards = static_cast<uint32_t>(options_.threads);
  for (uint32_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(KeyShare{i, shards}, patterns_, pattern_levels_,
                                              options_, formats_, shelf_.holder(i + 1)));
  }
}

Engine::Impl::~Impl() = default;

void Engine::Impl::save(const PutRecord& put) const {
  save_resident(put);
  for (const auto& shard : shards_) {
    for (const auto& op : shard->operators()) {
      if (op->spilled() != nullptr) op->spilled()->for_each(put);
    }
  }
}

void Engine::Impl::save_resident(const PutRecord& put) const {
  save_engine(put);
  save_rows(put);
  save_alerts(put);
  save_keys(put);
}

void Engine::Impl::save_engine(const PutRecord& put) const {
  std::string bytes;
  Encoder out(bytes);
  out.number(kStateVersion);
  out.number(options_.events == EventDetail::kFull ? 1 : 0);
  out.number(patterns_.catalog.types.size());
  for (const eventtime::EventSchema& schema : patterns_.catalog.types) save_schema(out, schema);
  out.number(reorder_.inputs());
  for (uint32_t i = 0; i < reorder_.inputs(); ++i) {
    const eventtime::ReorderBuffer::InputTime time = reorder_.input_time(i);
    out.time(time.latest);
    out.time(time.watermark);
    out.number(time.ended ? 1 : 0);
  }
  out.time(reorder_.latest_row());
  out.time(settled_);
  out.number(levels_.size());
  for (const Level& level : levels_) out.number(level.sequence);
  const EngineStats now = stats();
  uint64_t counted = 0;  // with their patterns
  for (const auto& shard : shards_) {
    for (const auto& op : shard->operators()) counted += op->stats().arithmetic_errors;
  }
  out.number(now.events);
  out.number(now.late);
  out.number(now.null_keys);
  out.number(now.arithmetic_errors - counted);
  for (const uint64_t digest : digests_) out.number(digest);
  put("e", bytes);
}

void Engine::Impl::save_rows(const PutRecord& put) const {
  const bool with_raw = options_.events == EventDetail::kFull;
  const auto key_of = [](Rows rows, size_t number) {
    std::string key = record_key('r', std::string(1, static_cast<char>(rows)));
    append_big_endian(key, static_cast<uint32_t>(number));
    return key;
  };
  for (uint32_t input = 0; input < reorder_.inputs(); ++input) {
    Pieces pieces(put, key_of(Rows::kReordering, input));
    for (const eventtime::Arrival& arrival : reorder_.waiting(input)) {
      const eventtime::Batch& batch = *shelf_.at(arrival.batch).batch;
      Encoder out = pieces.next();
      save_row(out, batch, batch.rows[arrival.row], with_raw);
    }
  }
  const auto save_events = [&](const std::deque<ReleasedEvent>& events, std::string key) {
    Pieces pieces(put, std::move(key));
    for (const ReleasedEvent& event : events) {
      Encoder out = pieces.next();
      save_row(out, *event.tested.batch, *event.tested.row, with_raw);
    }
  };
  for (size_t number = 1; number < levels_.size(); ++number) {
    save_events(levels_[number].waiting, key_of(Rows::kWaiting, number));
    save_events(levels_[number].derived, key_of(Rows::kDerived, number));
  }
}

void Engine::Impl::save_alerts(const PutRecord& put) const {
  Pieces pieces(put, "a");
  std::string bytes;  // of one: those of a pattern that is gone are passed over
  queue_.for_each([&](size_t level, const PendingAlert& alert) {
    Encoder piece = pieces.next();
    piece.text(state_name(alert.pattern));
    bytes.clear();
    Encoder out(bytes);
    out.number(level);
    out.time(alert.complete);
    out.number(alert.timeout ? 1 : 0);
    out.number(alert.start);
    out.text(alert.key);
    out.text(alert.group);
    out.number(alert.suppressed);
    const bool derives = alert.derived != nullptr && level < levels_.size();
    out.number(derives ? 1 : 0);
    if (derives) {
      out.time(alert.derived->time);
      out.number(alert.derived->type);
      out.number(alert.derived->id);
      out.number(alert.derived->values.size());
      for (const eventtime::Value& value : alert.derived->values) out.value(value);
    }
    shard_of(alert.key).operators()[alert.pattern]->save_match(alert, out);
    piece.text(bytes);
  });
}

void Engine::Impl::save_keys(const PutRecord& put) const {
  std::string bytes;
  for (uint32_t pattern = 0; pattern < patterns_.patterns.size(); ++pattern) {
    const std::string& name = state_name(pattern);
    nfa::MatcherStats stats;
    for (const auto& shard : shards_) {
      const PatternOperator& op = *shard->operators()[pattern];
      stats += op.stats();
      op.save(
          [&](std::string_view key, std::string_view state) { put(key_record(name, key), state); });
    }
    bytes.clear();
    Encoder out(bytes);
    out.number(stats.events);
    out.number(stats.runs);
    out.number(stats.dropped_starts);
    out.number(stats.arithmetic_errors);
    out.number(queue_.emitted(pattern));
    const Suppressor* suppressor = queue_.suppressor(pattern);
    out.number(suppressor == nullptr ? 0 : suppressor->suppressed());
    put(record_key('p', name), bytes);
    if (suppressor == nullptr) continue;
    suppressor->for_each([&](const std::string& group, const Suppressor::Last& last) {
      bytes.clear();
      out.time(last.time);
      out.number(last.suppressed);
      put(record_key('s', name, group), bytes);
    });
  }
}

// ---- and back ----

Result<void> Engine::Impl::restore(std::string_view key, std::string_view value) {
  if (restore_ == nullptr) restore_ = std::make_unique<Restore>();
  if (key == "e") return restore_engine(value);
  if (restore_->begun) return restore_record(key, value);
  restore_->early.emplace_back(key, value);
  return {};
}

Result<void> Engine::Impl::restore_engine(std::string_view value) {
  Decoder from(value);
  if (const uint64_t version = from.number(); version != kStateVersion) {
    return eventtime::world_error("the saved state is of version " + std::to_string(version) +
                                  "; this program reads version " + std::to_string(kStateVersion));
  }
  if (from.flag() != (options_.events == EventDetail::kFull)) {
    return eventtime::usage_error(
        "the saved state was made with another choice of --events; go on with the same");
  }
  Result<void> types = restore_types(from);
  if (!types) return types;
  const size_t inputs = from.count();
  if (inputs != reorder_.inputs()) {
    return eventtime::usage_error("the saved state was made with " + std::to_string(inputs) +
                                  " inputs; there are " + std::to_string(reorder_.inputs()) +
                                  " now");
  }
  for (uint32_t i = 0; i < inputs; ++i) {
    eventtime::ReorderBuffer::InputTime time;
    time.latest = from.time();
    time.watermark = from.time();
    time.ended = from.flag();
    reorder_.set_input_time(i, time);
  }
  reorder_.set_latest_row(from.time());
  settled_ = from.time();
  const size_t levels = from.count();
  for (size_t i = 0; i < levels; ++i) {
    const uint64_t sequence = from.number();
    if (i < levels_.size()) levels_[i].sequence = sequence;
  }
  // A level that is new counts on from the first, so that no two events have the same place.
  for (size_t i = levels; i < levels_.size(); ++i) levels_[i].sequence = levels_[0].sequence;
  stats_.events = from.number();
  stats_.late = from.number();
  stats_.null_keys = from.number();
  stats_.arithmetic_errors = from.number();
  for (uint64_t& digest : digests_) digest = from.number();
  if (!from.is_complete()) return damaged("the engine");
  restore_->begun = true;
  for (const auto& shard : shards_) {
    restore_->events.push_back(
        std::make_unique<nfa::RestoredEvents>(shard->events(), restore_->types));
  }
  restore_->rows.emplace(patterns_.catalog, restore_->types);
  for (const auto& [key, early] : std::exchange(restore_->early, {})) {
    Result<void> restored = restore_record(key, early);
    if (!restored) return restored;
  }
  return {};
}

// Types are known by their names, and so are their fields; one of another type is another.
Result<void> Engine::Impl::restore_types(Decoder& from) {
  for (size_t left = from.count(); left > 0 && !from.failed(); --left) {
    const std::string_view name = from.text();
    const std::optional<eventtime::TypeId> type = patterns_.catalog.find(name);
    std::optional<nfa::SavedType>& saved = restore_->types.emplace_back();
    if (type) saved.emplace().type = *type;
    for (size_t fields = from.count(); fields > 0; --fields) {
      const std::string_view field = from.text();
      const uint64_t field_type = from.number();
      if (!type) continue;
      const auto& known = patterns_.catalog.types[*type].fields;
      const auto same = std::find_if(known.begin(), known.end(), [&](const eventtime::Field& each) {
        return each.name == field && static_cast<uint64_t>(each.type) == field_type;
      });
      std::optional<uint32_t>& column = saved->columns.emplace_back();
      if (same != known.end()) column = static_cast<uint32_t>(same - known.begin());
    }
  }
  if (from.failed()) return damaged("the engine");
  restore_->same_types = restore_->types == nfa::own_types(patterns_.catalog);
  return {};
}

std::optional<uint32_t> Engine::Impl::pattern_of(std::string_view name) const {
  const auto found = numbers_.find(std::string(name));
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

Result<void> Engine::Impl::restore_record(std::string_view key, std::string_view value) {
  if (key.empty()) return damaged("the engine");
  Decoder from(value);
  const char kind = key.front();
  const size_t end = std::min(key.find('\0'), key.size());
  if (kind == 'r') {
    if (restore_rows(key, from)) return {};
    return damaged("waiting events");
  }
  if (kind == 'a') {
    auto& piece = restore_->alerts[std::string(key)];
    while (!from.is_complete()) {
      const std::optional<uint32_t> pattern = pattern_of(from.text());
      Decoder alert(from.text());
      if (from.failed()) return damaged("held alerts");
      if (!pattern) continue;
      if (!restore_alert(*pattern, alert, piece)) return damaged("held alerts");
    }
    return {};
  }
  const std::string name(key.substr(1, end - 1));
  const std::optional<uint32_t> pattern = pattern_of(name);
  if (!pattern) return {};
  const std::string_view part = key.substr(std::min(end + 1, key.size()));
  bool whole = false;
  if (kind == 'p') whole = restore_counters(*pattern, from);
  if (kind == 'k') {
    const Shard& shard = shard_of(part);
    whole = shard.operators()[*pattern]->restore(part, from, restore_->with(shard, shelf_));
  }
  if (kind == 's') whole = queue_.restore_group(*pattern, part, from);
  if (!whole) return damaged("pattern '" + name + "'");
  return {};
}

Result<void> Engine::Impl::restore_spilled(uint64_t segment, uint32_t unit,
                                           const SpilledRecord& record) {
  if (restore_ == nullptr || !restore_->begun) return damaged("the engine");
  if (!restore_->same_types) return restore_record(record.key, record.value);
  const size_t end = std::min(record.key.find('\0'), record.key.size());
  const std::string name(record.key.substr(std::min<size_t>(1, end), end - 1));
  const std::optional<uint32_t> pattern = pattern_of(name);
  if (!pattern) return {};
  SpilledRecord known = record;
  known.key = record.key.substr(std::min(end + 1, record.key.size()));
  Shard& shard = shard_of(known.key);
  shard.stand_alone(*pattern);
  PatternOperator& op = *shard.operators()[*pattern];
  if (!op.can_thaw(record.value)) return damaged("pattern '" + name + "'");
  op.spilled()->add_written(known, tag_of(known.key), options_.spill->revive(segment, unit));
  return {};
}

bool Engine::Impl::restore_counters(uint32_t pattern, Decoder& from) {
  nfa::MatcherStats stats;
  stats.events = from.number();
  stats.runs = from.number();
  stats.dropped_starts = from.number();
  stats.arithmetic_errors = from.number();
  shards_.front()->operators()[pattern]->set_stats(stats);
  const uint64_t emitted = from.number();
  queue_.restore_counters(pattern, emitted, from.number());
  return from.is_complete();
}

bool Engine::Impl::restore_rows(std::string_view key, Decoder& from) {
  if (key.size() != 2 + 2 * sizeof(uint32_t)) return false;
  std::string_view rest = key.substr(2);
  const uint32_t number = take_big_endian<uint32_t>(rest);
  const auto kind = static_cast<Rows>(key[1]);
  if (kind > Rows::kDerived) return false;
  const size_t known = kind == Rows::kReordering ? reorder_.inputs() : levels_.size();
  if (number >= known) return kind != Rows::kReordering;  // of a level that is gone
  std::vector<RestoredRows::Place>& places = restore_->places[std::string(key)];
  while (!from.is_complete()) {
    std::optional<RestoredRows::Place> place;
    if (!restore_->rows->take(from, place)) return false;
    if (place) places.push_back(*place);
  }
  return true;
}

bool Engine::Impl::restore_alert(uint32_t pattern, Decoder& from, std::vector<HeldAlert>& piece) {
  PendingAlert alert;
  const uint64_t level = from.number();
  alert.complete = from.time();
  alert.timeout = from.flag();
  alert.start = from.number();
  alert.key = from.text();
  alert.group = from.text();
  alert.suppressed = from.number();
  if (from.flag()) {
    alert.derived = std::make_unique<DerivedEvent>();
    DerivedEvent& derived = *alert.derived;
    derived.time = from.time();
    const uint64_t type = from.number();
    if (type >= restore_->types.size() || !restore_->types[type]) return false;
    const nfa::SavedType& now = *restore_->types[type];
    derived.type = now.type;
    derived.id = from.number();
    derived.values.resize(patterns_.catalog.types[now.type].fields.size());
    if (from.count() != now.columns.size()) return false;
    for (const std::optional<uint32_t>& column : now.columns) {
      const eventtime::Value value = derived.own(from.value());
      if (column) derived.values[*column] = value;
    }
  }
  if (from.failed()) return false;
  alert.pattern = pattern;
  const Shard& shard = shard_of(alert.key);
  PatternOperator& op = *shard.operators()[pattern];
  if (!op.restore_match(alert, from, restore_->with(shard, shelf_))) return false;
  piece.emplace_back(level, std::move(alert));
  return from.is_complete();
}

Result<void> Engine::Impl::finish_restore() {
  if (restore_ == nullptr || !restore_->begun) return damaged("the engine");
  RestoredRows& rows = *restore_->rows;
  rows.load(shelf_, holder_, dispatcher());
  dispatcher().predicates().forget_arithmetic_errors();  // of rows that were counted before
  for (const auto& shard : shards_) {
    for (const auto& op : shard->operators()) {
      op->finish_restore(restore_->with(*shard, shelf_));
      if (!op->is_idle()) shard->dispatcher().activate(op->number());
    }
  }
  place_rows();
  for (auto& [key, piece] : restore_->alerts) {
    for (auto& [level, alert] : piece) queue_.restore(level, std::move(alert));
  }
  rows.release(holder_);
  restore_.reset();
  shelf_.collect();
  return {};
}

void Engine::Impl::begin_waiting() {
  for (const auto& shard : shards_) {
    BatchHolder& holder = shelf_.holder(shard->share().number + 1);
    for (const auto& op : shard->operators()) op->begin_waiting(holder);
  }
  shelf_.collect();
}

eventtime::Timestamp Engine::Impl::derived_until() const {
  eventtime::Timestamp until =
      settled_ == eventtime::kMaxTimestamp ? reorder_.latest_row() : settled_;
  for (const Level& level : levels_) {
    if (level.derived.empty()) continue;
    until = std::max(until, level.derived.back().tested.row->time + eventtime::Duration{1});
  }
  return until;
}

bool Engine::Impl::has_pending(size_t pattern) const {
  bool pending = std::any_of(shards_.begin(), shards_.end(), [&](const auto& shard) {
    return shard->operators()[pattern]->keys() > 0;
  });
  queue_.for_each(
      [&](size_t, const PendingAlert& alert) { pending = pending || alert.pattern == pattern; });
  if (pending || options_.versions.empty() || !options_.versions[pattern].until) return pending;
  // Events that it may still begin with.
  const InputPlace& until = *options_.versions[pattern].until;
  for (uint32_t input = 0; input < reorder_.inputs(); ++input) {
    for (const eventtime::Arrival& arrival : reorder_.waiting(input)) {
      const eventtime::Batch& batch = *shelf_.at(arrival.batch).batch;
      if (until.is_behind(batch, batch.rows[arrival.row])) return true;
    }
  }
  const auto any = [&](const std::deque<ReleasedEvent>& events) {
    return std::any_of(events.begin(), events.end(), [&](const ReleasedEvent& event) {
      return until.is_behind(*event.tested.batch, *event.tested.row);
    });
  };
  return std::any_of(levels_.begin(), levels_.end(),
                     [&](const Level& level) { return any(level.waiting) || any(level.derived); });
}

void Engine::Impl::place_rows() {
  for (const auto& [key, places] : restore_->places) {
    std::string_view rest = std::string_view(key).substr(2);
    const uint32_t number = take_big_endian<uint32_t>(rest);
    const auto kind = static_cast<Rows>(key[1]);
    for (const RestoredRows::Place& place : places) {
      LoadedBatch& loaded = restore_->rows->loaded(place);
      holder_.hold(loaded);
      const eventtime::Timestamp time = loaded.batch->rows[place.row].time;
      if (kind == Rows::kReordering) {
        reorder_.restore({time, number, loaded.slot, place.row});
      } else {
        auto& level = levels_[number];
        (kind == Rows::kWaiting ? level.waiting : level.derived).emplace_back(loaded, place.row);
      }
    }
  }
}

}  // namespace tocsin::runtime
