// A run with checkpoints as a deterministic play in one process: engine and checkpoint store over a
// storage in memory, with crashes, full disks and damaged files at moments that a seed chooses.
//
// Patterns and records are those of the model's random cases. Outputs are texts: a crash loses what
// was not synced, a run that goes on cuts them off where its checkpoint says. As the program does
// it (server/run_state.h), without files, processes and clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/state/checkpoint_store.h"
#include "patterns/pattern.h"
#include "runtime/engine.h"
#include "tests/model/event_batch.h"
#include "tests/model/generator.h"
#include "tests/model/random.h"
#include "tests/support/memory_storage.h"

namespace tocsin::sim {

struct Outcome {
  std::optional<std::string> difference;  // from the undisturbed run
  uint64_t crashes = 0;
  uint64_t resumed = 0;      // lives that went on from a checkpoint
  uint64_t passed_over = 0;  // checkpoints that were damaged
  uint64_t full = 0;         // checkpoints that found no room
  uint64_t alerts = 0;       // bytes
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  Outcome run();

 private:
  struct Output {
    std::string text;
    size_t synced = 0;
  };
  // How a life of the process ended.
  enum class End : unsigned char { kFinished, kCrashed, kWrong };

  End live(bool disturbed);
  // False: the machine has stopped, or what was found is wrong.
  bool restore(connectors::CheckpointStore& store);
  bool go_on_from(std::string_view place);
  // Whether the machine still runs.
  bool write_checkpoint(connectors::CheckpointStore& store);
  bool step(connectors::CheckpointStore& store, uint32_t input);
  std::string place() const;
  void crash();
  void lose(Output& output, bool all_is_there);
  void rot();
  bool heal();
  bool has_stopped() const { return stop_at_ != 0 && storage_.operations() >= stop_at_; }
  End wrong(const std::string& what);
  void compare(const char* when);

  model::Random random_;
  model::Case example_;
  std::optional<patterns::PatternSet> set_;
  std::vector<std::vector<model::NaiveEvent>> inputs_;
  runtime::EngineOptions options_;
  std::string wanted_alerts_;
  std::vector<std::string> wanted_late_;

  const model::IdFormat format_;
  tests::MemoryStorage storage_;
  uint64_t stop_at_ = 0;
  std::optional<std::pair<std::string, std::string>> rotten_;  // the file as it was
  Output alerts_;
  Output late_;
  std::unique_ptr<runtime::Engine> engine_;
  std::vector<size_t> done_;  // records, by input
  Outcome outcome_;
};

}  // namespace tocsin::sim
