#include "patterns/binder.h"

#include <gtest/gtest.h>

#include <string>

#include "patterns/front_end.h"
#include "patterns/pattern_dump.h"

namespace tocsin::patterns {
namespace {

constexpr const char* kEvents =
    "event E { k: string, n: int, at: timestamp } time at\n"
    "event F { n: int, k: string, f: float?, at: timestamp } time at\n";

Loaded load_text(const std::string& text) {
  std::vector<SourceFile> sources;
  sources.emplace_back("test.tocsin", kEvents + text);
  return load(std::move(sources));
}

// The first pattern of a text without mistakes.
Pattern bind_one(const std::string& text) {
  const Loaded loaded = load_text(text);
  EXPECT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
  return loaded.patterns ? loaded.patterns->patterns.at(0) : Pattern{};
}

std::string sequence_text(const std::string& match) {
  const Loaded loaded = load_text("pattern p { match " + match + " within 1h skip none }");
  if (!loaded.patterns) return render(loaded.diagnostics, loaded.sources);
  const Pattern& pattern = loaded.patterns->patterns[0];
  return to_string(pattern.match, pattern, loaded.patterns->catalog);
}

std::vector<std::string> codes(const std::string& text) {
  std::vector<std::string> all;
  const Loaded loaded = load_text(text);
  for (const Diagnostic& item : loaded.diagnostics.items()) all.push_back(item.code);
  return all;
}

TEST(Binder, ReadsDeclarationsIntoTheCatalog) {
  const Loaded loaded = load_text(
      "event All { a: bool, b: int?, c: float, d: string from \"x.y\", e: timestamp(ns),\n"
      "  f: duration?, g: timestamp(s)?, at: timestamp(us) } time at");
  ASSERT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
  const eventtime::EventSchema& schema = loaded.patterns->catalog.types.at(2);
  std::string text;
  for (const eventtime::Field& field : schema.fields) {
    text += field.name + ":" + std::string(to_string(field.type)) + (field.nullable ? "?" : "") +
            "=" + field.path + "/" + std::to_string(static_cast<int>(field.unit)) + " ";
  }
  EXPECT_EQ(text,
            "a:bool=a/0 b:int?=b/0 c:float=c/0 d:string=x.y/0 e:timestamp=e/3 f:duration?=f/0 "
            "g:timestamp?=g/1 at:timestamp=at/2 ");
  EXPECT_EQ(schema.name, "All");
  EXPECT_EQ(schema.time_field, 7U);
}

TEST(Binder, KeepsTheSequence) {
  for (const std::string text : {
           "a: E",
           "a: E then b: F next c: E then any d: F",
           "a: E? then b: E* then c: E+ then d: E{3} then e: E{3,} then f: E{3,5}",
           "a: E+ strict then b: E{2,} any then ( c: E then d: F[n > 1] )* strict in 5m",
           "( a: E then ( b: F next c: E )+ )? then d: E in 0s",
           "a: E{2,1000000}",
       }) {
    EXPECT_EQ(sequence_text(text), text);
  }
}

TEST(Binder, FindsTheInput) {
  EXPECT_EQ(bind_one("pattern p { match a: E }").inputs, (std::vector<TypeId>{0}));
  EXPECT_EQ(bind_one("pattern p { match b: F then a: E within 1h }").inputs,
            (std::vector<TypeId>{0, 1}));
  EXPECT_EQ(bind_one("pattern p { on F, E match a: E }").inputs, (std::vector<TypeId>{0, 1}));
  EXPECT_EQ(bind_one("pattern p { on F match a: [f > 1] }").match.elements[0].step.type, 1);
  EXPECT_EQ(
      bind_one("pattern p { match a: F then b: [f > 1] within 1h }").match.elements[1].step.type,
      1);
}

TEST(Binder, TakesTheOnlyEventWhereNoTypeIsNamed) {
  std::vector<SourceFile> sources;
  sources.emplace_back("test.tocsin", "event E { at: timestamp } time at pattern p { match a }");
  const Loaded loaded = load(std::move(sources));
  ASSERT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
  EXPECT_EQ(loaded.patterns->patterns[0].inputs, (std::vector<TypeId>{0}));
}

TEST(Binder, FindsKeyFieldsByType) {
  const Pattern pattern = bind_one("pattern p { by k, n match a: E then b: F within 1h }");
  ASSERT_EQ(pattern.by.size(), 2U);
  EXPECT_EQ(pattern.by[0].name, "k");
  EXPECT_EQ(pattern.by[0].type, Type::kString);
  EXPECT_EQ(pattern.by[0].field_by_type[0], 0U);
  EXPECT_EQ(pattern.by[0].field_by_type[1], 1U);
  EXPECT_EQ(pattern.by[1].type, Type::kInt);
  EXPECT_EQ(pattern.by[1].field_by_type[0], 1U);
  EXPECT_EQ(pattern.by[1].field_by_type[1], 0U);
}

TEST(Binder, SharesEqualCaptures) {
  const Pattern good = bind_one(
      "pattern p { match a: E+ then b: E[n > sum(a.n) and n > a.n and n < 2 * sum(a.n)]\n"
      "  having sum(a.n) > last(a.n) within 1h emit v: sum(a.n), x: count(a) }");
  std::string text;
  for (const Capture& capture : good.captures) text += to_string(capture, good) + " ";
  EXPECT_EQ(text, "sum(a.n) a.n count(a) ");
}

TEST(Binder, ReadsTheOtherClauses) {
  const Pattern pattern = bind_one(
      "pattern p \"what it means\" { by k match a: E then b: F having b.f is not null\n"
      "  within 90m skip to last b emit k, ns: collect(a.n), both: a.n + b.n\n"
      "  meta severity: \"high\", score: -3, ratio: 0.5, wait: 5m, on_call: true, nothing: null }");
  EXPECT_EQ(pattern.description, "what it means");
  EXPECT_EQ(pattern.within, (Duration{int64_t{90} * 60 * 1'000'000}));
  EXPECT_EQ(pattern.skip, SkipKind::kToLast);
  EXPECT_EQ(pattern.skip_variable, 1U);
  EXPECT_EQ(to_string(*pattern.having, pattern, nullptr), "b.f is not null");
  std::string emit;
  for (const Result& result : pattern.emit) {
    emit += result.name + "=" + to_string(result.value, pattern, nullptr) + " ";
  }
  EXPECT_EQ(emit, "k=k ns=collect(a.n) both=a.n + b.n ");
  ASSERT_EQ(pattern.meta.size(), 6U);
  EXPECT_EQ(pattern.meta[0].text, "high");
  EXPECT_EQ(pattern.meta[1].integer, -3);
  EXPECT_EQ(pattern.meta[2].number, 0.5);
  EXPECT_EQ(pattern.meta[3].type, Type::kDuration);
  EXPECT_EQ(pattern.meta[4].type, Type::kBool);
  EXPECT_EQ(pattern.meta[5].type, Type::kNull);
}

TEST(Binder, KnowsWhatMayBeBoundLast) {
  EXPECT_TRUE(codes("pattern p { match a: E[prev.n is null or n > prev.n]+ within 1h }").empty());
  EXPECT_TRUE(codes("pattern p { match a: E then b: F? then c: E[n > prev.n] within 1h }").empty());
  // b may come right before c.
  EXPECT_EQ(codes("pattern p { match a: F then b: E? then c: F[f > prev.f] within 1h }"),
            (std::vector<std::string>{"unknown-field"}));
  // An earlier round ends in c.
  EXPECT_EQ(codes("pattern p { match ( b: F[f > prev.f] then c: E )+ within 1h }"),
            (std::vector<std::string>{"unknown-field"}));
}

TEST(Binder, SeesDeclarationsOfAllFiles) {
  std::vector<SourceFile> sources;
  sources.emplace_back("a.tocsin", "pattern p { match a: E[n > 1] }");
  sources.emplace_back("b.tocsin", "event E { n: int, at: timestamp } time at");
  sources.emplace_back("c.tocsin", "pattern q { match a: E }");
  const Loaded loaded = load(std::move(sources));
  ASSERT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
  ASSERT_EQ(loaded.patterns->patterns.size(), 2U);
  EXPECT_EQ(loaded.patterns->patterns[0].file, 0U);
  EXPECT_EQ(loaded.patterns->patterns[1].name, "q");
  EXPECT_EQ(loaded.patterns->patterns[1].file, 2U);
}

TEST(Binder, IsSilentAboutNamesWhoseDeclarationCouldNotBeRead) {
  std::vector<SourceFile> sources;
  sources.emplace_back("test.tocsin",
                       "event E { n int } time at\n"
                       "pattern p { match a: E[n > 1] then b: G within 1h }");
  const Loaded loaded = load(std::move(sources));
  EXPECT_FALSE(loaded.patterns);
  std::vector<std::string> all;
  for (const Diagnostic& item : loaded.diagnostics.items()) all.push_back(item.code);
  EXPECT_EQ(all, (std::vector<std::string>{"syntax", "unknown-event"}));
}

TEST(Binder, WarningsDoNotStopIt) {
  const Loaded loaded = load_text("pattern p { match a: E then b: E? }");
  EXPECT_TRUE(loaded.patterns);
  EXPECT_EQ(loaded.diagnostics.items().size(), 2U);
}

TEST(Binder, TakesTenThousandPatterns) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    text += "pattern p" + std::to_string(i) + " { by k match a: E{3,} then b: E[n > avg(a.n)]" +
            " within 1h emit c: count(a) }\n";
  }
  const Loaded loaded = load_text(text);
  ASSERT_TRUE(loaded.patterns);
  EXPECT_EQ(loaded.patterns->patterns.size(), 10'000U);
}

}  // namespace
}  // namespace tocsin::patterns
