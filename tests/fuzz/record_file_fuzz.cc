// Any bytes as a file of records, and as the entries of a block that is otherwise right: no crash,
// and what can be read is the same after it has been written and read again.
#include <xxhash.h>
#include <zstd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "connectors/state/record_file.h"
#include "eventtime/check.h"
#include "tests/support/memory_storage.h"

namespace {

using tocsin::connectors::KeyHash;

struct Entries {
  bool whole = false;
  std::vector<std::pair<std::string, std::string>> records;
  std::vector<KeyHash> deletions;
  friend bool operator==(const Entries&, const Entries&) = default;
};

Entries read(tocsin::tests::MemoryStorage& storage) {
  Entries entries;
  const auto file = storage.open("file").value();
  const auto status = tocsin::connectors::read_records(
      *file, {[&](std::string_view key, std::string_view value) {
                entries.records.emplace_back(key, value);
              },
              [&](const KeyHash& key) { entries.deletions.push_back(key); }});
  entries.whole = status.has_value();
  return entries;
}

Entries read_bytes(const std::string& bytes) {
  tocsin::tests::MemoryStorage storage;
  storage.set_files({{"file", bytes}});
  return read(storage);
}

template <class T>
void append(std::string& out, T number) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &number, sizeof(T));
  out.append(bytes, sizeof(T));
}

// A file of one block with these entries, of which there are `count`.
std::string file_of(std::string_view raw, uint64_t count) {
  std::string block(ZSTD_compressBound(raw.size()), '\0');
  block.resize(ZSTD_compress(block.data(), block.size(), raw.data(), raw.size(), 1));
  std::string file = "TOCSINRF";
  append(file, uint32_t{1});
  append(file, static_cast<uint32_t>(raw.size()));
  append(file, static_cast<uint32_t>(block.size()));
  append(file, static_cast<uint64_t>(XXH3_64bits(block.data(), block.size())));
  file += block;
  append(file, uint64_t{0});
  append(file, count);
  return file;
}

void check_round_trip(const Entries& entries) {
  if (!entries.whole) return;
  tocsin::tests::MemoryStorage storage;
  tocsin::connectors::RecordFileWriter writer(storage.create("file").value());
  for (const auto& [key, value] : entries.records) writer.put(key, value);
  for (const KeyHash& key : entries.deletions) writer.erase(key);
  TOCSIN_CHECK(writer.finish().has_value(), "memory can be written");
  TOCSIN_CHECK(read(storage) == entries, "what was written is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check_round_trip(read_bytes(bytes));
  if (bytes.empty()) return 0;
  const Entries counted = read_bytes(file_of(bytes, 0));
  check_round_trip(read_bytes(file_of(bytes, counted.records.size() + counted.deletions.size())));
  return 0;
}
