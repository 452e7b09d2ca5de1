#include "runtime/engine.h"

#include <algorithm>
#include <deque>
#include <numeric>

#include "nfa/compiler.h"
#include "runtime/alert_queue.h"
#include "runtime/derived_events.h"
#include "runtime/dispatcher.h"
#include "runtime/run_operator.h"
#include "runtime/start_operator.h"

namespace tocsin::runtime {

using eventtime::Result;
using eventtime::Timestamp;
using patterns::Pattern;
using patterns::PatternSet;

namespace {

// So many look-ups are under way at once: enough to hide the memory's latency.
constexpr size_t kBlockEvents = 128;

// By pattern: 0 for those that use input events only, else above all whose events they use. The
// binder refuses cycles.
std::vector<size_t> levels_of(const std::vector<Pattern>& patterns) {
  std::vector<size_t> levels(patterns.size());
  const auto feeds = [&](size_t from, size_t to) {
    const auto takes = [&](const std::optional<patterns::EmittedEvent>& event) {
      const auto& inputs = patterns[to].inputs;
      return event && std::binary_search(inputs.begin(), inputs.end(), event->type);
    };
    return takes(patterns[from].emitted_event) || takes(patterns[from].timeout_event);
  };
  std::vector<size_t> sources;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].emitted_event || patterns[i].timeout_event) sources.push_back(i);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t to = 0; to < patterns.size(); ++to) {
      for (const size_t from : sources) {
        if (levels[to] > levels[from] || !feeds(from, to)) continue;
        levels[to] = levels[from] + 1;
        changed = true;
      }
    }
  }
  return levels;
}

// The ways from events to the keys of a pattern: one, unless each step names its own fields.
struct DoorPlan {
  std::vector<patterns::KeyPart> by;  // with field_by_type set
  std::vector<uint32_t> variables;
};

std::vector<DoorPlan> plan_doors(const Pattern& pattern) {
  const bool by_step = std::any_of(pattern.by.begin(), pattern.by.end(),
                                   [](const auto& part) { return !part.by_variable.empty(); });
  if (!by_step) return {{pattern.by, {}}};
  std::vector<DoorPlan> doors;
  for (uint32_t variable = 0; variable < pattern.variables.size(); ++variable) {
    DoorPlan door{pattern.by, {variable}};
    for (patterns::KeyPart& part : door.by) {
      part.name += "/" + pattern.name + "/" + std::to_string(variable);  // shared with no other
      if (part.by_variable.empty()) continue;
      part.field_by_type = std::move(part.by_variable[variable]);
    }
    const auto same = std::find_if(doors.begin(), doors.end(), [&](const DoorPlan& other) {
      return std::equal(other.by.begin(), other.by.end(), door.by.begin(),
                        [](const auto& left, const auto& right) {
                          return left.field_by_type == right.field_by_type;
                        });
    });
    if (same != doors.end()) {
      same->variables.push_back(variable);
    } else {
      doors.push_back(std::move(door));
    }
  }
  return doors;
}

// Patterns that can be matched at the same time, and what they wait for.
struct Level {
  std::vector<PatternOperator*> concerned;  // by the present block
  std::vector<std::unique_ptr<EventKeys>> keys;
  // Of higher levels: input events and derived ones that are not matched yet, each in order.
  std::deque<ReleasedEvent> waiting;
  std::deque<ReleasedEvent> derived;
  uint64_t sequence = 0;
};

}  // namespace

class Engine::Impl {
 public:
  Impl(PatternSet patterns, const EngineOptions& options)
      : patterns_(std::move(patterns)),
        options_(options),
        dispatcher_(patterns_.catalog.types.size()),
        events_(patterns_.catalog.types.size(), options.events == EventDetail::kFull),
        formats_{&object_format()} {}

  Result<void> compile() {
    const std::vector<uint32_t> ranks = ranks_by_name();
    std::vector<size_t> levels = levels_of(patterns_.patterns);
    const size_t top = levels.empty() ? 0 : *std::max_element(levels.begin(), levels.end());
    levels_ = std::vector<Level>(top + 1);
    queue_.emplace(patterns_.patterns, levels_.size());
    key_columns_.resize(patterns_.catalog.types.size());
    all_key_columns_.resize(patterns_.catalog.types.size());
    for (size_t i = 0; i < patterns_.patterns.size(); ++i) {
      const Pattern& pattern = patterns_.patterns[i];
      Result<nfa::Program> program =
          nfa::compile(pattern, patterns_.catalog, dispatcher_.predicates());
      if (!program) return eventtime::Unexpected<eventtime::Error>{program.error()};
      keep_texts(*program);
      Level& level = levels_[levels[i]];
      operators_.push_back(make_operator({*std::move(program), pattern, static_cast<uint32_t>(i),
                                          ranks[i], events_, doors_of(pattern, level), options_}));
      operators_.back()->concern(dispatcher_);
    }
    level_of_ = std::move(levels);
    return {};
  }

