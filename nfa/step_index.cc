#include "nfa/step_index.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace tocsin::nfa {
namespace {

// A value that no more conjunctions ask for finds few enough of them.
constexpr uint32_t kRare = 4;

}  // namespace

// Chooses the way in which each conjunction is found.
class StepIndex::Chooser {
 public:
  Chooser(std::span<const Conjunction> conjunctions, std::span<const Conjunct> conjuncts)
      : conjuncts_(conjuncts), uses_(conjuncts.size(), 0) {
    for (const Conjunction& conjunction : conjunctions) {
      for (const uint32_t conjunct : conjunction.conjuncts) ++uses_[conjunct];
    }
  }

  Way choose(const Conjunction& conjunction) const {
    const std::vector<uint32_t> points = rarest_first(conjunction, AccessKind::kPoints);
    const std::optional<uint32_t> gate = first_value(points);
    if (gate && uses_[*gate] <= kRare) return way(conjunction, std::nullopt, {*gate});
    if (const auto range = bounds(conjunction); !range.empty()) {
      return way(conjunction, gate, range);
    }
    if (!points.empty() && uses_[points[0]] <= kRare) return way(conjunction, gate, {points[0]});
    for (const AccessKind kind :
         {AccessKind::kPart, AccessKind::kRegex, AccessKind::kFrom, AccessKind::kTo}) {
      const std::vector<uint32_t> found = rarest_first(conjunction, kind);
      if (!found.empty()) return way(conjunction, gate, {found[0]});
    }
    for (const uint32_t point : points) {
      if (point != gate) return way(conjunction, gate, {point});
    }
    return way(conjunction, std::nullopt, {points[0]});
  }

 private:
  const Access& access(uint32_t conjunct) const { return *conjuncts_[conjunct].access; }

  std::vector<uint32_t> rarest_first(const Conjunction& conjunction, AccessKind kind) const {
    std::vector<uint32_t> found;
    for (const uint32_t conjunct : conjunction.conjuncts) {
      if (conjuncts_[conjunct].access && kind_of(access(conjunct)) == kind) {
        found.push_back(conjunct);
      }
    }
    std::stable_sort(found.begin(), found.end(),
                     [&](uint32_t left, uint32_t right) { return uses_[left] < uses_[right]; });
    return found;
  }

  // Field and one value: what can be a gate.
  std::optional<uint32_t> first_value(const std::vector<uint32_t>& points) const {
    for (const uint32_t conjunct : points) {
      if (access(conjunct).points.size() == 1) return conjunct;
    }
    return std::nullopt;
  }

  // One conjunct with two bounds, or two with one each.
  std::vector<uint32_t> bounds(const Conjunction& conjunction) const {
    const auto ranges = rarest_first(conjunction, AccessKind::kRange);
    if (!ranges.empty()) return {ranges[0]};
    for (const uint32_t lower : rarest_first(conjunction, AccessKind::kFrom)) {
      for (const uint32_t upper : rarest_first(conjunction, AccessKind::kTo)) {
        if (access(lower).column == access(upper).column) return {lower, upper};
      }
    }
    return {};
  }

  Way way(const Conjunction& conjunction, std::optional<uint32_t> gate,
          const std::vector<uint32_t>& by) const {
    Way way;
    way.predicate = conjunction.predicate;
    way.gate = gate;
    way.access = access(by[0]);
    if (by.size() > 1) way.access.upper = access(by[1]).upper;
    for (const uint32_t conjunct : conjunction.conjuncts) {
      const bool used = std::find(by.begin(), by.end(), conjunct) != by.end();
      const bool settled = conjunct == gate || (used && access(conjunct).exact);
      if (!settled) way.rest.push_back(conjunct);
    }
    return way;
  }

  std::span<const Conjunct> conjuncts_;
  std::vector<uint32_t> uses_;  // by conjunct
};

bool StepIndex::can_hold(std::span<const uint32_t> conjunction,
                         std::span<const Conjunct> conjuncts) {
  return std::any_of(conjunction.begin(), conjunction.end(),
                     [&](uint32_t conjunct) { return conjuncts[conjunct].access.has_value(); });
}

