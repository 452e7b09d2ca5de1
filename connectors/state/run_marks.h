// Marks of a run: where its inputs stood, and the digests of its alerts then
// (Engine::alert_digests). A run that goes on from an older checkpoint passes the same places
// again, and must find the same: a difference says that an input, the machine or the program is not
// what it was, and which alerts to doubt.
//
// DIR/marks has one line of JSON for each checkpoint that was begun, with a hash; what a crash tore
// off is ignored, and a file that has become large begins anew. Compared where all inputs stand as
// the mark says; they do, unless the sizes of batches were changed. Tested by
// tests/unit/connectors/run_marks_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"

namespace tocsin::connectors {

class RunMarks {
 public:
  // `patterns`: what the run looks for; marks of other patterns don't count.
  RunMarks(const std::string& directory, std::string_view patterns);

  // The run goes on from these numbers of records, or begins: marks behind them are remembered.
  void open(std::span<const uint64_t> records);
  // The run stands here. An error: it has found something else than the run before it.
  eventtime::Result<void> pass(std::span<const uint64_t> records,
                               std::span<const uint64_t> digests);
  // Remembers that it stands here. Only a help to find what is wrong, so a full disk is passed
  // over.
  void write(std::span<const uint64_t> records, std::span<const uint64_t> digests);

 private:
  struct Mark {
    std::vector<uint64_t> records;
    std::vector<uint64_t> digests;
  };
  std::optional<Mark> parse(std::string_view line) const;

  std::string path_;
  uint64_t patterns_;
  std::deque<Mark> known_;          // of the run before, in order
  std::vector<uint64_t> compared_;  // records at the last place that was the same
};

}  // namespace tocsin::connectors
