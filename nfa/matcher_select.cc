// The part of Matcher that chooses among complete matches: skip strategies, `leftmost`, timeouts.
#include <algorithm>
#include <bit>

#include "nfa/matcher.h"

namespace tocsin::nfa {

using patterns::SkipKind;

uint64_t Matcher::skip_target(NodeId match) const {
  uint64_t target = 0;
  for (NodeId at = match; at != kRootNode; at = buffer_.node(at).parent) {
    if (program_.places[buffer_.node(at).place].variable != program_.skip_variable) continue;
    target = buffer_.event(at).sequence;
    if (program_.skip == SkipKind::kToLast) break;
  }
  return target;
}

// By the first difference of their decisions (language page 3.7). Where one ends and the other goes
// on, ending is a decision like another.
bool Matcher::comes_first(const Candidate& left, const Candidate& right) const {
  if (left.node == right.node) return left.edge < right.edge;
  if (const NodeId behind = buffer_.behind(left.node, right.node); behind != kRootNode) {
    return left.edge < buffer_.node(behind).edge;
  }
  if (const NodeId behind = buffer_.behind(right.node, left.node); behind != kRootNode) {
    return buffer_.node(behind).edge < right.edge;
  }
  return buffer_.preferred(left.node, right.node);
}

// Language page 3.7: candidates of this moment, earliest first event first, then by preference;
// each is emitted unless one emitted before excludes it.
void Matcher::select(KeyState& state, std::span<const Value> key, std::vector<Match>& matches) {
  std::sort(candidates_.begin(), candidates_.end(),
            [&](const Candidate& left, const Candidate& right) {
              if (left.start != right.start) return left.start < right.start;
              return comes_first(left, right);
            });
  if (program_.leftmost) return choose_best(state, key);
  const size_t first_match = matches.size();
  emitted_starts_.clear();
  uint64_t excluded_before = 0;  // first events with a smaller sequence
  for (const Candidate& candidate : candidates_) {
    if (is_excluded(candidate, matches, first_match, excluded_before) ||
        (program_.having && !program_.having->holds(context_of(candidate.node, key)))) {
      buffer_.release(candidate.node);
      continue;
    }
    matches.push_back({candidate.node, candidate.complete, false, 0});
    emitted_starts_.push_back(candidate.start);
    excluded_before = std::max(excluded_before, exclude_by(candidate));
    if (program_.skip == SkipKind::kNone) drop_repeated(state, candidate);
  }
  const bool excludes = program_.skip != SkipKind::kNone || program_.reports_timeout;
  if (excludes && !emitted_starts_.empty()) exclude(state, excluded_before);
}

bool Matcher::is_excluded(const Candidate& candidate, const std::vector<Match>& matches,
                          size_t first_match, uint64_t excluded_before) const {
  const bool started_one = !emitted_starts_.empty() && emitted_starts_.back() == candidate.start;
  if (program_.skip != SkipKind::kNone) return started_one || candidate.start < excluded_before;
  return started_one && is_repeated(candidate, matches, first_match);
}

// First events before this sequence are excluded by an emitted match.
uint64_t Matcher::exclude_by(const Candidate& match) {
  switch (program_.skip) {
    case SkipKind::kPastLast:
      return buffer_.event(match.node).sequence + 1;
    case SkipKind::kToFirst:
    case SkipKind::kToLast:
      return skip_target(match.node);
    case SkipKind::kToNext:
    case SkipKind::kNone:
      break;
  }
  return 0;
}

// Another way to the same bindings is the same match; only `skip none` lets both come here.
bool Matcher::is_repeated(const Candidate& candidate, const std::vector<Match>& matches,
                          size_t first_match) const {
  if (!program_.ambiguous) return false;
  for (size_t i = matches.size(); i-- > first_match;) {
    if (emitted_starts_[i - first_match] != candidate.start) return false;
    if (buffer_.same_bindings(matches[i].node, candidate.node)) return true;
  }
  return false;
}

// Ways to the same bindings that would be complete later: the earliest moment counts.
void Matcher::drop_repeated(KeyState& state, const Candidate& candidate) {
  if (!program_.ambiguous || !program_.timed) return;
  for (Run& run : state.runs) {
    const Place& place = program_.places[run.place];
    if (run.start != candidate.start || (run.alive & place.pending_edges) == 0) continue;
    if (buffer_.same_bindings(run.node, candidate.node)) run.alive &= ~place.pending_edges;
  }
  erase_runs(state.runs, [&](const Run& run) {
    if (run.alive != 0) return false;
    buffer_.release(run.node);
    return true;
  });
  state.starts = count_starts(state.runs);
}

void Matcher::exclude(KeyState& state, uint64_t before) {
  const auto emitted = [&](uint64_t start) {
    return std::binary_search(emitted_starts_.begin(), emitted_starts_.end(), start);
  };
  if (program_.skip != SkipKind::kNone) {
    erase_runs(state.runs, [&](const Run& run) {
      if (run.start >= before && !emitted(run.start)) return false;
      buffer_.release(run.node);
      return true;
    });
    state.starts = count_starts(state.runs);
  }
  if (state.history == nullptr) return;
  std::erase_if(state.history->starts, [&](Start& start) {
    // With `leftmost`, those before it have been decided without a match.
    const bool decided = program_.leftmost && start.sequence < emitted_starts_.front();
    const bool gone = !decided && (start.sequence < before || emitted(start.sequence));
    if (gone) drop_start(start);
    start.emitted = start.emitted || gone;
    return gone && (program_.skip != SkipKind::kNone || !has_run(state, start.sequence));
  });
  drop_empty_history(state);
}

size_t Matcher::count_starts(const Runs& runs) {
  size_t starts = 0;
  uint64_t last = 0;
  for (const Run& run : runs) {
    if (run.start != last) ++starts;
    last = run.start;
  }
  return starts;
}

bool Matcher::has_run(const KeyState& state, uint64_t start) {
  const auto run = std::lower_bound(state.runs.begin(), state.runs.end(), start,
                                    [](const Run& r, uint64_t wanted) { return r.start < wanted; });
  return run != state.runs.end() && run->start == start;
}

// ---- what is kept of first events ----

namespace {

// Where the first event of this sequence stands, or would.
auto find_start(std::vector<Start>& starts, uint64_t sequence) {
  return std::lower_bound(
      starts.begin(), starts.end(), sequence,
      [](const Start& start, uint64_t wanted) { return start.sequence < wanted; });
}

}  // namespace

// Tells the first event of a run how far it has come.
void Matcher::note(KeyState& state, const Run& run) {
  if (state.history == nullptr) state.history = std::make_unique<KeyHistory>();
  std::vector<Start>& starts = state.history->starts;
  auto start = find_start(starts, run.start);
  if (start == starts.end() || start->sequence != run.start) {
    Start added;
    added.sequence = run.start;
    added.window_end = window_end(run);
    start = starts.insert(start, added);
    if (program_.reports_timeout) hold(start->window_end);
  }
  if (!program_.reports_timeout || start->emitted) return;
  const NodeId known = start->furthest;
  if (known != kRootNode) {
    const uint32_t depth = buffer_.node(known).depth;
    const uint32_t reached = buffer_.node(run.node).depth;
    if (reached < depth || (reached == depth && !buffer_.preferred(run.node, known))) return;
    buffer_.release(known);
  }
  buffer_.retain(run.node);
  start->furthest = run.node;
}

void Matcher::drop_start(Start& start) {
  if (start.furthest != kRootNode) {
    buffer_.release(start.furthest);
    let_go(start.window_end);
  }
  if (start.best != kRootNode) {
    buffer_.release(start.best);
    let_go(start.best_complete);
  }
  start.furthest = kRootNode;
  start.best = kRootNode;
}

void Matcher::let_go(Timestamp time) {
  const auto held = held_.find(time);
  if (--held->second == 0) held_.erase(held);
}

// `leftmost`: of the complete matches of a first event the preferred one, whatever its time.
void Matcher::choose_best(KeyState& state, std::span<const Value> key) {
  for (const Candidate& candidate : candidates_) {
    const bool counts = !program_.having || program_.having->holds(context_of(candidate.node, key));
    auto& starts = state.history->starts;
    const auto start = find_start(starts, candidate.start);
    const bool known = start != starts.end() && start->sequence == candidate.start;
    const bool better =
        counts && known &&
        (start->best == kRootNode ||
         comes_first(candidate, {start->best, start->sequence, start->best_edge, {}}));
    if (!better) {
      buffer_.release(candidate.node);
      continue;
    }
    Timestamp complete = candidate.complete;
    if (start->best != kRootNode) {
      // Another way to the same bindings is the same match, complete at the earlier moment.
      if (buffer_.same_bindings(start->best, candidate.node)) {
        complete = std::min(complete, start->best_complete);
      }
      buffer_.release(start->best);
      let_go(start->best_complete);
    }
    hold(complete);
    start->best = candidate.node;
    start->best_edge = candidate.edge;
    start->best_complete = complete;
    erase_runs(state.runs, [&](const Run& run) {
      if (run.start != candidate.start || may_beat(run, candidate)) return false;
      buffer_.release(run.node);
      return true;
    });
  }
  state.starts = count_starts(state.runs);
}

// Whether a match that is still to come of the run could be preferred to this one.
bool Matcher::may_beat(const Run& run, const Candidate& best) const {
  const auto next = static_cast<int>(std::countr_zero(run.alive));
  if (run.node == best.node) return next < best.edge;
  if (const NodeId behind = buffer_.behind(best.node, run.node); behind != kRootNode) {
    return buffer_.node(behind).edge < best.edge;
  }
  if (const NodeId behind = buffer_.behind(run.node, best.node); behind != kRootNode) {
    return next < buffer_.node(behind).edge;
  }
  return buffer_.preferred(run.node, best.node);
}

// `leftmost`: first events in order, each once nothing can change its match any more.
void Matcher::decide_leftmost(KeyState& state, std::vector<Match>& matches) {
  size_t i = 0;
  while (state.history != nullptr && i < state.history->starts.size()) {
    auto& starts = state.history->starts;
    if (has_run(state, starts[i].sequence)) break;
    if (starts[i].best == kRootNode) {
      if (program_.reports_timeout) {
        ++i;  // nothing came of it: its window's end reports it
      } else {
        starts.erase(starts.begin() + static_cast<std::ptrdiff_t>(i));
      }
      continue;
    }
    const Candidate best{starts[i].best, starts[i].sequence, starts[i].best_edge,
                         starts[i].best_complete};
    buffer_.retain(best.node);
    matches.push_back({best.node, best.complete, false, 0});
    emitted_starts_.assign(1, best.start);
    exclude(state, exclude_by(best));
    i = 0;
  }
  drop_empty_history(state);
}

void Matcher::drop_empty_history(KeyState& state) {
  if (state.history == nullptr || !state.history->starts.empty()) return;
  const auto& past = state.history->past;
  const bool empty =
      std::all_of(past.begin(), past.end(),
                  [](const std::vector<PastEvent>& events) { return events.empty(); });
  if (empty && state.history->logs.empty()) state.history.reset();
}

// First events whose window has passed, of which nothing is open and nothing was emitted.
void Matcher::report_timeouts(KeyState& state, Timestamp now, std::vector<Match>& matches) {
  if (state.history == nullptr) return;
  auto& starts = state.history->starts;
  bool waits = false;  // with `leftmost`: an earlier first event may still exclude it
  std::erase_if(starts, [&](Start& start) {
    const bool open = start.best != kRootNode || has_run(state, start.sequence);
    if (program_.leftmost && open) waits = true;
    if (start.window_end > now || open || waits) return false;
    if (start.emitted) return true;
    buffer_.retain(start.furthest);
    matches.push_back({start.furthest, start.window_end, true, start.sequence});
    drop_start(start);
    return true;
  });
  drop_empty_history(state);
}

}  // namespace tocsin::nfa
