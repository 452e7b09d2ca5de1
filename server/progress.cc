#include "server/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "server/counted.h"

namespace tocsin::server {

namespace {

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kBetweenDraws{100};

std::string time_left(double seconds) {
  const auto whole = static_cast<uint64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s left", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min left", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h left", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::string progress_line(const ProgressState& state) {
  std::string line = state.label;
  const bool measured = state.total.value_or(0) > 0;
  double fraction = 0;
  if (measured) {
    // A file may grow while it is read.
    fraction = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(*state.total));
    const int full = static_cast<int>(fraction * kBarWidth);
    line += fmt::format("  [{:{}}]  {:3}%", std::string(static_cast<size_t>(full), '#'), kBarWidth,
                        static_cast<int>(fraction * 100));
  } else {
    line += fmt::format("  {} events", grouped(state.records));
  }
  if (state.seconds > 0) {
    const double rate = static_cast<double>(state.records) / state.seconds;
    line += fmt::format("  {} events/s", grouped(static_cast<uint64_t>(rate)));
  }
  if (measured && fraction > 0) {
    line += "  " + time_left(state.seconds * (1 - fraction) / fraction);
  }
  return line;
}

Progress::Progress(std::string label, std::optional<uint64_t> total)
    : start_(Clock::now()), next_draw_(start_ + kBetweenDraws), on_(::isatty(STDERR_FILENO) == 1) {
  state_.label = std::move(label);
  state_.total = total;
}

void Progress::update(uint64_t done, uint64_t records) {
  if (!on_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kBetweenDraws;
  state_.done = done;
  state_.records = records;
  state_.seconds = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r{}\x1b[K", progress_line(state_));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::finish() {
  if (on_ && shown_) fmt::print(stderr, "\r\x1b[K");
  on_ = false;
}

}  // namespace tocsin::server
