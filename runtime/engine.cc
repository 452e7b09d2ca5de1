#include "runtime/engine.h"

#include <algorithm>
#include <numeric>

#include "nfa/compiler.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

using eventtime::Result;
using eventtime::Timestamp;
using patterns::Pattern;
using patterns::PatternSet;

class Engine::Impl {
 public:
  Impl(PatternSet patterns, const EngineOptions& options)
      : patterns_(std::move(patterns)),
        options_(options),
        events_(patterns_.catalog.types.size(), options.events == EventDetail::kFull) {}

  Result<void> compile() {
    const std::vector<uint32_t> ranks = ranks_by_name();
    for (size_t i = 0; i < patterns_.patterns.size(); ++i) {
      const Pattern& pattern = patterns_.patterns[i];
      Result<nfa::Program> program = nfa::compile(pattern, patterns_.catalog, predicates_);
      if (!program) return eventtime::Unexpected<eventtime::Error>{program.error()};
      keep_texts(*program);
      operators_.push_back(
          std::make_unique<PatternOperator>(std::move(*program), pattern, static_cast<uint32_t>(i),
                                            ranks[i], events_, keys_by(pattern.by), options_));
    }
    add_key_columns();
    return {};
  }

  uint32_t add_input(eventtime::Duration out_of_order, const eventtime::RecordFormat& format) {
    formats_.push_back(&format);
    return reorder_.add_input(out_of_order);
  }

  void push(std::shared_ptr<const eventtime::Batch> batch, std::string& alerts,
            const OnLate& on_late) {
    predicates_.evaluate(*batch, results_);
    LoadedBatch& loaded = shelf_.add(std::move(batch));
    std::swap(loaded.predicates, results_);
    for (const auto& op : operators_) op->mark_concerned(loaded);
    const eventtime::Batch& rows = *loaded.batch;
    stats_.events += rows.rows.size();
    reorder_.push(rows.input, loaded.slot, rows.rows, [&](uint32_t row, Timestamp watermark) {
      ++stats_.late;
      on_late({rows.input, rows.rows[row], watermark});
      shelf_.release(loaded);
    });
    shelf_.release(loaded);
    release(alerts);
  }

  void finish(uint32_t input, std::string& alerts) {
    reorder_.finish(input);
    release(alerts);
    if (reorder_.most_behind()) return;
    for (const auto& op : operators_) op->finish(latest_, formats_, shelf_, pending_alerts_);
    flush(eventtime::kMaxTimestamp, alerts);
  }

  std::optional<uint32_t> next_input() const { return reorder_.most_behind(); }
  const PatternSet& patterns() const { return patterns_; }

  EngineStats stats() const {
    EngineStats stats = stats_;
    stats.arithmetic_errors = predicates_.arithmetic_errors();
    stats.live_events = events_.live();
    stats.live_batches = shelf_.held();
    stats.reordering = reorder_.pending();
    for (const auto& op : operators_) {
      const nfa::MatcherStats& matcher = op->matcher().stats();
      stats.arithmetic_errors += matcher.arithmetic_errors;
      stats.live_keys += op->keys();
      stats.timers += op->timers();
      stats.patterns.push_back(
          {op->pattern().name, op->alerts(), matcher.events, matcher.dropped_starts});
    }
    return stats;
  }

 private:
  // So many look-ups are under way at once: enough to hide the memory's latency.
  static constexpr size_t kBlockEvents = 128;

  // Rank of each pattern among the names: alerts of one time are sorted by it.
  std::vector<uint32_t> ranks_by_name() const {
    std::vector<uint32_t> order(patterns_.patterns.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
      return patterns_.patterns[left].name < patterns_.patterns[right].name;
    });
    std::vector<uint32_t> ranks(order.size());
    for (uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
    return ranks;
  }

  EventKeys& keys_by(const std::vector<patterns::KeyPart>& by) {
    for (const auto& keys : keys_) {
      if (keys->join(by)) return *keys;
    }
    keys_.push_back(std::make_unique<EventKeys>(by));
    return *keys_.back();
  }

  void keep_texts(const nfa::Program& program) {
    for (const nfa::Place& place : program.places) {
      for (const nfa::SlotUpdate& update : place.updates) {
        if (update.column == nfa::kNoColumn) continue;
        const auto& fields = patterns_.catalog.types[place.type].fields;
        if (fields[update.column].type == eventtime::Type::kString) {
          events_.keep_text(place.type, update.column);
        }
      }
    }
  }

