#include "runtime/pattern_operator.h"

#include <xxhash.h>

#include <algorithm>

#include "eventtime/check.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {
namespace {

void add_once(std::vector<nfa::StepPredicate>& list, nfa::StepPredicate predicate) {
  if (std::find(list.begin(), list.end(), predicate) == list.end()) list.push_back(predicate);
}

PatternVersion version_of(const OperatorParts& parts) {
  const auto& versions = parts.options.versions;
  PatternVersion version;
  if (!versions.empty()) version = versions[parts.number];
  if (version.state.empty()) version.state = parts.pattern.name;
  return version;
}

bool any_holds(const std::vector<nfa::StepPredicate>& predicates, const ReleasedEvent& event) {
  return std::any_of(predicates.begin(), predicates.end(), [&](nfa::StepPredicate predicate) {
    return event.loaded->predicates.holds(predicate, event.tested.row->table_row);
  });
}

}  // namespace

std::string key_record(std::string_view state_name, std::string_view key) {
  std::string record = "k";
  record += state_name;
  record += '\0';
  record += key;
  return record;
}

PatternOperator::PatternOperator(OperatorParts parts)
    : number_(parts.number),
      rank_(parts.rank),
      name_hash_(XXH3_64bits(parts.pattern.name.data(), parts.pattern.name.size())),
      key_parts_(&parts.pattern.by),
      program_(std::move(parts.program)),
      format_(parts.pattern, parts.options),
      version_(version_of(parts)),
      events_(parts.events),
      doors_(std::move(parts.doors)),
      max_starts_(parts.options.max_starts),
      own_matcher_(parts.matcher != nullptr
                       ? nullptr
                       : std::make_unique<nfa::Matcher>(program_, events_, max_starts_)),
      matcher_(own_matcher_ ? *own_matcher_ : *parts.matcher),
      counts_matcher_(parts.counts_matcher),
      takes_derived_(parts.takes_derived),
      key_values_(parts.work.key_values),
      key_text_(parts.work.key_text),
      matches_(parts.work.matches) {
  const patterns::Pattern& pattern = parts.pattern;
  const size_t types = pattern.inputs.empty() ? 0 : size_t{pattern.inputs.back()} + 1;
  takes_.resize(types);
  first_steps_.resize(types);
  later_steps_.resize(types);
  for (const eventtime::TypeId type : pattern.inputs) takes_[type] = true;
  for (const nfa::Edge& edge : program_.places[nfa::kStartPlace].edges) {
    const nfa::Place& place = program_.places[edge.target];
    add_once(first_steps_[place.type], place.local);
  }
  for (size_t i = 1; i < program_.places.size(); ++i) {
    for (const nfa::Edge& edge : program_.places[i].edges) {
      if (edge.target == nfa::kEndPlace) continue;
      const nfa::Place& place = program_.places[edge.target];
      add_once(later_steps_[place.type], place.local);
    }
  }
  for (const nfa::Test& test : program_.tests) {
    add_once(later_steps_[test.type], test.local);
  }
  // A look-back must know of events that come when the key has no state yet.
  for (const nfa::LookBack& look_back : program_.look_backs) {
    const nfa::Test& test = program_.tests[look_back.test];
    add_once(first_steps_[test.type], test.local);
  }
  has_one_way_ = doors_.size() == 1 && !version_.since && !version_.until &&
                 std::equal(takes_.begin(), takes_.end(), doors_[0].types.begin());
  by_step_ = std::any_of(pattern.by.begin(), pattern.by.end(),
                         [](const auto& part) { return !part.by_variable.empty(); });
  if (by_step_) program_.starts_wait = false;  // what waits does not say by which door it came
  is_plain_ = !pattern.emitted_event && !pattern.timeout_event && !pattern.suppress;
  reads_key_ = !is_plain_ || program_.having.has_value();
  if (pattern.suppress) {
    for (const patterns::Expr& by : pattern.suppress->by) {
      suppress_by_.push_back(nfa::Code::compile(by));
    }
  }
  if (parts.spill != nullptr) {
    const eventtime::Duration span = program_.within.value_or(kUsualSpan);
    spilled_ = std::make_unique<SpilledKeys>(parts.spill->files, parts.spill->writer,
                                             key_record(version_.state, {}), span);
    types_ = &parts.spill->types;
  }
}

