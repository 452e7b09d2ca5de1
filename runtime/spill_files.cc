#include "runtime/spill_files.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "eventtime/check.h"
#include "eventtime/codec.h"
#include "eventtime/give_back.h"

namespace tocsin::runtime {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using eventtime::world_error;

namespace {

constexpr std::string_view kSpillMagic = "TOCSINSP";
constexpr uint32_t kSpillVersion = 1;
constexpr size_t kUnit = SpillFiles::kUnitBytes;
constexpr size_t kHeadBytes = 2 * sizeof(uint32_t);   // of a record
constexpr size_t kFirstRead = size_t{1} << 10;        // most records are smaller
constexpr size_t kBufferedBytes = size_t{256} << 10;  // of a segment that is being written
constexpr size_t kWordBits = 64;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

uint32_t number_at(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

void append_number(std::string& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

uint32_t sum_of(std::string_view rest) {
  return static_cast<uint32_t>(XXH3_64bits(rest.data(), rest.size()));
}

size_t rounded(size_t bytes) {
  return (bytes + kUnit - 1) / kUnit * kUnit;
}

std::string file_head() {
  std::string head(kSpillMagic);
  append_number(head, kSpillVersion);
  head.resize(kUnit);
  return head;
}

// Nothing: it is no record.
std::optional<SpilledRecord> decode(std::string_view rest) {
  eventtime::Decoder from(rest);
  SpilledRecord record;
  record.key = from.text();
  record.moment = from.time();
  record.drops = from.flag();
  if (from.failed()) return std::nullopt;
  record.value = from.rest();
  return record;
}

}  // namespace

std::string spill_segment_name(uint64_t number) {
  return fmt::format("spill-{:06}.state", number);
}

Result<void> read_spill_segment(
    ReadableFile& file, uint64_t bytes,
    const std::function<void(uint32_t unit, const SpilledRecord&)>& visit) {
  constexpr size_t kPieceBytes = size_t{1} << 20;
  std::string piece;
  uint64_t offset = 0;  // of the piece in the file
  const auto fill = [&](uint64_t from, size_t size) -> Result<bool> {
    size = std::min<uint64_t>(size, bytes - from);
    piece.resize(size);
    offset = from;
    const Result<size_t> count = file.read_at(from, piece.data(), size);
    if (!count) return Unexpected<Error>{count.error()};
    return *count == size;
  };
  const auto damaged = [](uint64_t at) {
    return world_error(fmt::format("the record at byte {} is damaged", at));
  };
  for (uint64_t at = 0; at < bytes;) {
    const uint64_t left = bytes - at;
    if (at < offset || at + std::min<uint64_t>(left, kUnit) > offset + piece.size()) {
      const Result<bool> filled = fill(at, kPieceBytes);
      if (!filled) return Unexpected<Error>{filled.error()};
      if (!*filled) return world_error(fmt::format("it has less than {} bytes", bytes));
    }
    if (at == 0) {
      if (!std::string_view(piece).starts_with(file_head().substr(0, std::min(bytes, kUnit)))) {
        return world_error("it is no file of spilled records of format version 1");
      }
      at += kUnit;
      continue;
    }
    if (left < kHeadBytes) return damaged(at);
    const uint32_t sum = number_at(piece, at - offset);
    const uint64_t size = number_at(piece, at - offset + sizeof(uint32_t));
    if (size > left - kHeadBytes) return damaged(at);
    if (at + kHeadBytes + size > offset + piece.size()) {
      const Result<bool> filled = fill(at, std::max<size_t>(kPieceBytes, kHeadBytes + size));
      if (!filled) return Unexpected<Error>{filled.error()};
      if (!*filled) return world_error(fmt::format("it has less than {} bytes", bytes));
    }
    const std::string_view rest = std::string_view(piece).substr(at - offset + kHeadBytes, size);
    const std::optional<SpilledRecord> record = decode(rest);
    if (sum_of(rest) != sum || !record) return damaged(at);
    visit(static_cast<uint32_t>(at / kUnit), *record);
    at += rounded(kHeadBytes + size);
  }
  return {};
}

struct SpillFiles::Segment {
  uint64_t number = 0;
  std::unique_ptr<WritableFile> writer;
  std::unique_ptr<ReadableFile> reader;
  std::string buffer;    // behind what is in the file
  uint64_t flushed = 0;  // bytes in the file
  bool closed = false;
  bool synced = false;  // all that is flushed
  std::string digest;   // of an adopted one
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash{nullptr, &XXH3_freeState};
  std::atomic<uint32_t> live = 0;
  uint32_t records = 0;                           // that have lived
  std::unique_ptr<std::atomic<uint64_t>[]> bits;  // by unit: a record that lives begins there
  size_t words = 0;

  bool is_live(uint32_t unit) const {
    return (bits[unit / kWordBits].load(std::memory_order_relaxed) >> unit % kWordBits & 1) != 0;
  }
  bool set_live(uint32_t unit) {
    const uint64_t bit = uint64_t{1} << unit % kWordBits;
    const uint64_t before = bits[unit / kWordBits].fetch_or(bit, std::memory_order_relaxed);
    if ((before & bit) != 0) return false;
    live.fetch_add(1, std::memory_order_relaxed);
    ++records;
    return true;
  }
  void set_dead(uint32_t unit) {
    const uint64_t bit = uint64_t{1} << unit % kWordBits;
    const uint64_t before = bits[unit / kWordBits].fetch_and(~bit, std::memory_order_relaxed);
    TOCSIN_CHECK((before & bit) != 0, "a spilled record is dropped once");
    live.fetch_sub(1, std::memory_order_relaxed);
  }
};

SpillFiles::SpillFiles(Storage& storage, Options options)
    : storage_(storage),
      options_(options),
      unit_bits_(static_cast<uint32_t>(std::countr_zero(options.segment_bytes / kUnit))) {
  constexpr size_t kMostBytes = size_t{64} << 20;
  TOCSIN_CHECK(std::has_single_bit(options.segment_bytes) && options.segment_bytes >= 4 * kUnit &&
                   options.segment_bytes <= kMostBytes,
               "segments have a size that places can tell");
}

SpillFiles::~SpillFiles() = default;

void SpillFiles::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (status_) status_ = Unexpected<Error>{error};
  failed_ = true;
}

Result<void> SpillFiles::status() const {
  if (!failed_) return {};
  const std::lock_guard lock(mutex_);
  return status_;
}

std::optional<uint32_t> SpillFiles::find(uint64_t number) const {
  for (uint32_t slot = 0; slot < slots_; ++slot) {
    if (segments_[slot] && segments_[slot]->number == number) return slot;
  }
  return std::nullopt;
}

// Round and round, so that a place is not soon used again.
std::optional<uint32_t> SpillFiles::free_slot() {
  for (size_t i = 0; i < kSlots; ++i) {
    const uint32_t slot = next_slot_;
    next_slot_ = (next_slot_ + 1) % kSlots;
    if (segments_[slot]) continue;
    slots_ = std::max(slots_, slot + 1);
    return slot;
  }
  return std::nullopt;
}

std::optional<uint32_t> SpillFiles::open_segment() {
  auto made = std::make_unique<Segment>();
  made->words = std::max<size_t>((size_t{1} << unit_bits_) / kWordBits, 1);
  made->bits = std::make_unique<std::atomic<uint64_t>[]>(made->words);
  made->hash.reset(XXH3_createState());
  TOCSIN_CHECK(made->hash != nullptr, "memory for xxHash");
  XXH3_128bits_reset(made->hash.get());
  made->buffer = file_head();
  std::unique_lock lock(mutex_);
  const std::optional<uint32_t> slot = free_slot();
  made->number = next_number_++;
  const std::string name = spill_segment_name(made->number);
  Result<void> opened;
  if (!slot) opened = world_error("there are more cold keys than fit into 2048 spill files");
  if (opened) {
    auto writer = storage_.create(name);
    if (!writer) opened = Unexpected<Error>{writer.error()};
    if (writer) made->writer = std::move(*writer);
  }
  if (opened) {
    auto reader = storage_.open(name);
    if (!reader) opened = Unexpected<Error>{reader.error()};
    if (reader) made->reader = std::move(*reader);
  }
  // Nobody but this process needs the name, and so nothing is left of a killed one.
  if (opened && options_.transient) opened = storage_.remove(name);
  if (!opened) {
    lock.unlock();
    fail(opened.error());
    return std::nullopt;
  }
  segments_[*slot] = std::move(made);
  used_ = true;
  return slot;
}

void SpillFiles::write_out(Segment& segment) {
  if (segment.buffer.empty() || failed_) return;
  if (const Result<void> written = segment.writer->write(segment.buffer); !written) {
    fail(written.error());
    return;
  }
  XXH3_128bits_update(segment.hash.get(), segment.buffer.data(), segment.buffer.size());
  segment.flushed += segment.buffer.size();
  segment.buffer.clear();
  segment.synced = false;
}

void SpillFiles::close(Segment& segment) {
  write_out(segment);
  segment.closed = true;
  eventtime::give_back(segment.buffer);
  if (options_.transient) segment.writer.reset();
}

SpillFiles::Place SpillFiles::Writer::append(const SpilledRecord& record) {
  bytes_.assign(kHeadBytes, '\0');
  eventtime::Encoder out(bytes_);
  out.text(record.key);
  out.time(record.moment);
  out.number(record.drops ? 1 : 0);
  bytes_ += record.value;
  const std::string_view rest = std::string_view(bytes_).substr(kHeadBytes);
  const std::array<uint32_t, 2> head{sum_of(rest), static_cast<uint32_t>(rest.size())};
  std::memcpy(bytes_.data(), head.data(), kHeadBytes);
  bytes_.resize(rounded(bytes_.size()));
  const size_t limit = files_.options_.segment_bytes;
  if (bytes_.size() + kUnit > limit || files_.failed_) return 0;
  const auto size_of = [&](const Segment& segment) {
    return segment.flushed + segment.buffer.size();
  };
  if (open_ && size_of(files_.segment(slot_)) + bytes_.size() > limit) {
    files_.close(files_.segment(slot_));
    open_ = false;
  }
  if (!open_) {
    const std::optional<uint32_t> slot = files_.open_segment();
    if (!slot) return 0;
    slot_ = *slot;
    open_ = true;
  }
  Segment& segment = files_.segment(slot_);
  const auto unit = static_cast<uint32_t>(size_of(segment) / kUnit);
  segment.buffer += bytes_;
  segment.set_live(unit);
  if (segment.buffer.size() >= kBufferedBytes) files_.write_out(segment);
  return files_.place_of(slot_, unit);
}

std::optional<SpilledRecord> SpillFiles::read(Place place, std::string& bytes) {
  Segment& from = segment(slot_of(place));
  const uint64_t offset = uint64_t{unit_of(place)} * kUnit;
  const auto read_at = [&](uint64_t at, size_t done, size_t size) {
    bytes.resize(size);
    if (at >= from.flushed) {
      const size_t begin = at - from.flushed;
      const size_t there = std::min(size - done, from.buffer.size() - begin);
      std::memcpy(bytes.data() + done, from.buffer.data() + begin, there);
      return done + there;
    }
    const Result<size_t> count = from.reader->read_at(at, bytes.data() + done, size - done);
    if (count) return done + *count;
    fail(count.error());
    return done;
  };
  size_t there = read_at(offset, 0, kFirstRead);
  const auto size =
      there < kHeadBytes ? size_t{0} : kHeadBytes + number_at(bytes, sizeof(uint32_t));
  if (size > there && size <= options_.segment_bytes && !failed_) {
    there = read_at(offset + there, there, size);
  }
  if (failed_) return std::nullopt;
  if (size > 0 && size <= there) {
    const std::string_view rest = std::string_view(bytes).substr(kHeadBytes, size - kHeadBytes);
    const std::optional<SpilledRecord> record = decode(rest);
    if (record && sum_of(rest) == number_at(bytes, 0)) return record;
  }
  fail(world_error(fmt::format("'{}/{}' is damaged: the record at byte {} is not what was written",
                               storage_.name(), spill_segment_name(from.number), offset))
           .error);
  return std::nullopt;
}

void SpillFiles::drop(Place place) {
  segment(slot_of(place)).set_dead(unit_of(place));
}

uint64_t SpillFiles::segment_of(Place place) const {
  const auto& found = segments_[slot_of(place)];
  return found ? found->number : 0;
}

void SpillFiles::collect() {
  for (uint32_t slot = 0; slot < slots_; ++slot) {
    auto& each = segments_[slot];
    if (each && each->closed && each->live == 0) each.reset();
  }
}

void SpillFiles::flush() {
  for (const auto& each : all()) {
    if (each && !each->closed) write_out(*each);
  }
}

std::vector<SpillSegment> SpillFiles::segments() const {
  std::vector<SpillSegment> found;
  for (const auto& each : all()) {
    if (!each || each->live == 0) continue;
    std::string digest = each->digest;
    if (each->hash) {
      const XXH128_hash_t hash = XXH3_128bits_digest(each->hash.get());
      digest = fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
    }
    found.push_back({each->number, each->flushed, each->live, std::move(digest)});
  }
  std::sort(found.begin(), found.end(), [](const SpillSegment& left, const SpillSegment& right) {
    return left.number < right.number;
  });
  return found;
}

std::vector<uint64_t> SpillFiles::numbers() const {
  std::vector<uint64_t> numbers;
  for (const auto& each : all()) {
    if (each) numbers.push_back(each->number);
  }
  return numbers;
}

void SpillFiles::visit_live(
    const std::function<void(uint64_t, uint32_t, std::string_view)>& put) const {
  std::array<uint64_t, kPieceWords> bits{};
  for (const auto& each : all()) {
    if (!each || each->live == 0) continue;
    for (size_t begin = 0; begin < each->words; begin += kPieceWords) {
      const size_t words = std::min(kPieceWords, each->words - begin);
      uint64_t any = 0;
      for (size_t i = 0; i < words; ++i) {
        bits[i] = each->bits[begin + i].load(std::memory_order_relaxed);
        any |= bits[i];
      }
      if (any == 0) continue;
      put(each->number, static_cast<uint32_t>(begin / kPieceWords),
          {reinterpret_cast<const char*>(bits.data()), words * sizeof(uint64_t)});
    }
  }
}

Result<void> SpillFiles::sync() const {
  for (const auto& each : all()) {
    if (!each || each->live == 0 || each->synced || !each->writer) continue;
    if (Result<void> synced = each->writer->sync(); !synced) return synced;
  }
  return {};
}

void SpillFiles::forget_writers(const std::vector<SpillSegment>& synced) {
  for (const SpillSegment& known : synced) {
    const std::optional<uint32_t> slot = find(known.number);
    if (!slot || segment(*slot).flushed != known.bytes) continue;
    segment(*slot).synced = true;
    if (segment(*slot).closed) segment(*slot).writer.reset();
  }
}

Result<void> SpillFiles::adopt(const SpillSegment& known) {
  const std::optional<uint32_t> slot = free_slot();
  if (!slot || known.bytes > options_.segment_bytes || known.number == 0) {
    return world_error(fmt::format("'{}/{}' cannot be used by this program", storage_.name(),
                                   spill_segment_name(known.number)));
  }
  auto reader = storage_.open(spill_segment_name(known.number));
  if (!reader) return Unexpected<Error>{reader.error()};
  auto made = std::make_unique<Segment>();
  made->number = known.number;
  made->reader = std::move(*reader);
  made->flushed = known.bytes;
  made->closed = true;
  made->synced = true;
  made->digest = known.xxh3_128;
  made->words = std::max<size_t>((size_t{1} << unit_bits_) / kWordBits, 1);
  made->bits = std::make_unique<std::atomic<uint64_t>[]>(made->words);
  next_number_ = std::max<uint64_t>(next_number_, known.number + 1);
  segments_[*slot] = std::move(made);
  return {};
}

SpillFiles::Place SpillFiles::revive(uint64_t number, uint32_t unit) {
  const std::optional<uint32_t> slot = find(number);
  TOCSIN_CHECK(slot && unit < uint32_t{1} << unit_bits_, "the segment was adopted");
  TOCSIN_CHECK(segment(*slot).set_live(unit), "a record comes back once");
  return place_of(*slot, unit);
}

std::optional<uint64_t> SpillFiles::sparse() const {
  constexpr uint32_t kSparse = 3;  // a third or less lives
  for (const auto& each : all()) {
    if (each && each->closed && each->live > 0 && each->live <= each->records / kSparse) {
      return each->number;
    }
  }
  return std::nullopt;
}

std::optional<uint32_t> SpillFiles::visit_segment(
    uint64_t number, uint32_t from, size_t bytes,
    const std::function<void(Place, const SpilledRecord&)>& visit) {
  const std::optional<uint32_t> slot = find(number);
  if (!slot) return std::nullopt;
  const Segment& found = segment(*slot);
  const auto end = static_cast<uint32_t>(found.flushed / kUnit);
  std::string record_bytes;
  for (uint32_t unit = from; unit < end; ++unit) {
    if (uint64_t{unit - from} * kUnit >= bytes) return unit;
    if (!found.is_live(unit)) continue;
    const Place place = place_of(*slot, unit);
    const std::optional<SpilledRecord> record = read(place, record_bytes);
    if (!record) return std::nullopt;
    visit(place, *record);
  }
  return std::nullopt;
}

uint64_t SpillFiles::live_bytes() const {
  uint64_t bytes = 0;
  for (const auto& each : all()) {
    if (each) bytes += each->flushed + each->buffer.size();
  }
  return bytes;
}

}  // namespace tocsin::runtime
