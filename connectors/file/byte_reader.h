// The bytes of a file or of standard input, decompressed on the way.
//
// A name that ends in ".gz" or ".zst" must hold what it says; under any other name, and from
// standard input, the first bytes tell (no text in UTF-8 begins as these formats do). Several
// members or frames one after the other are one stream. Tested by
// tests/unit/connectors/byte_reader_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "eventtime/result.h"

namespace tocsin::connectors {

class ByteReader {
 public:
  ByteReader() = default;
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;
  virtual ~ByteReader() = default;

  // Writes at least one and at most `size` bytes to `out`; 0 at the end. Does not wait for more
  // than there is. After damage, what is good is delivered first; then the error.
  virtual eventtime::Result<size_t> read(char* out, size_t size) = 0;

  // Goes so many bytes ahead; false if the input ends before. The default reads them and throws
  // them away.
  virtual eventtime::Result<bool> skip(uint64_t count);

  // From now on what has nothing more at the moment may get more: then a read gives 0 bytes and
  // may_grow() is true. Only live readers (live_reader.h) do.
  virtual void begin_live() {}
  virtual bool may_grow() const { return false; }

  // Of the file itself, compressed as it may be.
  virtual uint64_t bytes_read() const = 0;
  virtual std::optional<uint64_t> bytes_total() const = 0;
};

// "-" is standard input. Errors are the world's and name the path.
eventtime::Result<std::unique_ptr<ByteReader>> open_bytes(const std::string& path);

// "'a.jsonl'" or "standard input", for messages.
std::string shown_input(const std::string& path);
// The first bytes of a gzip or zstd stream.
bool is_compressed(std::string_view bytes);

// "a/b.csv.gz" -> "a/b.csv"; other names as they are. Letter case does not count.
std::string_view without_compression_suffix(std::string_view path);
// ASCII letters in any case.
bool has_suffix(std::string_view path, std::string_view suffix);

}  // namespace tocsin::connectors