PatternOperator::~PatternOperator() = default;

nfa::MatcherStats PatternOperator::stats() const {
  nfa::MatcherStats stats = counts_;
  if (counts_matcher_) stats += matcher_.stats();
  return stats;
}

// A key has several events in a block, seldom: then it is back already.
void PatternOperator::thaw_routed() {
  if (!spilled_ || spilled_->size() == 0) return;
  std::optional<nfa::RestoredEvents> events;
  for (const Routed& routed : routed_) {
    if (!spilled_->may_have(routed.tag)) continue;
    const std::optional<std::string_view> state = spilled_->take(routed.key, routed.tag);
    if (!state) continue;
    if (!events) events.emplace(events_, *types_);
    take_over(routed.key, routed.tag, *state, *events);
  }
}

void PatternOperator::thaw_due(eventtime::Timestamp now) {
  if (!spilled_ || spilled_->size() == 0) return;
  nfa::RestoredEvents events(events_, *types_);
  spilled_->take_due(now, [&](std::string_view key, uint32_t tag, std::string_view state) {
    take_over(key, tag, state, events);
  });
}

void PatternOperator::thaw_all(const std::function<void()>& pause) {
  if (!spilled_ || spilled_->size() == 0) return;
  constexpr size_t kAtOnce = 4096;
  spilled_->take_all(
      kAtOnce,
      [&](std::string_view key, uint32_t tag, std::string_view state) {
        nfa::RestoredEvents events(events_, *types_);
        take_over(key, tag, state, events);
      },
      pause);
  pause();
}

void PatternOperator::take_over(std::string_view key, uint32_t tag, std::string_view state,
                                nfa::RestoredEvents& events) {
  TOCSIN_CHECK(thaw(key, tag, state, events), "what was saved in this process can be read again");
}

bool PatternOperator::may_begin(const ReleasedEvent& event) const {
  return any_holds(first_steps_[event.tested.row->type], event);
}

bool PatternOperator::may_follow(const ReleasedEvent& event) const {
  return program_.sees_every_event || any_holds(later_steps_[event.tested.row->type], event);
}

void PatternOperator::concern(Dispatcher& dispatcher) const {
  for (size_t i = 0; i < takes_.size(); ++i) {
    if (!takes_[i]) continue;
    const auto type = static_cast<eventtime::TypeId>(i);
    if (program_.sees_every_event) {
      dispatcher.add_all(number_, type);
    } else {
      dispatcher.add(number_, first_steps_[type], later_steps_[type]);
    }
  }
}

bool PatternOperator::route(ReleasedEvent& event, size_t index, bool may_begin,
                            const KeyShare& share) {
  if (!routed_.empty() && routed_.back().index == index) return true;  // by another condition
  if (has_one_way_) return enter(0, event, index, may_begin, true, share);
  const eventtime::Batch& batch = *event.loaded->batch;
  const eventtime::Row& row = *event.tested.row;
  if (version_.since && version_.since->is_behind(batch, row)) return false;
  const bool begins = !version_.until || version_.until->is_behind(batch, row);
  bool entered = false;
  for (uint32_t number = 0; number < doors_.size(); ++number) {
    if (!doors_[number].types[row.type]) continue;
    entered |= enter(number, event, index, may_begin && begins, begins, share);
  }
  return entered;
}