  // The columns that are keys, by type: an event with a null in one of them belongs to no key.
  void add_key_columns() {
    key_columns_.resize(patterns_.catalog.types.size());
    for (const Pattern& pattern : patterns_.patterns) {
      for (const patterns::KeyPart& part : pattern.by) {
        if (!part.by_variable.empty()) continue;
        for (const eventtime::TypeId type : pattern.inputs) {
          std::vector<uint32_t>& columns = key_columns_[type];
          const uint32_t column = *part.field_by_type[type];
          if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
            columns.push_back(column);
          }
        }
      }
    }
  }

  bool has_null_key(const eventtime::Batch& batch, const eventtime::Row& row) const {
    const std::vector<uint32_t>& columns = key_columns_[row.type];
    return std::any_of(columns.begin(), columns.end(), [&](uint32_t column) {
      return batch.tables[row.type].columns[column].is_null(row.table_row);
    });
  }

  // Matches all rows whose time is settled, pattern by pattern: patterns do not see each other.
  void release(std::string& alerts) {
    arrivals_.clear();
    reorder_.release(arrivals_);
    if (arrivals_.empty()) return;
    released_.clear();
    for (const eventtime::Arrival& arrival : arrivals_) {
      LoadedBatch& loaded = shelf_.at(arrival.batch);
      ReleasedEvent event;
      event.tested.batch = loaded.batch.get();
      event.tested.row = &loaded.batch->rows[arrival.row];
      event.tested.sequence = ++sequence_;
      event.loaded = &loaded;
      if (has_null_key(*loaded.batch, *event.tested.row)) ++stats_.null_keys;
      released_.push_back(event);
    }
    match();
    for (const ReleasedEvent& event : released_) {
      if (event.tested.stored != nfa::kNoEvent) events_.release(event.tested.stored);
    }
    latest_ = arrivals_.back().time;
    flush(latest_, alerts);
    for (const eventtime::Arrival& arrival : arrivals_) shelf_.release(shelf_.at(arrival.batch));
  }

  // Block by block, so that a block is still near when the next pattern looks at it.
  void match() {
    const std::span<ReleasedEvent> events(released_);
    for (size_t begin = 0; begin < events.size(); begin += kBlockEvents) {
      const auto block = events.subspan(begin, std::min(kBlockEvents, events.size() - begin));
      for (const auto& keys : keys_) keys->begin(block.size());
      for (const auto& op : operators_) op->process(block, formats_, shelf_, pending_alerts_);
    }
    for (const auto& op : operators_) op->clean_up(events.back().tested.row->time, shelf_);
  }

  // Alerts complete before `now` are final: no event released later is earlier than that.
  void flush(Timestamp now, std::string& alerts) {
    const auto final_end = std::stable_partition(
        pending_alerts_.begin(), pending_alerts_.end(), [&](const PendingAlert& alert) {
          return alert.complete < now || now == eventtime::kMaxTimestamp;
        });
    std::stable_sort(pending_alerts_.begin(), final_end,
                     [](const PendingAlert& left, const PendingAlert& right) {
                       if (left.complete != right.complete) return left.complete < right.complete;
                       if (left.pattern_rank != right.pattern_rank) {
                         return left.pattern_rank < right.pattern_rank;
                       }
                       return left.key < right.key;
                     });
    for (auto alert = pending_alerts_.begin(); alert != final_end; ++alert) alerts += alert->line;
    pending_alerts_.erase(pending_alerts_.begin(), final_end);
  }

  PatternSet patterns_;
  EngineOptions options_;
  nfa::PredicateSet predicates_;
  nfa::EventStore events_;
  std::vector<std::unique_ptr<EventKeys>> keys_;
  std::vector<std::unique_ptr<PatternOperator>> operators_;
  std::vector<std::vector<uint32_t>> key_columns_;  // by TypeId
  eventtime::ReorderBuffer reorder_;
  std::vector<const eventtime::RecordFormat*> formats_;  // by input
  BatchShelf shelf_;
  std::vector<PendingAlert> pending_alerts_;
  uint64_t sequence_ = 0;
  Timestamp latest_;  // the largest event time so far
  EngineStats stats_;

  // Reused from push to push.
  std::vector<eventtime::Arrival> arrivals_;
  std::vector<ReleasedEvent> released_;
  nfa::PredicateResults results_;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(PatternSet patterns, const EngineOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(patterns), options);
  const Result<void> compiled = impl->compile();
  if (!compiled) return eventtime::Unexpected<eventtime::Error>{compiled.error()};
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

uint32_t Engine::add_input(eventtime::Duration out_of_order,
                           const eventtime::RecordFormat& format) {
  return impl_->add_input(out_of_order, format);
}

void Engine::push(std::shared_ptr<const eventtime::Batch> batch, std::string& alerts,
                  const OnLate& on_late) {
  impl_->push(std::move(batch), alerts, on_late);
}

void Engine::finish(uint32_t input, std::string& alerts) {
  impl_->finish(input, alerts);
}
std::optional<uint32_t> Engine::next_input() const {
  return impl_->next_input();
}
const PatternSet& Engine::patterns() const {
  return impl_->patterns();
}
EngineStats Engine::stats() const {
  return impl_->stats();
}

}  // namespace tocsin::runtime
