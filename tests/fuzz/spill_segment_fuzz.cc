// Any bytes as a file of spilled records, and as a record whose sum is right: no crash, and what
// can be read is the same after it has been written and read again.
#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "eventtime/check.h"
#include "runtime/spill_files.h"
#include "tests/support/memory_storage.h"

namespace {

using tocsin::runtime::SpilledRecord;
using tocsin::runtime::SpillFiles;

using Record = std::tuple<std::string, int64_t, bool, std::string>;

std::vector<Record> read(tocsin::tests::MemoryStorage& storage, size_t bytes) {
  std::vector<Record> records;
  const auto file = storage.open(tocsin::runtime::spill_segment_name(1)).value();
  (void)tocsin::runtime::read_spill_segment(
      *file, bytes, [&](uint32_t, const SpilledRecord& record) {
        records.emplace_back(record.key, record.moment.micros, record.drops, record.value);
      });
  return records;
}

void check(const std::string& bytes) {
  tocsin::tests::MemoryStorage storage;
  storage.set_files({{tocsin::runtime::spill_segment_name(1), bytes}});
  const std::vector<Record> records = read(storage, bytes.size());
  tocsin::tests::MemoryStorage again;
  SpillFiles files(again, {.transient = false});
  SpillFiles::Writer writer(files);
  for (const auto& [key, moment, drops, value] : records) {
    TOCSIN_CHECK(writer.append({key, {moment}, drops, value}) != 0, "what was read is small");
  }
  if (records.empty()) return;
  files.flush();
  TOCSIN_CHECK(read(again, files.segments().front().bytes) == records, "what was written is read");
}

std::string file_of(const std::string& rest) {
  std::string bytes = "TOCSINSP";
  const uint32_t version = 1;
  bytes.append(reinterpret_cast<const char*>(&version), sizeof(version));
  bytes.resize(SpillFiles::kUnitBytes);
  const auto sum = static_cast<uint32_t>(XXH3_64bits(rest.data(), rest.size()));
  const auto size = static_cast<uint32_t>(rest.size());
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
  bytes += rest;
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check(file_of(bytes));
  return 0;
}