inline bool PatternOperator::enter(uint32_t number, ReleasedEvent& event, size_t index,
                                   bool may_begin, bool begins, const KeyShare& share) {
  const Door& door = doors_[number];
  const EventKeys::Key& key = door.keys->of(index, event.tested);
  if (key.is_null || !share.has(key.tag)) return false;
  // What comes before it in the block may still make the key known.
  if (!may_begin && routed_.empty() && !may_know(key.tag) && !is_spilled(key.tag)) return false;
  key_index_->prefetch(key.tag);
  routed_.push_back({&event, key.text(), key.tag, static_cast<uint32_t>(index), number, begins,
                     door.variables.size() == 0 ? nullptr : &door.variables});
  return true;
}

// An event that enters one key by several doors enters it once, for the steps of all of them.
void PatternOperator::merge_doors() {
  size_t kept = 0;
  for (size_t i = 0; i < routed_.size(); ++i) {
    size_t same = kept;
    for (size_t j = kept; j > 0 && routed_[j - 1].event == routed_[i].event; --j) {
      if (routed_[j - 1].key == routed_[i].key) same = j - 1;
    }
    if (same < kept) {
      routed_[same].variables = united(routed_[same].variables, routed_[i].variables);
    } else {
      routed_[kept++] = routed_[i];
    }
  }
  routed_.resize(kept);
}

const eventtime::BitSet* PatternOperator::united(const eventtime::BitSet* left,
                                                 const eventtime::BitSet* right) {
  const auto [entry, is_new] = united_doors_.try_emplace({left, right}, *left);
  if (is_new) {
    const auto more = right->words();
    for (size_t i = 0; i < more.size(); ++i) entry->second.words()[i] |= more[i];
  }
  return &entry->second;
}

void PatternOperator::read_key(std::string_view encoded) {
  decode_key(encoded, *key_parts_, key_values_, key_text_);
}

void PatternOperator::emit(std::string_view key, const Surroundings& around) {
  for (const nfa::Match& match : matches_) {
    PendingAlert& alert = around.alerts.emplace_back();
    alert.complete = match.complete;
    alert.pattern = number_;
    alert.rank = rank_;
    alert.timeout = match.timeout;
    alert.start = match.start;
    alert.key = key;
    alert.node = match.node;
    if (is_plain_) continue;
    const auto& event = match.timeout ? pattern().timeout_event : pattern().emitted_event;
    const nfa::EvalContext context = matcher_.context_of(match.node, key_values_);
    if (event) {
      const auto& codes = match.timeout ? program_.timeout_emit : program_.emit;
      const uint64_t id = described(alert, match.node, key_values_, around.formats).id().high;
      alert.derived =
          std::make_unique<DerivedEvent>(derive(*event, codes, context, match.complete, id));
    }
    if (pattern().suppress && suppress_by_.empty()) alert.group = key;
    for (const nfa::Code& by : suppress_by_) append_value(alert.group, by.evaluate(context));
    matcher_.scratch().clear();
  }
}

void PatternOperator::emit_set(std::string_view key, eventtime::Timestamp complete,
                               std::unique_ptr<nfa::MatchSet> set, uint64_t matches,
                               const Surroundings& around) const {
  PendingAlert& alert = around.alerts.emplace_back();
  alert.complete = complete;
  alert.pattern = number_;
  alert.rank = rank_;
  alert.key = key;
  alert.set = std::move(set);
  alert.matches = matches;
}

Alert PatternOperator::described(const PendingAlert& alert, nfa::NodeId node,
                                 std::span<const eventtime::Value> key,
                                 std::span<const eventtime::RecordFormat* const> formats) {
  return Alert({format_, program_, matcher_, events_, formats, alert.key, key}, node,
               alert.complete, alert.timeout, alert.suppressed);
}

void PatternOperator::give_out(const PendingAlert& alert,
                               std::span<const eventtime::RecordFormat* const> formats,
                               const VisitMatch& on_match,
                               const std::function<void(const Alert&)>& on_alert) {
  if (on_alert) {
    read_key(alert.key);
    visit_matches(alert, [&](nfa::NodeId node) {
      on_match(node);
      on_alert(described(alert, node, key_values_, formats));
      matcher_.scratch().clear();  // texts that were computed for the alert
    });
  }
  release_match(alert);
}

}  // namespace tocsin::runtime
