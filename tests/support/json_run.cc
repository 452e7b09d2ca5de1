#include "tests/support/json_run.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "eventtime/check.h"
#include "patterns/diagnostic.h"
#include "patterns/front_end.h"
#include "tests/support/saved_engine.h"

namespace tocsin::tests {

namespace {

constexpr std::string_view kLetterTypes[] = {"A", "B", "C", "D", "X"};

// `before()` is called before each batch.
template <typename Before>
void push_all(std::unique_ptr<runtime::Engine>& engine, const std::vector<Lines>& lines,
              std::vector<std::unique_ptr<JsonInput>>& inputs, size_t batch_size, JsonRun& run,
              const Before& before) {
  const auto on_late = [&](const runtime::Engine::Late& late) {
    run.late.push_back(std::to_string(late.input) + ":" + std::to_string(late.row.record) +
                       " behind " + to_string(late.watermark));
  };
  std::vector<size_t> done(lines.size(), 0);
  while (const auto number = engine->next_input()) {
    before();
    const auto rest = std::span(lines[*number]).subspan(done[*number]);
    if (rest.empty()) {
      engine->finish(*number, run.alerts);
      continue;
    }
    const auto next = rest.first(std::min(batch_size, rest.size()));
    engine->push(inputs[*number]->decode(next), run.alerts, on_late);
    done[*number] += next.size();
  }
}

}  // namespace

patterns::PatternSet load_patterns(const std::string& text) {
  patterns::Loaded loaded = patterns::load({{"test.tocsin", text}});
  EXPECT_TRUE(loaded.patterns) << patterns::render(loaded.diagnostics, loaded.sources);
  TOCSIN_CHECK(loaded.patterns, "the patterns of a test are right");
  return std::move(*loaded.patterns);
}

JsonInput::JsonInput(const eventtime::Catalog& catalog, uint32_t number)
    : catalog_(catalog), number_(number), decoder_(catalog, {}) {}

std::shared_ptr<const eventtime::Batch> JsonInput::decode(std::span<const std::string> lines) {
  auto batch = std::make_shared<eventtime::Batch>(catalog_);
  batch->input = number_;
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  const size_t size = text.size();
  text.append(connectors::kPaddingBytes, '\0');
  batch->raw.assign(text.begin(), text.end());
  std::vector<connectors::RecordSpan> records;
  const auto cut =
      decoder_.cut(std::string_view(batch->raw.data(), size), true, lines.size(), records);
  TOCSIN_CHECK(cut, "JSON lines have no header that could be wrong");
  decoder_.decode(records, *batch);
  for (const eventtime::Reject& reject : batch->rejects) {
    ADD_FAILURE() << reject.raw << ": " << reject.reason;
  }
  return batch;
}

JsonRun run_json(const patterns::PatternSet& set, const std::vector<Lines>& inputs,
                 const RunSettings& settings) {
  std::vector<std::unique_ptr<JsonInput>> decoders;
  for (uint32_t number = 0; number < inputs.size(); ++number) {
    decoders.push_back(std::make_unique<JsonInput>(set.catalog, number));
  }
  const auto create = [&] {
    auto created = runtime::Engine::create(set, settings.options);
    TOCSIN_CHECK(created, "the patterns of a test are within the engine's limits");
    for (const auto& decoder : decoders) {
      (*created)->add_input(settings.out_of_order, decoder->format());
    }
    return std::move(*created);
  };
  std::unique_ptr<runtime::Engine> engine = create();
  JsonRun run;
  const auto before_batch = [&] {
    if (settings.restores) replace_by_restored(engine, create);
  };
  push_all(engine, inputs, decoders, settings.batch_size, run, before_batch);
  run.stats = engine->stats();
  return run;
}

Lines letters(const std::string& events) {
  Lines lines;
  std::istringstream words(events);
  std::string word;
  for (int64_t second = 1; words >> word; ++second) {
    const size_t sign = word.find('@');
    const std::string id = word.substr(0, sign);
    eventtime::Timestamp time{second * 1'000'000};
    if (sign != std::string::npos) {
      const auto span = eventtime::parse_duration(word.substr(sign + 1));
      TOCSIN_CHECK(span, "a time behind '@'");
      time = {span->micros};
    }
    const std::string number = id.size() > 1 ? id.substr(1) : "null";
    lines.push_back(R"({"type":")" + id.substr(0, 1) + R"(","id":")" + id + R"(","n":)" + number +
                    R"(,"at":")" + to_string(time) + R"("})");
  }
  return lines;
}

std::string letter_pattern(const std::string& clauses) {
  std::string text;
  for (const std::string_view type : kLetterTypes) {
    text += "event " + std::string(type) + " { id: string, n: int?, at: timestamp } time at\n";
  }
  return text + "pattern p { on A, B, C, D, X " + clauses + " }\n";
}

std::string letter_matches(const std::string& clauses, const std::string& events) {
  const patterns::PatternSet set = load_patterns(letter_pattern(clauses));
  const Lines lines = letters(events);
  RunSettings settings;
  const std::string whole = run_json(set, {lines}, settings).alerts;
  for (settings.batch_size = 1; settings.batch_size < 4; ++settings.batch_size) {
    EXPECT_EQ(run_json(set, {lines}, settings).alerts, whole)
        << clauses << " over " << events << " in batches of " << settings.batch_size;
  }
  settings.restores = true;
  EXPECT_EQ(run_json(set, {lines}, settings).alerts, whole)
      << clauses << " over " << events << ", restored after each batch";
  return bound_ids(whole);
}

std::string bound_ids(const std::string& alerts) {
  std::string out;
  std::istringstream lines(alerts);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    if (!out.empty()) out += " | ";
    const simdjson::dom::object alert = parser.parse(line);
    const simdjson::dom::object variables = alert["events"];
    std::string separator;
    for (const auto [name, bound] : variables) {
      out += separator + std::string(name);
      separator = "=";
      const simdjson::dom::array events = bound;
      for (const simdjson::dom::element event : events) {
        out += separator + std::string(event["id"]);
        separator = ",";
      }
      separator = " ";
    }
  }
  return out;
}

}  // namespace tocsin::tests
