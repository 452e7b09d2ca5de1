#include "nfa/match_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "nfa/compiler.h"
#include "nfa/saved_events.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

// One pattern, whose stacks the tests fill by hand with events "A1", "A2" …, sequence 1, 2 ….
class MatchWorld {
 public:
  MatchWorld(const std::string& clauses, size_t events)
      : set_(tests::load_patterns(tests::letter_pattern(clauses))),
        program_(*compile(set_.patterns[0], set_.catalog, predicates_)),
        plan_(*plan_stacks(program_).plan),
        store_(set_.catalog.types.size(), true),
        matcher_(program_, store_, 100),
        sets_(plan_, cells_, matcher_, store_) {
    std::string texts;
    for (size_t i = 1; i <= events; ++i) texts += "A" + std::to_string(i) + ' ';
    batch_ = tests::JsonInput(set_.catalog, 0).decode(tests::letters(texts));
    for (size_t place = 1; place < program_.places.size(); ++place) {
      keep_texts(program_.places[place]);
      cells_.emplace_back(program_.places[place], set_.catalog.types[program_.places[place].type]);
      if (place + 1 < program_.places.size()) stacks.emplace_back(cells_.back().words());
    }
  }
  ~MatchWorld() {
    for (InstanceStack& stack : stacks) {
      for (size_t i = 0; i < stack.size(); ++i) store_.release(stack.at(i).event);
    }
    EXPECT_EQ(matcher_.buffer().live(), 0U);
    EXPECT_EQ(store_.live(), 0U);
  }
  MatchWorld(const MatchWorld&) = delete;
  MatchWorld& operator=(const MatchWorld&) = delete;

  void push(size_t stack, uint64_t sequence) {
    TestedEvent event = tested(sequence);
    InstanceStack::Instance instance;
    instance.sequence = sequence;
    instance.time = event.row->time;
    instance.event = store_.store(event);
    stacks[stack].push(instance);
    cells_[stack].write(stacks[stack].words(stacks[stack].size() - 1), event, store_);
    store_.release(event.stored);
  }
  void pop(size_t stack) {
    store_.release(stacks[stack].at(0).event);
    stacks[stack].pop_front();
  }

  bool find(uint64_t consumed) { return sets_.find(stacks, consumed); }
  MatchSet make(uint64_t last) {
    MatchSet set;
    TestedEvent event = tested(last);
    sets_.make(stacks, event, set);
    store_.release(event.stored);
    return set;
  }
  void release(MatchSet& set) { sets_.release(set); }
  uint64_t count(const MatchSet& set) { return sets_.count(set); }

  // "1.3.5 1.4.5": the events of each match.
  std::string matches(const MatchSet& set) {
    std::string out;
    for (uint32_t start = 0; start < MatchSets::starts(set); ++start) {
      sets_.visit(set, start, [&](NodeId node) {
        std::vector<NodeId> path;
        matcher_.buffer().path(node, path);
        for (size_t i = 0; i < path.size(); ++i) {
          const StoredEvent& event = matcher_.buffer().event(path[i]);
          out += (i > 0 ? "." : out.empty() ? "" : " ") + std::to_string(event.sequence);
        }
        matcher_.buffer().release(node);
        return true;
      });
    }
    return out;
  }

  std::string saved(const MatchSet& set) {
    std::string bytes;
    eventtime::Encoder out(bytes);
    sets_.save(set, out);
    return bytes;
  }
  bool restore(MatchSet& set, std::string_view bytes) {
    const SavedTypes types = own_types(set_.catalog);
    RestoredEvents events(store_, types);
    eventtime::Decoder from(bytes);
    if (!sets_.restore(set, from, events)) return false;
    if (from.is_complete()) return true;
    sets_.release(set);
    return false;
  }

  std::vector<InstanceStack> stacks;

 private:
  void keep_texts(const Place& place) {
    for (const SlotUpdate& update : place.updates) {
      if (update.column == kNoColumn) continue;
      const auto& fields = set_.catalog.types[place.type].fields;
      if (fields[update.column].type == eventtime::Type::kString) {
        store_.keep_text(place.type, update.column);
      }
    }
  }
  TestedEvent tested(uint64_t sequence) const {
    TestedEvent event;
    event.batch = batch_.get();
    event.row = &batch_->rows[sequence - 1];
    event.sequence = sequence;
    return event;
  }

  patterns::PatternSet set_;
  PredicateSet predicates_;
  Program program_;
  StackPlan plan_;
  EventStore store_;
  Matcher matcher_;
  std::vector<StartCells> cells_;
  MatchSets sets_;
  std::shared_ptr<const eventtime::Batch> batch_;
};

// All matches of the stacks by trying, in the order of the definition.
class ByTrying {
 public:
  ByTrying(const StackPlan& plan, const std::vector<InstanceStack>& stacks, uint64_t consumed,
           uint64_t last)
      : plan_(plan), stacks_(stacks), consumed_(consumed), last_(last) {}

  std::string matches() {
    for (size_t i = 0; i < stacks_[0].size(); ++i) go_on(0, i, "");
    return out_;
  }

