// Alerts that wait for their delivery, on disk: appended by one thread, read by another.
//
// Alerts have numbers from 0; a file holds those from its first to the next file's (named by the
// first: "alerts-00000000000000000000"). After a restart a new file begins behind the last whole
// alert, so nothing that was written is ever changed: a torn end stays as it is and means nothing.
//
// What is queued stays queued, also behind the position of a checkpoint: it is delivered whether or
// not the run writes it again (a source that cannot read again would not). What the run does write
// again is recognised by id and content, and stored as a copy, which is not delivered. A copy's
// match is complete not later than the last one before the restart; alerts come in the order of
// completion, so it is known when no more copies can come.
//
// INVARIANT: whatever was flushed before a kill, or synced before a loss of power, is read again.
// Tested by tests/unit/connectors/webhook_queue_test.cc.
#pragma once

#include <xxhash.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/queue_segment.h"
#include "eventtime/result.h"
#include "runtime/sink.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

class DeliveryQueue {
 public:
  static constexpr uint64_t kSegmentBytes = uint64_t{8} << 20;

  // The storage must outlive it. `segment_bytes`: a file that is larger gets no more alerts.
  static eventtime::Result<std::unique_ptr<DeliveryQueue>> open(
      runtime::Storage& storage, uint64_t segment_bytes = kSegmentBytes);

  // For the thread that writes. Before the first append; "": everything there is may come again.
  eventtime::Result<void> resume(std::string_view position);
  eventtime::Result<void> append(const runtime::OutgoingAlert& alert, eventtime::Timestamp queued);
  // From now on they can be read, and survive the end of this program.
  eventtime::Result<void> flush();
  eventtime::Result<void> sync();
  // Of a checkpoint that follows.
  std::string position() const;

  // For any thread: the first alert that is kept, and behind the last one that can be read.
  uint64_t begin() const;
  uint64_t end() const;

  // For the thread that reads. A place in a file that was found once.
  struct Place {
    uint64_t file = 0;  // number of its first alert
    SegmentPlace at;
  };
  struct Entry {
    Found found = Found::kEnd;  // kEnd: nothing more is queued
    uint64_t lost = 0;          // with kDamaged: so many alerts cannot be read
    QueuedAlert alert;
  };
  // What stands at `place`, which goes on behind it.
  eventtime::Result<Entry> read(Place& place);
  eventtime::Result<Place> find(uint64_t number);
  // Files of which all alerts come before `number` go, once a checkpoint cannot need them any more:
  // when the position at the sync before the last is behind them. `all`: these, too.
  void remove_before(uint64_t number, bool all);

 private:
  struct Segment {
    uint64_t first = 0;
    uint64_t end = 0;    // of alerts that can be read
    uint64_t bytes = 0;  // of these
  };
  struct Hash {
    size_t operator()(const XXH128_hash_t& hash) const { return hash.low64; }
  };
  struct Equal {
    bool operator()(const XXH128_hash_t& left, const XXH128_hash_t& right) const {
      return XXH128_isEqual(left, right) != 0;
    }
  };

  DeliveryQueue(runtime::Storage& storage, uint64_t segment_bytes)
      : storage_(storage), segment_bytes_(segment_bytes) {}
  eventtime::Result<void> load();
  eventtime::Result<void> measure(Segment& segment);
  eventtime::Result<void> learn(uint64_t from);
  bool is_full() const;  // the file that is written
  eventtime::Result<void> begin_segment();
  // Of the segment that begins with `file`, and what follows it.
  Segment segment_of(uint64_t file, Place& next) const;
  bool is_copy(const runtime::OutgoingAlert& alert);
  eventtime::Result<runtime::ReadableFile*> file_of(uint64_t first);

  runtime::Storage& storage_;
  const uint64_t segment_bytes_;

  mutable std::mutex mutex_;
  std::vector<Segment> segments_;  // guarded; the last one stays
  uint64_t covered_ = 0;           // guarded: no checkpoint needs what comes before

  // Of the writing thread.
  std::unique_ptr<runtime::WritableFile> out_;  // of the last segment, if anything was written
  std::vector<std::unique_ptr<runtime::WritableFile>> unsynced_;
  std::string buffer_;  // alerts from flushed_ to next_
  uint64_t flushed_ = 0;
  uint64_t next_ = 0;
  uint64_t synced_ = 0;  // position at the last sync
  // Alerts that may be written again, and where the first of them stands that was not yet.
  boost::unordered_flat_map<XXH128_hash_t, uint64_t, Hash, Equal> known_;
  uint64_t known_from_ = 0;
  eventtime::Timestamp known_until_ = eventtime::kMinTimestamp;

  // Of the reading thread: the file that was read last.
  std::unique_ptr<runtime::ReadableFile> in_;
  uint64_t in_first_ = 0;
};

}  // namespace tocsin::connectors
