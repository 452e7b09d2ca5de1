// The part of PairOperator that saves first events, restores them and tells of them. What is saved
// is what StartOperator saves, and either takes it back.
#include "runtime/key_table.h"
#include "runtime/pair_group.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;

void PairOperator::move_to(PatternOperator& alone, nfa::RestoredEvents& events) const {
  save([&](std::string_view key, std::string_view state) {
    alone.take_over(key, tag_of(key), state, events);
  });
  nfa::MatcherStats counts = counts_;
  counts.events += group_.events(number_in_group_);
  alone.set_stats(counts);
}

nfa::MatcherStats PairOperator::stats() const {
  nfa::MatcherStats stats = PatternOperator::stats();
  stats.events += group_.events(number_in_group_);
  return stats;
}

void PairOperator::save(const PutKey& put) const {
  std::string bytes;
  group_.for_each_key(number_in_group_, [&](std::span<const uint32_t> places) {
    bytes.clear();
    Encoder out(bytes);
    group_.held().save_count(out, places.size());
    for (const uint32_t place : places) {
      group_.held().save(out, place);
      out.number(0);  // its own match is not out
    }
    put(group_.key_of(places[0]), bytes);
  });
}

bool PairOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  size_t count = 0;
  if (!group_.held().read_count(from, count)) return false;
  for (; count > 0; --count) {
    const std::optional<HeldStarts::Saved> start = group_.held().read(from, with.events);
    if (!start || from.flag()) return false;
    group_.restore(number_in_group_, key, *start);
  }
  return from.is_complete();
}

void PairOperator::describe(const VisitPending& visit) const {
  const std::string_view first = program_.places[nfa::kFirstPlace].text.variable;
  const std::string_view second = program_.places[plan_.second].text.variable;
  std::vector<PendingMatch> matches;
  group_.for_each_key(number_in_group_, [&](std::span<const uint32_t> places) {
    matches.clear();
    for (const uint32_t place : places) {
      PendingMatch& match = matches.emplace_back();
      match.events.push_back(group_.held().describe(place, first));
      match.next.push_back(second);
      if (plan_.life) match.expires = group_.held().log().at(place).time + *plan_.life;
    }
    visit(group_.key_of(places[0]), matches);
  });
}

}  // namespace tocsin::runtime
