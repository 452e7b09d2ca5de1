// A progress bar on standard error, only on a terminal: how much is done, how fast, how long still.
//
//   run   [#########           ]  45%  312,004 events/s  4 s left
//
// Tested by tests/unit/server/progress_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tocsin::server {

struct ProgressState {
  std::string label;
  uint64_t done = 0;              // of total, in any unit: bytes of a file, records
  std::optional<uint64_t> total;  // nothing: not known, so neither bar nor time left
  uint64_t records = 0;           // for the rate
  double seconds = 0;             // since the start
};

// The line for a state, without colours or line end.
std::string progress_line(const ProgressState& state);

class Progress {
 public:
  // `label` is a word or two; `total` in the unit of update()'s `done`.
  Progress(std::string label, std::optional<uint64_t> total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { finish(); }

  // Draws at most ten times a second; cheap enough for every batch, not for every record.
  void update(uint64_t done, uint64_t records);
  // Removes the bar. Nothing is drawn after it.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  ProgressState state_;
  Clock::time_point start_;
  Clock::time_point next_draw_;
  bool shown_ = false;
  bool on_;  // standard error is a terminal, and finish() was not called
};

}  // namespace tocsin::server
