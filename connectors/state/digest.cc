#include "connectors/state/digest.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;

std::string to_hex(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

Result<FileDigest> digest_of(runtime::Storage& storage, const std::string& name, uint64_t bytes) {
  constexpr size_t kPieceBytes = size_t{256} << 10;
  const auto file = storage.open(name);
  if (!file) return eventtime::Unexpected<eventtime::Error>{file.error()};
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash(XXH3_createState(),
                                                                             &XXH3_freeState);
  TOCSIN_CHECK(hash != nullptr, "memory for xxHash");
  XXH3_128bits_reset(hash.get());
  std::vector<char> piece(kPieceBytes);
  FileDigest digest;
  while (true) {
    const size_t size = std::min<uint64_t>(piece.size(), bytes - digest.bytes);
    if (size == 0) break;
    const auto count = (*file)->read(piece.data(), size);
    if (!count) return eventtime::Unexpected<eventtime::Error>{count.error()};
    if (*count == 0) break;
    XXH3_128bits_update(hash.get(), piece.data(), *count);
    digest.bytes += *count;
  }
  digest.xxh3_128 = to_hex(XXH3_128bits_digest(hash.get()));
  return digest;
}

}  // namespace tocsin::connectors