 private:
  void go_on(size_t stack, size_t i, const std::string& before) {
    const uint64_t sequence = stacks_[stack].at(i).sequence;
    const std::string text = before + std::to_string(sequence) + ".";
    for (const StackPlan::Way& way : plan_.ways[stack]) {
      if (way.target == plan_.stacks()) {
        if (!way.any && sequence < consumed_) continue;
        out_ += (out_.empty() ? "" : " ") + text + std::to_string(last_);
        continue;
      }
      const InstanceStack& target = stacks_[way.target];
      if (!way.any && sequence < target.dropped()) continue;
      for (size_t next = 0; next < target.size(); ++next) {
        if (target.at(next).sequence <= sequence) continue;
        go_on(way.target, next, text);
        if (!way.any) break;
      }
    }
  }

  const StackPlan& plan_;
  const std::vector<InstanceStack>& stacks_;
  uint64_t consumed_;
  uint64_t last_;
  std::string out_;
};

TEST(MatchSet, HoldsWhatLeadsToTheLastStepOnly) {
  MatchWorld world("match a: A then any b: A then c: A skip none emit total: sum(a.n) + sum(b.n)",
                   9);
  world.push(0, 1);
  world.push(1, 2);
  world.push(0, 3);
  world.push(1, 4);
  world.push(1, 6);
  world.push(0, 7);
  ASSERT_TRUE(world.find(3)) << "the last step took an event between 2 and 4";
  MatchSet set = world.make(8);
  EXPECT_EQ(world.matches(set), "1.4.8 1.6.8 3.4.8 3.6.8");
  EXPECT_EQ(set.events.size(), 5U) << "1, 3, 4, 6 and 8";
  EXPECT_EQ(world.count(set), 4U);
  world.release(set);
  EXPECT_FALSE(world.find(7));
}

TEST(MatchSet, ComesBackFromItsBytes) {
  MatchWorld world(
      "match a: A then any b: A+ any then c: A skip none emit total: sum(b.n), "
      "ids: collect(b.id)",
      9);
  world.push(0, 1);
  for (const uint64_t sequence : {2, 3, 5, 6}) world.push(1, sequence);
  ASSERT_TRUE(world.find(0));
  MatchSet set = world.make(8);
  const std::string matches = world.matches(set);
  EXPECT_EQ(world.count(set), 15U);
  const std::string bytes = world.saved(set);
  MatchSet restored;
  ASSERT_TRUE(world.restore(restored, bytes));
  EXPECT_EQ(world.matches(restored), matches);
  EXPECT_EQ(world.saved(restored), bytes);
  world.release(restored);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(world.restore(restored, bytes.substr(0, size))) << size;
  }
  // Damaged ones are refused, or are sets whose matches end.
  std::mt19937_64 random(3);
  size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    if (!world.restore(restored, damaged)) {
      ++refused;
      continue;
    }
    (void)world.matches(restored);
    world.release(restored);
  }
  EXPECT_GT(refused, 200U);
  world.release(set);
}

TEST(MatchSet, AMillionMatchesAreCountedAtOnce) {
  MatchWorld world("match a: A then any b: A+ any then c: A skip none", 90);
  world.push(0, 1);
  for (uint64_t sequence = 2; sequence < 82; ++sequence) world.push(1, sequence);
  ASSERT_TRUE(world.find(0));
  MatchSet set = world.make(90);
  EXPECT_EQ(world.count(set), UINT64_MAX) << "2^80 - 1, which is more";
  world.release(set);
}

// Random stacks, which are such as the operator keeps: nothing that is dropped was needed.
TEST(MatchSet, IsWhatTryingFinds) {
  const std::string patterns[] = {
      "match a: A then b: A then c: A skip none",
      "match a: A then any b: A then any c: A skip none",
      "match a: A then any b: A then c: A then any d: A skip none",
      "match a: A then b: A+ then any c: A then d: A skip none",
      "match a: A then any b: A+ any then c: A skip none",
      "match a: A then b: A? then any c: A* then d: A skip none",
      "match a: A then (b: A | c: A) then any d: A then e: A skip none"};
  std::mt19937_64 random(11);
  size_t found = 0;
  for (int round = 0; round < 800; ++round) {
    const std::string& clauses = patterns[random() % std::size(patterns)];
    MatchWorld world(clauses, 13);
    const patterns::PatternSet set = tests::load_patterns(tests::letter_pattern(clauses));
    PredicateSet predicates;
    const StackPlan plan = *plan_stacks(*compile(set.patterns[0], set.catalog, predicates)).plan;
    for (uint64_t sequence = 1; sequence <= 12; ++sequence) {
      for (size_t stack = 0; stack < world.stacks.size(); ++stack) {
        if (random() % 3 == 0) world.push(stack, sequence);
      }
    }
    // What an event dropped may follow is older.
    uint64_t oldest = random() % 6;
    for (size_t stack = 0; stack < world.stacks.size(); ++stack) {
      while (!world.stacks[stack].empty() && world.stacks[stack].at(0).sequence <= oldest) {
        world.pop(stack);
      }
    }
    const uint64_t consumed = random() % 12;
    const std::string expected = ByTrying(plan, world.stacks, consumed, 13).matches();
    ASSERT_EQ(world.find(consumed), !expected.empty()) << clauses;
    if (expected.empty()) continue;
    MatchSet made = world.make(13);
    EXPECT_EQ(world.matches(made), expected) << clauses;
    const auto matches = static_cast<uint64_t>(std::ranges::count(expected, ' ')) + 1;
    EXPECT_EQ(world.count(made), matches) << clauses;
    world.release(made);
    ++found;
  }
  EXPECT_GT(found, 400U);
}

}  // namespace
}  // namespace tocsin::nfa