StepIndex::StepIndex(std::span<const Conjunction> conjunctions,
                     std::span<const Conjunct> conjuncts) {
  const Chooser chooser(conjunctions, conjuncts);
  using Door = std::pair<uint32_t, uint32_t>;  // the gate's column and conjunct, from 1; 0: none
  std::map<Door, std::map<std::pair<uint32_t, AccessKind>, std::vector<Way>>> doors;
  for (const Conjunction& conjunction : conjunctions) {
    Way way = chooser.choose(conjunction);
    Door door;
    if (way.gate) door = {conjuncts[*way.gate].access->column + 1, *way.gate + 1};
    doors[door][{way.access.column, kind_of(way.access)}].push_back(std::move(way));
  }
  std::map<uint32_t, std::vector<Access>> values;  // by the gate's column
  for (auto& [door, groups] : doors) {
    const auto [column, conjunct] = door;
    if (conjunct != 0) {
      std::vector<Access>& of_column = values[column];
      if (of_column.empty()) gates_.emplace_back().column = column - 1;
      of_column.push_back(*conjuncts[conjunct - 1].access);
      gates_.back().begins.push_back(static_cast<uint32_t>(groups_.size()));
    }
    for (auto& [place, ways] : groups) add_group(std::move(ways));
    if (conjunct == 0) open_groups_ = groups_.size();
  }
  for (size_t i = 0; i < gates_.size(); ++i) {
    const bool last = i + 1 == gates_.size();
    gates_[i].begins.push_back(last ? static_cast<uint32_t>(groups_.size())
                                    : gates_[i + 1].begins[0]);
    gates_[i].values = FieldIndex::make(values[gates_[i].column + 1]);
  }
}

void StepIndex::add_group(std::vector<Way> ways) {
  std::vector<Access> accesses;
  for (const Way& way : ways) accesses.push_back(way.access);
  const std::vector<uint32_t> order = FieldIndex::best_order(accesses);
  Group& group = groups_.emplace_back();
  group.column = ways[0].access.column;
  group.first = static_cast<uint32_t>(order_.size());
  std::vector<Access> ordered;
  for (const uint32_t i : order) {
    ordered.push_back(std::move(accesses[i]));
    order_.push_back(ways[i].predicate);
    rest_.insert(rest_.end(), ways[i].rest.begin(), ways[i].rest.end());
    rest_begins_.push_back(static_cast<uint32_t>(rest_.size()));
    group.exact = group.exact && ways[i].rest.empty();
  }
  group.index = FieldIndex::make(ordered);
}

bool StepIndex::find_in(const Group& group, const eventtime::EventTable& table, uint32_t row) {
  const eventtime::Column& column = table.columns[group.column];
  if (column.is_null(row)) return false;
  candidates_.clear();
  group.index->find(column, row, candidates_);
  return !candidates_.empty();
}

template <class Use>
void StepIndex::find_candidates(const eventtime::EventTable& table, uint32_t row, Use use) {
  for (size_t i = 0; i < open_groups_; ++i) {
    if (find_in(groups_[i], table, row)) use(groups_[i]);
  }
  for (const Gate& gate : gates_) {
    const eventtime::Column& column = table.columns[gate.column];
    if (column.is_null(row)) continue;
    passed_.clear();
    gate.values->find(column, row, passed_);
    for (const uint32_t value : passed_) {
      for (uint32_t i = gate.begins[value]; i < gate.begins[value + 1]; ++i) {
        if (find_in(groups_[i], table, row)) use(groups_[i]);
      }
    }
  }
}

bool StepIndex::passes(uint32_t number, std::span<const Conjunct> conjuncts,
                       const EvalContext& context) const {
  for (uint32_t i = rest_begins_[number]; i < rest_begins_[number + 1]; ++i) {
    if (!conjuncts[rest_[i]].holds(context)) return false;
  }
  return true;
}

void StepIndex::find(std::span<const Conjunct> conjuncts, const EvalContext& context,
                     std::vector<StepPredicate>& out) {
  find_candidates(*context.table, context.row, [&](const Group& group) {
    const StepPredicate* order = order_.data() + group.first;
    if (group.exact) {
      const uint32_t* const numbers = candidates_.data();
      const size_t size = candidates_.size();
      const size_t before = out.size();
      out.resize(before + size);
      StepPredicate* const to = out.data() + before;
      for (size_t i = 0; i < size; ++i) to[i] = order[numbers[i]];
      return;
    }
    for (const uint32_t candidate : candidates_) {
      if (passes(group.first + candidate, conjuncts, context)) out.push_back(order[candidate]);
    }
    context.scratch->clear();
  });
}

void StepIndex::count(const EvalContext& context, std::vector<uint32_t>& counts) {
  find_candidates(*context.table, context.row, [&](const Group& group) {
    for (const uint32_t candidate : candidates_) ++counts[group.first + candidate];
  });
}

}  // namespace tocsin::nfa
