#include "connectors/webhook/delivery_progress.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/file_numbers.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr std::string_view kProgressMagic = "TOCSINWP";
constexpr uint32_t kProgressVersion = 1;
constexpr size_t kFixedBytes = 32;  // before the requests
constexpr size_t kRequestBytes = 24;
constexpr size_t kHashBytes = 8;
constexpr size_t kMaxBytes = size_t{1} << 20;

std::string progress_name(uint64_t written) {
  return fmt::format("progress-{}", written % 2);
}

}  // namespace

std::optional<std::pair<uint64_t, DeliveryProgress>> read_progress(std::string_view bytes) {
  if (bytes.size() < kFixedBytes + kHashBytes || !bytes.starts_with(kProgressMagic))
    return std::nullopt;
  const std::string_view hashed = bytes.substr(0, bytes.size() - kHashBytes);
  const auto count = number_at<uint32_t>(bytes, 12);
  if (number_at<uint64_t>(bytes, hashed.size()) != XXH3_64bits(hashed.data(), hashed.size()) ||
      number_at<uint32_t>(bytes, kProgressMagic.size()) != kProgressVersion ||
      hashed.size() != kFixedBytes + uint64_t{count} * kRequestBytes) {
    return std::nullopt;
  }
  DeliveryProgress progress;
  progress.next = number_at<uint64_t>(bytes, 24);
  for (size_t at = kFixedBytes; at < hashed.size(); at += kRequestBytes) {
    progress.open.push_back({number_at<uint64_t>(bytes, at),
                             number_at<uint32_t>(bytes, at + 8),
                             number_at<uint32_t>(bytes, at + 12),
                             {number_at<int64_t>(bytes, at + 16)}});
  }
  return std::pair(number_at<uint64_t>(bytes, 16), progress);
}

Result<DeliveryProgress> ProgressFile::load() {
  DeliveryProgress progress;
  const Result<std::vector<runtime::StoredFile>> files = storage_.list();
  if (!files) return Unexpected<Error>{files.error()};
  for (const runtime::StoredFile& file : *files) {
    if (file.name != progress_name(0) && file.name != progress_name(1)) continue;
    const Result<std::string> bytes = storage_.read(file.name, kMaxBytes);
    if (!bytes) return Unexpected<Error>{bytes.error()};
    auto found = read_progress(*bytes);
    if (!found || found->first <= written_) continue;
    written_ = found->first;
    progress = std::move(found->second);
  }
  return progress;
}

Result<void> ProgressFile::save(const DeliveryProgress& progress) {
  std::string bytes(kProgressMagic);
  append_number(bytes, kProgressVersion);
  append_number(bytes, static_cast<uint32_t>(progress.open.size()));
  append_number(bytes, written_ + 1);
  append_number(bytes, progress.next);
  for (const OpenRequest& request : progress.open) {
    append_number(bytes, request.first);
    append_number(bytes, request.count);
    append_number(bytes, request.attempts);
    append_number(bytes, request.first_attempt.micros);
  }
  append_number(bytes, static_cast<uint64_t>(XXH3_64bits(bytes.data(), bytes.size())));
  const auto file = storage_.create(progress_name(written_ + 1));
  if (!file) return Unexpected<Error>{file.error()};
  Result<void> written = (*file)->write(bytes);
  if (written) written = (*file)->close();
  if (written) ++written_;
  return written;
}

}  // namespace tocsin::connectors
