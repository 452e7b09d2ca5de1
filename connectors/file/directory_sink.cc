#include "connectors/file/directory_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "connectors/file/byte_reader.h"
#include "connectors/file/position_number.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWord = "files ";  // before a position, so that it is no file's
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kPart = ".part";
constexpr size_t kCopyBytes = size_t{64} << 10;

Unexpected<Error> failed_to(std::string_view what, const std::string& path, int error) {
  return eventtime::world_error(
      fmt::format("cannot {} '{}': {}", what, path, std::strerror(error)));
}

Result<void> sync_path(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed_to("open", path, errno);
  const bool synced = ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  return synced ? Result<void>() : failed_to("sync", path, error);
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return failed_to("remove", path, errno);
}

// Or not there. What cannot be looked at is not.
bool is_shorter(const std::string& path, uint64_t bytes) {
  std::error_code failed;
  const uintmax_t size = fs::file_size(path, failed);
  return failed ? failed == std::errc::no_such_file_or_directory : size < bytes;
}

// The first bytes of a file to another one.
Result<void> copy_head(const std::string& from, const std::string& to, uint64_t bytes) {
  const Result<std::unique_ptr<ByteReader>> reader = open_bytes(from);
  if (!reader) return Unexpected<Error>{reader.error()};
  const Result<std::unique_ptr<LineWriter>> writer = LineWriter::open(to);
  if (!writer) return Unexpected<Error>{writer.error()};
  std::string buffer(kCopyBytes, '\0');
  while (bytes > 0) {
    const Result<size_t> read =
        (*reader)->read(buffer.data(), std::min<uint64_t>(bytes, buffer.size()));
    if (!read) return Unexpected<Error>{read.error()};
    if (*read == 0) break;
    const Result<void> written = (*writer)->write_lines({buffer.data(), *read});
    if (!written) return written;
    bytes -= *read;
  }
  return (*writer)->close();
}

int64_t period_of(eventtime::Timestamp time, eventtime::Duration every) {
  const int64_t quotient = time.micros / every.micros;
  return time.micros % every.micros < 0 ? quotient - 1 : quotient;
}

}  // namespace

std::string DirectorySink::path(uint64_t file, bool part) const {
  const std::string name = fmt::format("{}-{:06}{}", spec_.name, file, kSuffix);
  return (fs::path(directory_) / name).string() + std::string(part ? kPart : "");
}

