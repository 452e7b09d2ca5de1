// XXH3-128 as text, and of a whole file.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>

#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

// 32 hexadecimal digits, most significant first.
std::string to_hex(const XXH128_hash_t& hash);

struct FileDigest {
  uint64_t bytes = 0;
  std::string xxh3_128;
};

// Of the file, or of so many bytes at its beginning.
eventtime::Result<FileDigest> digest_of(runtime::Storage& storage, const std::string& name,
                                        uint64_t bytes = UINT64_MAX);

}  // namespace tocsin::connectors
