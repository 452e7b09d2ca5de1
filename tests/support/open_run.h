// An engine whose input stays open, for tests that look at what it holds.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/engine.h"
#include "tests/support/json_run.h"

namespace tocsin::tests {

// Over letters (json_run.h).
class OpenRun {
 public:
  explicit OpenRun(const std::string& patterns, const runtime::EngineOptions& options = {}) {
    auto created = runtime::Engine::create(load_patterns(patterns), options);
    EXPECT_TRUE(created);
    engine_ = *std::move(created);
    input_ = std::make_unique<JsonInput>(engine_->patterns().catalog, 0);
    engine_->add_input({}, input_->format());
  }

  // Each line as a batch of its own.
  void push(const Lines& lines) {
    for (const std::string& line : lines) {
      engine_->push(input_->decode(Lines{line}), alerts_,
                    [](const runtime::Engine::Late&) { ADD_FAILURE() << "late"; });
    }
  }
  void advance(int64_t seconds) { engine_->advance(0, {seconds * 1'000'000}, alerts_); }
  void finish() { engine_->finish(0, alerts_); }
  runtime::EngineStats stats() const { return engine_->stats(); }
  uint64_t dropped() const { return stats().patterns[0].dropped_starts; }
  std::string ids() const { return bound_ids(alerts_); }
  const runtime::Engine& engine() const { return *engine_; }
  // An event that concerns no pattern; all before it is matched.
  void pass(const std::string& time) { push(letters("D1@" + time)); }

 private:
  std::unique_ptr<runtime::Engine> engine_;
  std::unique_ptr<JsonInput> input_;
  std::string alerts_;
};

}  // namespace tocsin::tests
