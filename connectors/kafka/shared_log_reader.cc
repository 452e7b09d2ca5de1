#include "connectors/kafka/shared_log_reader.h"

#include <fmt/format.h>

namespace tocsin::connectors {

using eventtime::Duration;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogPartition;
using runtime::LogRecord;

void SharedLogReader::add(const LogPartition& partition, int64_t offset) {
  places_[partition].next = offset;
}

Result<size_t> SharedLogReader::take(const LogPartition& partition, size_t most, LogRecords& to) {
  Place& place = places_.at(partition);
  size_t taken = take_kept(place, most, to);
  if (taken > 0) return taken;
  const Result<bool> begun = begin();
  if (!begun) return Unexpected<Error>{begun.error()};
  if (!*begun) return size_t{0};
  const auto on_record = [&](const LogPartition& of, const LogRecord& record) {
    Place& at = of == partition ? place : places_.at(of);
    at.next = record.offset + 1;
    at.at_end = false;
    pause_.forget();
    if (&at != &place) return keep(at, record);
    to.add(record);
    ++taken;
  };
  const auto on_end = [&](const LogPartition& of) {
    Place& at = places_.at(of);
    at.at_end = true;
    ++at.ends;
  };
  const Result<void> read = reader_->read(Duration{0}, most, on_record, on_end);
  if (!read) {
    lose(read.error());
    return taken;
  }
  for (auto& [of, at] : places_) {
    if (!at.is_begun || !at.is_full()) continue;
    reader_->end(of);
    at.is_begun = false;
  }
  return taken;
}

size_t SharedLogReader::take_kept(Place& place, size_t most, LogRecords& to) const {
  size_t taken = 0;
  std::vector<runtime::LogHeader> headers;
  for (; taken < most && !place.kept.empty(); ++taken) {
    const Record& kept = place.kept.front();
    headers.clear();
    for (const auto& [name, value] : kept.headers) headers.push_back({name, value});
    to.add({kept.offset, kept.time, kept.key, kept.value, headers});
    place.kept_bytes -= kept.value ? kept.value->size() : 0;
    place.kept.pop_front();
  }
  return taken;
}

void SharedLogReader::keep(Place& place, const LogRecord& record) {
  Record& kept = place.kept.emplace_back();
  kept.offset = record.offset;
  kept.time = record.time;
  if (record.key) kept.key = *record.key;
  if (record.value) kept.value = *record.value;
  for (const runtime::LogHeader& header : record.headers) {
    kept.headers.emplace_back(header.name, header.value);
  }
  place.kept_bytes += record.value ? record.value->size() : 0;
}

Result<bool> SharedLogReader::begin() {
  if (reader_ == nullptr) {
    if (!pause_.is_over(clock_.now())) return false;
    auto reader = client_.open_reader();
    if (!reader) {
      lose(reader.error());
      return false;
    }
    reader_ = *std::move(reader);
  }
  for (auto& [partition, place] : places_) {
    if (place.is_begun || place.kept.size() > kMaxKept / 2 ||
        place.kept_bytes > kMaxKeptBytes / 2) {
      continue;
    }
    Result<void> done = check(partition, place);
    if (!done && done.error().blame != eventtime::Blame::kWorld) {
      return Unexpected<Error>{done.error()};
    }
    if (done) done = reader_->begin(partition, place.next);
    if (!done) {
      lose(done.error());
      return false;
    }
    place.is_begun = true;
  }
  return true;
}

Result<void> SharedLogReader::check(const LogPartition& partition, Place& place) {
  if (place.is_checked) return {};
  const Result<runtime::LogBounds> bounds = client_.bounds(partition);
  if (!bounds) return Unexpected<Error>{bounds.error()};
  if (place.next < bounds->first) {
    return eventtime::input_error(fmt::format(
        "'{}' begins with offset {}, and offset {} should come next: records were deleted before "
        "they were read. To go on without them, begin with a new state directory",
        partition.text(), bounds->first, place.next));
  }
  // Without transactions the end is where the next record will stand.
  if (place.next > bounds->end) {
    return eventtime::input_error(fmt::format(
        "'{}' ends before offset {}, and offset {} should come next: it is not the topic that was "
        "read before. Begin with a new state directory",
        partition.text(), bounds->end, place.next));
  }
  place.is_checked = true;
  return {};
}

void SharedLogReader::lose(const Error& why) {
  pause_.begin(clock_.now());
  warn_(fmt::format("{}; tried again in {} ms", why.message, pause_.length().micros / 1000));
  reader_.reset();
  for (auto& [partition, place] : places_) {
    place.is_begun = false;
    place.is_checked = false;
    place.at_end = false;
  }
}

bool SharedLogReader::is_at_end(const LogPartition& partition) const {
  const auto place = places_.find(partition);
  return place != places_.end() && place->second.at_end && place->second.kept.empty();
}

uint64_t SharedLogReader::ends(const LogPartition& partition) const {
  const auto place = places_.find(partition);
  return place == places_.end() ? 0 : place->second.ends;
}

std::optional<int64_t> SharedLogReader::known_end(const LogPartition& partition) const {
  return reader_ == nullptr ? std::nullopt : reader_->known_end(partition);
}

}  // namespace tocsin::connectors
