#include "connectors/webhook/queue_segment.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <array>
#include <cstring>
#include <limits>

#include "connectors/file_numbers.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr std::string_view kSegmentMagic = "TOCSINWQ";
constexpr uint32_t kSegmentVersion = 1;
constexpr size_t kHeadBytes = 16;       // before a body
constexpr size_t kFixedBodyBytes = 18;  // before its texts
// A body is read only if its size has the right hash; this guards what a wrong guess could cost.
constexpr uint32_t kMaxBodyBytes = uint32_t{1} << 30;

uint64_t hash(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint32_t hash_of_size(uint32_t size, uint64_t number) {
  return static_cast<uint32_t>(XXH3_64bits_withSeed(&size, sizeof(size), number));
}

bool take_body(std::string_view body, QueuedAlert& alert) {
  if (body.size() < kFixedBodyBytes) return false;
  const auto id_size = static_cast<uint8_t>(body[kFixedBodyBytes - 1]);
  const std::string_view texts = body.substr(kFixedBodyBytes);
  if (texts.size() < id_size || static_cast<uint8_t>(body[16]) > 1) return false;
  alert.queued = {number_at<int64_t>(body, 0)};
  alert.complete = {number_at<int64_t>(body, 8)};
  alert.is_copy = body[16] == 1;
  alert.id = texts.substr(0, id_size);
  alert.json = texts.substr(id_size);
  return true;
}

}  // namespace

std::string segment_header(uint64_t first) {
  std::string header(kSegmentMagic);
  append_number(header, kSegmentVersion);
  append_number(header, uint32_t{0});
  append_number(header, first);
  append_number(header, hash(header, 0));
  return header;
}

Result<void> check_segment_header(runtime::ReadableFile& file, std::string_view name) {
  std::array<char, kSegmentHeaderBytes> bytes{};
  const Result<size_t> size = file.read_at(0, bytes.data(), bytes.size());
  if (!size) return Unexpected<Error>{size.error()};
  constexpr size_t kHashed = kSegmentHeaderBytes - sizeof(uint64_t);
  const std::string_view header(bytes.data(), *size);
  if (header.size() < kSegmentHeaderBytes || !header.starts_with(kSegmentMagic) ||
      number_at<uint64_t>(header, kHashed) != hash(header.substr(0, kHashed), 0)) {
    return {};
  }
  const auto version = number_at<uint32_t>(header, kSegmentMagic.size());
  if (version == kSegmentVersion) return {};
  return eventtime::world_error(fmt::format("'{}' has format version {}, this program knows {}",
                                            name, version, kSegmentVersion));
}

void append_queued(std::string& out, uint64_t number, const QueuedAlert& alert) {
  TOCSIN_CHECK(alert.id.size() <= std::numeric_limits<uint8_t>::max(), "an id is short");
  const size_t begin = out.size();
  out.resize(begin + kHeadBytes);
  append_number(out, alert.queued.micros);
  append_number(out, alert.complete.micros);
  append_number(out, static_cast<uint8_t>(alert.is_copy ? 1 : 0));
  append_number(out, static_cast<uint8_t>(alert.id.size()));
  out += alert.id;
  out += alert.json;
  const std::string_view body = std::string_view(out).substr(begin + kHeadBytes);
  TOCSIN_CHECK(body.size() <= kMaxBodyBytes, "an alert is smaller than a gigabyte");
  const auto size = static_cast<uint32_t>(body.size());
  const uint32_t size_hash = hash_of_size(size, number);
  const uint64_t body_hash = hash(body, number);
  std::memcpy(out.data() + begin, &size, sizeof(size));
  std::memcpy(out.data() + begin + 4, &size_hash, sizeof(size_hash));
  std::memcpy(out.data() + begin + 8, &body_hash, sizeof(body_hash));
}

Result<Found> read_queued(runtime::ReadableFile& file, SegmentPlace& place, QueuedAlert& alert) {
  std::array<char, kHeadBytes> bytes{};
  const Result<size_t> got = file.read_at(place.offset, bytes.data(), bytes.size());
  if (!got) return Unexpected<Error>{got.error()};
  const std::string_view head(bytes.data(), *got);
  if (head.size() < kHeadBytes) return Found::kEnd;
  const auto size = number_at<uint32_t>(head, 0);
  if (size > kMaxBodyBytes || number_at<uint32_t>(head, 4) != hash_of_size(size, place.number)) {
    return Found::kEnd;
  }
  std::string body(size, '\0');
  const Result<size_t> rest = file.read_at(place.offset + kHeadBytes, body.data(), size);
  if (!rest) return Unexpected<Error>{rest.error()};
  if (*rest < size) return Found::kEnd;
  const bool is_right = number_at<uint64_t>(head, 8) == hash(body, place.number);
  place.offset += kHeadBytes + size;
  ++place.number;
  return is_right && take_body(body, alert) ? Found::kAlert : Found::kDamaged;
}

}  // namespace tocsin::connectors
