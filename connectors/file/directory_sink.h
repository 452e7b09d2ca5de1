// Alerts to the files of a folder, one after the other: NAME-000001.jsonl, NAME-000002.jsonl, ...
//
// A new one begins with the first alert that is complete in another period than the file's first
// (rotate_every), or that the file has no room for (rotate_bytes). So where files begin is a
// function of the alerts.
//
// While it is written to, a file is called NAME-000001.jsonl.part. It gets its name when it is
// whole and no run will go back behind its end: when there is a checkpoint beyond it (settle()),
// when the inputs have ended, or, in a run without state, as soon as the next one begins.
//
// INVARIANT: a file that has its name never changes, whatever ends the program when: where a run
// goes on from inside of one (an older checkpoint, as the newest was damaged), it is written again
// beside and takes the same place with the same bytes. The one exception is the last file of a run
// over inputs that have ended, if they have grown since. Files with names may be taken away, but
// for the last. Tested by tests/unit/connectors/directory_sink_test.cc and, with kills of
// the program, tests/faults/pipeline_kill_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/file_sink_spec.h"
#include "connectors/file/line_writer.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

class DirectorySink final : public runtime::Sink {
 public:
  // The spec has a directory. `has_state`: checkpoints say when files get their names.
  DirectorySink(FileSinkSpec spec, bool has_state)
      : spec_(std::move(spec)), directory_(*spec_.directory), has_state_(has_state) {}

  const std::string& name() const override { return spec_.name; }
  // Makes the folder if there is none. What begins empty removes the files of its name.
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override;
  eventtime::Result<void> sync() override;
  bool syncs_anywhere() const override { return true; }
  std::string position() const override;
  eventtime::Result<void> settle(std::string_view position) override;
  eventtime::Result<void> finish() override;
  eventtime::Result<void> close() override;
  runtime::Metrics metrics() const override;

 private:
  struct Position {
    uint64_t file = 1;
    OutputPosition in_file;
    eventtime::Timestamp first;  // the completion of the file's first alert
    std::string directory;
  };
  static std::optional<Position> parse(std::string_view text);
  // What is in the folder, by number: whether it is still called .part.
  struct Found {
    bool part = false;
    bool whole = false;
  };
  eventtime::Result<std::map<uint64_t, Found>> list() const;

  std::string path(uint64_t file, bool part) const;
  eventtime::Result<void> begin_empty(const std::map<uint64_t, Found>& found) const;
  eventtime::Result<void> go_to(const Position& position, const std::map<uint64_t, Found>& found);
  bool is_full_for(const runtime::OutgoingAlert& alert) const;
  // The file is whole.
  eventtime::Result<void> end_file();
  // Gives the file its name.
  eventtime::Result<void> publish(uint64_t file) const;
  // All that is whole, synced first.
  eventtime::Result<void> publish_all();
  eventtime::Result<void> sync_ended() const;
  // Notes that nothing may get its name any more.
  eventtime::Result<void> checked(eventtime::Result<void> result);

  // What is written besides alerts may have no time, and begins no file.
  static constexpr eventtime::Timestamp kNoTime = eventtime::kEarliestTimestamp;

  FileSinkSpec spec_;
  std::string directory_;
  bool has_state_;
  bool failed_ = false;
  uint64_t file_ = 1;                     // the number of the one that is written to, or comes next
  std::unique_ptr<LineWriter> writer_;    // null: it has no alert yet
  eventtime::Timestamp first_ = kNoTime;  // the completion of its first alert
  std::vector<uint64_t> ended_;           // whole, and still without their names
  std::string line_;
  uint64_t alerts_ = 0;
};

}  // namespace tocsin::connectors
