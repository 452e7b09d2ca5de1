// A disk for cold keys, in memory, that engines take over from each other as checkpoints let them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/check.h"
#include "runtime/engine.h"
#include "runtime/spill_files.h"
#include "tests/support/memory_storage.h"
#include "tests/support/saved_engine.h"

namespace tocsin::tests {

class SpillDisk {
 public:
  // Small, so that there are many and they come and go.
  static constexpr size_t kSegmentBytes = 1024;

  SpillDisk() { begin(); }

  // With these an engine keeps nothing in memory that it can spill.
  void add_to(runtime::EngineOptions& options) {
    options.memory = 0;
    options.spill = files_.get();
  }
  runtime::SpillFiles& files() { return *files_; }
  MemoryStorage& storage() { return storage_; }

  // Makes a new engine, with its inputs, go on where this one is, with the files as they are.
  template <typename Create>
  void hand_over(std::unique_ptr<runtime::Engine>& engine, const Create& create) {
    const SavedEngine before = save(*engine);
    SavedEngine resident;
    engine->save_resident(
        [&](std::string_view key, std::string_view value) { resident.emplace(key, value); });
    files_->flush();
    const std::vector<runtime::SpillSegment> segments = files_->segments();
    std::map<std::pair<uint64_t, uint32_t>, std::string> live;
    files_->visit_live([&](uint64_t segment, uint32_t piece, std::string_view bits) {
      live[{segment, piece}] = bits;
    });
    engine.reset();
    begin();
    for (const runtime::SpillSegment& segment : segments) {
      TOCSIN_CHECK(files_->adopt(segment), "a segment can be adopted");
    }
    engine = create();
    for (const auto& [key, value] : resident) {
      TOCSIN_CHECK(engine->restore(key, value), "what was saved can be restored");
    }
    for (const runtime::SpillSegment& segment : segments) take_over(*engine, segment, live);
    TOCSIN_CHECK(engine->finish_restore(), "what was saved can be restored");
    TOCSIN_CHECK(save(*engine) == before, "an engine that takes over is the one that was");
  }

 private:
  using Live = std::map<std::pair<uint64_t, uint32_t>, std::string>;

  void begin() {
    files_.reset();
    files_ = std::make_unique<runtime::SpillFiles>(
        storage_, runtime::SpillFiles::Options{.transient = false, .segment_bytes = kSegmentBytes});
  }

  void take_over(runtime::Engine& engine, const runtime::SpillSegment& segment, const Live& live) {
    const auto file = storage_.open(runtime::spill_segment_name(segment.number));
    TOCSIN_CHECK(file, "a segment is there");
    uint64_t taken = 0;
    const auto read = runtime::read_spill_segment(
        **file, segment.bytes, [&](uint32_t unit, const runtime::SpilledRecord& record) {
          constexpr uint32_t kPieceBits = runtime::SpillFiles::kPieceWords * 64;
          const auto piece = live.find({segment.number, unit / kPieceBits});
          if (piece == live.end()) return;
          const auto byte = static_cast<unsigned char>(piece->second[unit % kPieceBits / 8]);
          if ((byte >> unit % 8 & 1) == 0) return;
          ++taken;
          TOCSIN_CHECK(engine.restore_spilled(segment.number, unit, record), "a key comes back");
        });
    TOCSIN_CHECK(read && taken == segment.records, "a segment has what it says");
  }

  MemoryStorage storage_;
  std::unique_ptr<runtime::SpillFiles> files_;
};

}  // namespace tocsin::tests
