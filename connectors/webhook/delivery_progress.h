// How far the delivery of a queue has come: a small file, written anew each time.
//
// There are two of them ("progress-0", "progress-1"), written by turns: what a crash leaves torn is
// the newer one, and the older says less, never something wrong; alerts are then sent again.
//
// Bytes, little-endian: "TOCSINWP", u32 version (1), u32 number of open requests, u64 how often it
// was written, u64 next; for each request u64 first alert, u32 alerts, u32 attempts, i64 its first
// attempt (microseconds since 1970); u64 XXH3-64 of all before.
// Tested by tests/unit/connectors/webhook_progress_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

// Begun and not done with: so many alerts from `first` on, always the same ones.
struct OpenRequest {
  uint64_t first = 0;
  uint32_t count = 0;
  uint32_t attempts = 0;
  eventtime::Timestamp first_attempt;
  friend bool operator==(const OpenRequest&, const OpenRequest&) = default;
};

// Of the alerts before `next` all are done with but those of open requests.
struct DeliveryProgress {
  uint64_t next = 0;
  std::vector<OpenRequest> open;  // by first
  friend bool operator==(const DeliveryProgress&, const DeliveryProgress&) = default;
};

class ProgressFile {
 public:
  // The storage must outlive it.
  explicit ProgressFile(runtime::Storage& storage) : storage_(storage) {}

  // The newest that is whole; nothing was delivered if there is none.
  eventtime::Result<DeliveryProgress> load();
  // Survives the end of this program.
  eventtime::Result<void> save(const DeliveryProgress& progress);

 private:
  runtime::Storage& storage_;
  uint64_t written_ = 0;
};

// For tests: the progress in such a file and how often it was written; nothing if it is not whole.
std::optional<std::pair<uint64_t, DeliveryProgress>> read_progress(std::string_view bytes);

}  // namespace tocsin::connectors