  uint32_t add_input(eventtime::Duration out_of_order, const eventtime::RecordFormat& format) {
    formats_.insert(formats_.end() - 1, &format);
    return reorder_.add_input(out_of_order);
  }

  void push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
            const OnLate& on_late) {
    LoadedBatch& loaded = load(std::move(batch));
    const eventtime::Batch& rows = *loaded.batch;
    stats_.events += rows.rows.size();
    const bool has_null_keys = find_null_keys(rows);
    reorder_.push(rows.input, loaded.slot, rows.rows, loaded.concerned,
                  [&](uint32_t row, Timestamp watermark) {
                    ++stats_.late;
                    on_late({rows.input, rows.rows[row], watermark});
                    if (has_null_keys) null_keys_.clear(row);
                    if (loaded.concerned.test(row)) shelf_.release(loaded);
                  });
    if (has_null_keys) stats_.null_keys += null_keys_.count();
    shelf_.release(loaded);
    release();
    if (reorder_.settled() > settled_) {
      settled_ = reorder_.settled();
      settle(settled_, on_alert);
    }
  }

  void advance(uint32_t input, Timestamp time, const OnAlert& on_alert) {
    reorder_.advance(input, time);
    release();
    settled_ = reorder_.settled();
    if (settled_ != eventtime::kMaxTimestamp) settle(settled_, on_alert);
  }

  void finish(uint32_t input, const OnAlert& on_alert) {
    reorder_.finish(input);
    release();
    if (!reorder_.most_behind()) settle(eventtime::kMaxTimestamp, on_alert);
  }

  std::optional<uint32_t> next_input() const { return reorder_.most_behind(); }
  const PatternSet& patterns() const { return patterns_; }

  EngineStats stats() const {
    EngineStats stats = stats_;
    stats.arithmetic_errors = dispatcher_.predicates().arithmetic_errors();
    stats.suppressed = queue_->suppressed();
    stats.live_events = events_.live();
    stats.live_batches = shelf_.held();
    stats.reordering = reorder_.pending();
    for (size_t i = 0; i < operators_.size(); ++i) {
      const PatternOperator& op = *operators_[i];
      const nfa::MatcherStats& matcher = op.matcher().stats();
      stats.arithmetic_errors += matcher.arithmetic_errors;
      stats.live_keys += op.keys();
      stats.timers += op.timers();
      stats.live_events += op.light_events();
      stats.patterns.push_back(
          {op.pattern().name, queue_->emitted(i), matcher.events, matcher.dropped_starts});
    }
    return stats;
  }

 private:
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

  std::unique_ptr<PatternOperator> make_operator(OperatorParts parts) const {
    if (options_.plan == PlanChoice::kBest && nfa::plan_starts(parts.program).plan) {
      const nfa::TypeId type = parts.program.places[nfa::kFirstPlace].type;
      return std::make_unique<StartOperator>(std::move(parts), patterns_.catalog.types[type]);
    }
    return std::make_unique<RunOperator>(std::move(parts));
  }

  Surroundings around(size_t level) { return {formats_, shelf_, queue_->found(level)}; }

  std::vector<Door> doors_of(const Pattern& pattern, Level& level) {
    const std::vector<DoorPlan> plans = plan_doors(pattern);
    std::vector<Door> doors;
    std::vector<KeyColumns> columns(patterns_.catalog.types.size());
    for (const DoorPlan& plan : plans) {
      Door door;
      door.keys = &keys_by(plan.by, level);
      if (!plan.variables.empty()) door.variables.reset(pattern.variables.size());
      for (const uint32_t variable : plan.variables) door.variables.set(variable);
      door.types.resize(patterns_.catalog.types.size());
      for (const eventtime::TypeId type : pattern.inputs) {
        door.types[type] = std::all_of(plan.by.begin(), plan.by.end(), [&](const auto& part) {
          return type < part.field_by_type.size() && part.field_by_type[type];
        });
        if (!door.types[type] || plan.by.empty()) continue;
        std::vector<uint32_t>& door_columns = columns[type].emplace_back();
        for (const auto& part : plan.by) door_columns.push_back(*part.field_by_type[type]);
      }
      doors.push_back(std::move(door));
    }
    for (const eventtime::TypeId type : pattern.inputs) {
      auto& known = key_columns_[type];
      for (const std::vector<uint32_t>& door : columns[type]) {
        all_key_columns_[type].insert(all_key_columns_[type].end(), door.begin(), door.end());
      }
      const bool is_new = std::find(known.begin(), known.end(), columns[type]) == known.end();
      if (is_new && !columns[type].empty()) known.push_back(std::move(columns[type]));
    }
    return doors;
  }

  static EventKeys& keys_by(const std::vector<patterns::KeyPart>& by, Level& level) {
    for (const auto& keys : level.keys) {
      if (keys->join(by)) return *keys;
    }
    level.keys.push_back(std::make_unique<EventKeys>(by));
    return *level.keys.back();
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

  // Finds the rows that belong to no key of some pattern: each of its doors meets a null.
  bool find_null_keys(const eventtime::Batch& batch) {
    const auto has_nulls = [&](size_t type) {
      const auto& columns = batch.tables[type].columns;
      return std::any_of(all_key_columns_[type].begin(), all_key_columns_[type].end(),
                         [&](uint32_t column) { return columns[column].nulls().any(); });
    };
    bool any = false;
    for (size_t type = 0; type < batch.tables.size(); ++type) any = any || has_nulls(type);
    if (!any) return false;
    null_keys_.reset(batch.rows.size());
    for (size_t row = 0; row < batch.rows.size(); ++row) {
      if (has_null_key(batch, batch.rows[row])) null_keys_.set(row);
    }
    return true;
  }

  bool has_null_key(const eventtime::Batch& batch, const eventtime::Row& row) const {
    const auto is_null = [&](uint32_t column) {
      return batch.tables[row.type].columns[column].is_null(row.table_row);
    };
    const auto is_shut = [&](const std::vector<uint32_t>& columns) {
      return std::any_of(columns.begin(), columns.end(), is_null);
    };
    const std::vector<KeyColumns>& all = key_columns_[row.type];
    return std::any_of(all.begin(), all.end(), [&](const KeyColumns& doors) {
      return std::all_of(doors.begin(), doors.end(), is_shut);
    });
  }

  // Held for each row that will be released, and once more.
  LoadedBatch& load(std::shared_ptr<const eventtime::Batch> batch) {
    LoadedBatch& loaded = shelf_.add(std::move(batch));
    dispatcher_.decide(loaded);
    BatchShelf::hold(loaded, loaded.concerned.count());
    return loaded;
  }

  static ReleasedEvent event_of(LoadedBatch& loaded, uint32_t row) {
    ReleasedEvent event;
    event.tested.batch = loaded.batch.get();
    event.tested.row = &loaded.batch->rows[row];
    event.loaded = &loaded;
    return event;
  }

  // Matches all rows whose time is settled, pattern by pattern: patterns do not see each other.
  void release() {
    arrivals_.clear();
    reorder_.release(arrivals_);
    if (arrivals_.empty()) return;
    released_.clear();
    for (const eventtime::Arrival& arrival : arrivals_) {
      released_.push_back(event_of(shelf_.at(arrival.batch), arrival.row));
    }
    for (size_t level = 1; level < levels_.size(); ++level) {
      for (const ReleasedEvent& event : released_) {
        BatchShelf::hold(*event.loaded);
        levels_[level].waiting.push_back(event);
      }
    }
    match(0);
  }

  // The events of `released_`, block by block, so that a block is still near when the next pattern
  // looks at it. Releases them.
  void match(size_t number) {
    Level& level = levels_[number];
    const std::span<ReleasedEvent> events(released_);
    for (ReleasedEvent& event : events) event.tested.sequence = ++level.sequence;
    for (size_t begin = 0; begin < events.size(); begin += kBlockEvents) {
      match_block(number, events.subspan(begin, std::min(kBlockEvents, events.size() - begin)));
    }
    for (const ReleasedEvent& event : events) {
      if (event.tested.stored != nfa::kNoEvent) events_.release(event.tested.stored);
      shelf_.release(*event.loaded);
    }
  }

  void match_block(size_t number, std::span<ReleasedEvent> block) {
    Level& level = levels_[number];
    for (const auto& keys : level.keys) keys->begin(block.size());
    level.concerned.clear();
    for (size_t i = 0; i < block.size(); ++i) {
      ReleasedEvent& event = block[i];
      const auto row = static_cast<size_t>(event.tested.row - event.loaded->batch->rows.data());
      dispatcher_.visit(*event.loaded, row, [&](uint32_t pattern, bool may_begin) {
        if (level_of_[pattern] != number) return;
        PatternOperator& op = *operators_[pattern];
        if (op.route(event, i, may_begin)) level.concerned.push_back(&op);
        if (may_begin) dispatcher_.activate(pattern);  // for what comes behind it in the block
      });
    }
    // Their order does not matter to alerts.
    for (PatternOperator* op : level.concerned) {
      op->process(around(number));
    }
  }

  // All events before `now` have been released: level by level, decides what is over, and gives its
  // alerts out and on. kMaxTimestamp: the inputs have ended.
  void settle(Timestamp now, const OnAlert& on_alert) {
    for (size_t number = 0; number < levels_.size(); ++number) {
      if (number > 0) match_waiting(number, now);
      Timestamp until = now;
      const std::vector<uint32_t> active = dispatcher_.active();  // the others wait for nothing
      for (const uint32_t pattern : active) {
        if (level_of_[pattern] == number) until = std::min(until, pass_time(pattern, now));
      }
      derived_.clear();
      queue_->settle(number, until, derived_, [&](const PendingAlert& alert) {
        operators_[alert.pattern]->give_out(alert, formats_, nullptr);
      });
      if (!derived_.empty()) pass_on(number);
      now = until;
    }
    queue_->flush(now, [&](const PendingAlert& alert) {
      operators_[alert.pattern]->give_out(alert, formats_, on_alert);
    });
  }

  // Returns from when on the pattern may still have alerts.
  Timestamp pass_time(uint32_t pattern, Timestamp now) {
    PatternOperator& op = *operators_[pattern];
    op.advance(now, around(level_of_[pattern]));
    if (now == eventtime::kMaxTimestamp) {
      op.finish(reorder_.latest_row(), around(level_of_[pattern]));
    }
    if (op.keys() == 0) dispatcher_.deactivate(pattern);
    return op.held_from();
  }

  // Of a higher level: events before `now`, those of the inputs first where times are equal.
  void match_waiting(size_t number, Timestamp now) {
    Level& level = levels_[number];
    const auto is_due = [&](const std::deque<ReleasedEvent>& events) {
      return !events.empty() &&
             (events.front().tested.row->time < now || now == eventtime::kMaxTimestamp);
    };
    const auto take = [&](std::deque<ReleasedEvent>& events) {
      released_.push_back(events.front());
      events.pop_front();
    };
    released_.clear();
    while (is_due(level.waiting) || is_due(level.derived)) {
      const bool input_first =
          is_due(level.waiting) &&
          (!is_due(level.derived) ||
           level.waiting.front().tested.row->time <= level.derived.front().tested.row->time);
      take(input_first ? level.waiting : level.derived);
    }
    match(number);
  }

  // Gives derived events to all higher levels.
  void pass_on(size_t from) {
    LoadedBatch& loaded = load(to_batch(patterns_.catalog, derived_));
    for (size_t number = from + 1; number < levels_.size(); ++number) {
      std::deque<ReleasedEvent>& events = levels_[number].derived;
      const auto in_order = [](const ReleasedEvent& left, const ReleasedEvent& right) {
        return left.tested.row->time < right.tested.row->time;
      };
      for (uint32_t row = 0; row < loaded.batch->rows.size(); ++row) {
        if (!loaded.concerned.test(row)) continue;
        BatchShelf::hold(loaded);
        const ReleasedEvent event = event_of(loaded, row);
        events.insert(std::upper_bound(events.begin(), events.end(), event, in_order), event);
      }
    }
    const size_t rows = loaded.concerned.count();
    for (size_t i = 0; i <= rows; ++i) shelf_.release(loaded);
  }

  // By door, the columns of a key.
  using KeyColumns = std::vector<std::vector<uint32_t>>;

  PatternSet patterns_;
  EngineOptions options_;
  Dispatcher dispatcher_;
  nfa::EventStore events_;
  std::vector<Level> levels_;
  std::vector<std::unique_ptr<PatternOperator>> operators_;
  std::vector<size_t> level_of_;                        // by operator
  std::vector<std::vector<KeyColumns>> key_columns_;    // by TypeId, of each `by` once
  std::vector<std::vector<uint32_t>> all_key_columns_;  // by TypeId
  eventtime::ReorderBuffer reorder_;
  std::vector<const eventtime::RecordFormat*> formats_;  // by input, then of derived events
  BatchShelf shelf_;
  std::optional<AlertQueue> queue_;
  Timestamp settled_ = eventtime::kMinTimestamp;  // what has been decided
  EngineStats stats_;

  // Reused from push to push.
  std::vector<eventtime::Arrival> arrivals_;
  std::vector<ReleasedEvent> released_;
  std::vector<DerivedEvent> derived_;
  eventtime::BitSet null_keys_;
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

void Engine::push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
                  const OnLate& on_late) {
  impl_->push(std::move(batch), on_alert, on_late);
}

void Engine::advance(uint32_t input, Timestamp time, const OnAlert& on_alert) {
  impl_->advance(input, time, on_alert);
}
void Engine::finish(uint32_t input, const OnAlert& on_alert) {
  impl_->finish(input, on_alert);
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