Result<std::map<uint64_t, DirectorySink::Found>> DirectorySink::list() const {
  std::map<uint64_t, Found> found;
  std::error_code failed;
  for (fs::directory_iterator entry(directory_, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    uint64_t number = 0;
    const size_t dash = spec_.name.size();
    if (name.size() <= dash || !name.starts_with(spec_.name) || name[dash] != '-') continue;
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
    // Nothing that is called otherwise in any way.
    const std::string whole = path(number, false);
    const std::string full = (fs::path(directory_) / name).string();
    if (full == whole) found[number].whole = true;
    if (full == whole + std::string(kPart)) found[number].part = true;
  }
  if (failed) {
    return eventtime::world_error(
        fmt::format("cannot read the folder '{}': {}", directory_, failed.message()));
  }
  return found;
}

std::optional<DirectorySink::Position> DirectorySink::parse(std::string_view text) {
  Position read;
  if (!text.starts_with(kWord)) return std::nullopt;
  text.remove_prefix(kWord.size());
  const bool whole = take_number(text, read.file) && take_number(text, read.in_file.bytes) &&
                     take_number(text, read.in_file.tail_hash) &&
                     take_number(text, read.first.micros);
  if (!whole || read.file == 0) return std::nullopt;
  read.directory = text;
  return read;
}

std::string DirectorySink::position() const {
  const OutputPosition in_file = writer_ == nullptr ? OutputPosition() : writer_->position();
  return fmt::format("{}{} {} {} {} {}", kWord, file_, in_file.bytes, in_file.tail_hash,
                     first_.micros, directory_);
}

Result<void> DirectorySink::resume(std::string_view position) {
  const std::optional<Position> before = parse(position);
  if (!before && position.starts_with(kWord)) {
    return eventtime::world_error(
        fmt::format("sink '{}': what the state says of it is not readable", spec_.name));
  }
  std::error_code failed;
  fs::create_directories(directory_, failed);
  if (failed) {
    return eventtime::world_error(
        fmt::format("cannot make the folder '{}': {}", directory_, failed.message()));
  }
  const Result<std::map<uint64_t, Found>> found = list();
  if (!found) return Unexpected<Error>{found.error()};
  const bool is_known = before && before->directory == directory_;
  return checked(is_known ? go_to(*before, *found) : begin_empty(*found));
}

Result<void> DirectorySink::begin_empty(const std::map<uint64_t, Found>& found) const {
  for (const auto& [number, names] : found) {
    for (const bool part : {false, true}) {
      if (!(part ? names.part : names.whole)) continue;
      const Result<void> removed = remove_file(path(number, part));
      if (!removed) return removed;
    }
  }
  return {};
}

// What is whole before the position may still lack its name; what was begun behind it is written
// again. The file of the position is there first: if it is not, nothing else is touched.
Result<void> DirectorySink::go_to(const Position& position,
                                  const std::map<uint64_t, Found>& found) {
  file_ = position.file;
  first_ = position.first;
  if (position.in_file.bytes > 0) {
    const uint64_t bytes = position.in_file.bytes;
    // It has got its name since then; and a run that was ended while it made a copy has left less.
    const bool copies =
        is_shorter(path(file_, true), bytes) && !is_shorter(path(file_, false), bytes);
    if (copies) {
      const Result<void> copied = copy_head(path(file_, false), path(file_, true), bytes);
      if (!copied) return copied;
    }
    auto writer = LineWriter::open_at(path(file_, true), position.in_file);
    if (!writer && copies) ::unlink(path(file_, true).c_str());
    if (!writer) return Unexpected<Error>{writer.error()};
    writer_ = *std::move(writer);
  }
  for (const auto& [number, names] : found) {
    if (!names.part || (number == file_ && writer_ != nullptr)) continue;
    const Result<void> done = number < file_ ? publish(number) : remove_file(path(number, true));
    if (!done) return done;
  }
  return {};
}

bool DirectorySink::is_full_for(const runtime::OutgoingAlert& alert) const {
  const uint64_t bytes = writer_->bytes() + alert.json.size() + 1;
  if (spec_.rotate_bytes && bytes > *spec_.rotate_bytes) return true;
  if (first_ == kNoTime || alert.complete == kNoTime) return false;
  return spec_.rotate_every &&
         period_of(alert.complete, *spec_.rotate_every) > period_of(first_, *spec_.rotate_every);
}

Result<void> DirectorySink::write(const runtime::OutgoingAlert& alert) {
  if (writer_ != nullptr && is_full_for(alert)) {
    Result<void> ended = end_file();
    if (ended && !has_state_) ended = publish_all();
    if (!ended) return checked(ended);
  }
  if (writer_ == nullptr) {
    auto writer = LineWriter::open(path(file_, true));
    if (!writer) return checked(Unexpected<Error>{writer.error()});
    writer_ = *std::move(writer);
    first_ = kNoTime;
  }
  if (first_ == kNoTime) first_ = alert.complete;
  line_.assign(alert.json);
  line_ += '\n';
  ++alerts_;
  return checked(writer_->write_lines(line_));
}

Result<void> DirectorySink::end_file() {
  if (writer_ == nullptr) return {};
  const Result<void> closed = writer_->close();
  if (!closed) return closed;
  writer_.reset();
  first_ = kNoTime;
  ended_.push_back(file_++);
  return {};
}

Result<void> DirectorySink::publish(uint64_t file) const {
  const std::string from = path(file, true);
  if (::rename(from.c_str(), path(file, false).c_str()) == 0) return {};
  return failed_to("rename", from, errno);
}

Result<void> DirectorySink::publish_all() {
  Result<void> done = sync_ended();
  for (const uint64_t file : ended_) {
    if (done) done = publish(file);
  }
  ended_.clear();
  return done;
}

Result<void> DirectorySink::sync_ended() const {
  for (const uint64_t file : ended_) {
    const Result<void> synced = sync_path(path(file, true), 0);
    if (!synced) return synced;
  }
  return ended_.empty() ? Result<void>() : sync_path(directory_, O_DIRECTORY);
}

Result<void> DirectorySink::flush() {
  return writer_ == nullptr ? Result<void>() : checked(writer_->flush());
}

// In a child, too: files that have ended are known by their paths.
Result<void> DirectorySink::sync() {
  const Result<void> synced = writer_ == nullptr ? Result<void>() : writer_->sync();
  return checked(synced ? sync_ended() : synced);
}

Result<void> DirectorySink::settle(std::string_view position) {
  const std::optional<Position> settled = parse(position);
  if (!settled) return {};
  Result<void> done;
  std::erase_if(ended_, [&](uint64_t file) {
    if (!done || file >= settled->file) return false;
    done = publish(file);
    return true;
  });
  return checked(done);
}

// Names beyond the last are of a run that ended otherwise, over the same inputs before they grew.
Result<void> DirectorySink::finish() {
  Result<void> done = end_file();
  if (done) done = publish_all();
  if (!done) return checked(done);
  const Result<std::map<uint64_t, Found>> found = list();
  if (!found) return checked(Unexpected<Error>{found.error()});
  for (const auto& [number, names] : *found) {
    if (number < file_ || !names.whole) continue;
    const Result<void> removed = remove_file(path(number, false));
    if (!removed) return checked(removed);
  }
  return {};
}

Result<void> DirectorySink::close() {
  if (failed_) return {};
  if (has_state_) return writer_ == nullptr ? Result<void>() : checked(writer_->close());
  const Result<void> ended = end_file();
  return checked(ended ? publish_all() : ended);
}

Result<void> DirectorySink::checked(Result<void> result) {
  failed_ = failed_ || !result;
  return result;
}

runtime::Metrics DirectorySink::metrics() const {
  using runtime::Metric;
  return {{"sink_alerts_total",
           "Alerts written.",
           Metric::Kind::kCounter,
           {},
           static_cast<double>(alerts_)},
          {"sink_files",
           "Files begun.",
           Metric::Kind::kGauge,
           {},
           static_cast<double>(file_ - (writer_ == nullptr ? 1 : 0))}};
}

}  // namespace tocsin::connectors
