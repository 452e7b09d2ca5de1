// JSON lines through decoder and engine, in memory and in batches of any size: what tests of the
// engine begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connectors/json/json_decoder.h"
#include "patterns/pattern.h"
#include "runtime/engine.h"

namespace tocsin::tests {

using Lines = std::vector<std::string>;

// Parses and binds declarations; mistakes in them fail the test and end the program.
patterns::PatternSet load_patterns(const std::string& text);

// One input: decodes its lines in the order of the calls.
class JsonInput {
 public:
  // The catalog must outlive the input.
  JsonInput(const eventtime::Catalog& catalog, uint32_t number);

  // All lines must be valid records.
  std::shared_ptr<const eventtime::Batch> decode(std::span<const std::string> lines);
  const eventtime::RecordFormat& format() const { return decoder_.format(); }

 private:
  const eventtime::Catalog& catalog_;
  uint32_t number_;
  connectors::JsonDecoder decoder_;
};

struct RunSettings {
  size_t batch_size = 1000;
  eventtime::Duration out_of_order;
  runtime::EngineOptions options;
  bool restores = false;  // after each batch another engine goes on with the saved state
};

struct JsonRun {
  std::string alerts;  // as they came out
  Lines late;          // "INPUT:RECORD behind WATERMARK"
  runtime::EngineStats stats;
};

// The engine over whole inputs, read as a command would.
JsonRun run_json(const patterns::PatternSet& set, const std::vector<Lines>& inputs,
                 const RunSettings& settings = {});

// A little world for tables of matches: event types A B C D X, all of them the pattern's input,
// each with `id: string`, `n: int?` and `at`. "A1" is an event of type A with n 1 and the id "A1";
// the events of a text are one second apart, from 1s on, unless they say when: "A1@5s".
Lines letters(const std::string& events);
// The declarations and one pattern `p` with these clauses.
std::string letter_pattern(const std::string& clauses);
// The alerts of that pattern over the events, "a=A1,A2 b=B1 | a=A2 b=B1"; the same for all sizes of
// batches, or the test fails.
std::string letter_matches(const std::string& clauses, const std::string& events);

// The ids of the events of each alert, in the form above.
std::string bound_ids(const std::string& alerts);

}  // namespace tocsin::tests
