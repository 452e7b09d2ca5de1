#include <gtest/gtest.h>

#include "nfa/compiler.h"
#include "patterns/front_end.h"

namespace tocsin::nfa {
namespace {

// The columns that feed the slot of `prev.f`, by place behind the start.
std::vector<uint32_t> columns_of_previous(const patterns::Pattern& pattern,
                                          const Program& program) {
  std::vector<uint32_t> columns;
  for (const Place& place : program.places) {
    for (const SlotUpdate& update : place.updates) {
      if (pattern.captures[update.slot].variable == patterns::Capture::kPrevious) {
        columns.push_back(update.column);
      }
    }
  }
  return columns;
}

// A string in the slot of an int would overwrite what stands behind it.
TEST(Previous, TakesNoFieldOfAnotherType) {
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back("test.tocsin",
                       "event A { f: int, at: timestamp } time at\n"
                       "event B { f: string, at: timestamp } time at\n"
                       "event C { at: timestamp } time at\n"
                       "pattern p { match a: A then b: A[f > prev.f] then c: B then d: C\n"
                       "  within 1h }");
  const patterns::Loaded loaded = patterns::load(std::move(sources));
  ASSERT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
  PredicateSet predicates;
  const patterns::Pattern& pattern = loaded.patterns->patterns[0];
  const auto program = compile(pattern, loaded.patterns->catalog, predicates);
  ASSERT_TRUE(program);
  EXPECT_EQ(columns_of_previous(pattern, *program),
            (std::vector<uint32_t>{0, 0, kNoColumn, kNoColumn}));
}

}  // namespace
}  // namespace tocsin::nfa
