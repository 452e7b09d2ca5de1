#include "connectors/state/journal.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "connectors/file_numbers.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using eventtime::world_error;
using runtime::Tick;

namespace {

constexpr std::string_view kJournalMagic = "TOCSINJL";
constexpr uint32_t kJournalVersion = 1;
constexpr mode_t kJournalMode = 0666;

void append_hash(std::string& out, size_t begin, uint64_t seed) {
  append_number(out, XXH3_64bits_withSeed(out.data() + begin, out.size() - begin, seed));
}

std::string header_of(uint32_t inputs) {
  std::string header(kJournalMagic);
  append_number(header, kJournalVersion);
  append_number(header, inputs);
  append_hash(header, 0, 0);
  return header;
}

constexpr size_t kHeaderBytes = 24;
constexpr size_t kTickBytes = 32;

void append_tick(std::string& out, const Tick& tick, uint64_t number) {
  const size_t begin = out.size();
  append_number(out, tick.input);
  append_number(out, uint32_t{0});
  append_number(out, tick.position);
  append_number(out, tick.time.micros);
  append_hash(out, begin, number);
}

std::optional<Tick> tick_at(std::string_view body, uint64_t number) {
  const std::string_view bytes = body.substr(number * kTickBytes, kTickBytes);
  constexpr size_t kHashed = kTickBytes - sizeof(uint64_t);
  const uint64_t hash = XXH3_64bits_withSeed(bytes.data(), kHashed, number);
  if (number_at<uint64_t>(bytes, kHashed) != hash) return std::nullopt;
  return Tick{number_at<uint32_t>(bytes, 0),
              number_at<uint64_t>(bytes, 8),
              {number_at<int64_t>(bytes, 16)}};
}

Unexpected<Error> unusable(const std::string& path, std::string_view why) {
  return world_error(fmt::format("cannot use the journal '{}': {}", path, why));
}

Unexpected<Error> journal_failed(const std::string& path, int error) {
  return unusable(path, std::strerror(error));
}

// What is wrong with a header, or nothing.
std::string wrong_header(std::string_view bytes, uint32_t inputs) {
  if (bytes == header_of(inputs)) return {};
  if (!bytes.starts_with(kJournalMagic)) return "it is no journal of tocsin";
  const auto version = number_at<uint32_t>(bytes, kJournalMagic.size());
  if (version != kJournalVersion) {
    return fmt::format("it has format version {}, this program knows {}", version, kJournalVersion);
  }
  const auto written = number_at<uint32_t>(bytes, kJournalMagic.size() + sizeof(version));
  if (bytes == header_of(written)) {
    return fmt::format("it was written by a run over {} inputs, this one has {}", written, inputs);
  }
  return "its header is damaged";
}

Result<JournalContent> content_of(const std::string& path, std::string_view bytes,
                                  uint32_t inputs) {
  JournalContent content;
  if (bytes.size() < kHeaderBytes && std::string_view(header_of(inputs)).starts_with(bytes)) {
    content.torn_bytes = bytes.size();
    return content;
  }
  const std::string wrong = bytes.size() < kHeaderBytes
                                ? "it is no journal of tocsin"
                                : wrong_header(bytes.substr(0, kHeaderBytes), inputs);
  if (!wrong.empty()) return unusable(path, wrong);
  const std::string_view body = bytes.substr(kHeaderBytes);
  const uint64_t whole = body.size() / kTickBytes;
  for (uint64_t number = 0; number < whole; ++number) {
    const std::optional<Tick> tick = tick_at(body, number);
    if (!tick) continue;
    if (content.ticks.size() < number) {
      return unusable(path, fmt::format("tick {} is damaged", content.ticks.size()));
    }
    if (tick->input >= inputs) {
      return unusable(path, fmt::format("tick {} is of input {}", number, tick->input));
    }
    content.ticks.push_back(*tick);
  }
  content.torn_bytes = body.size() - content.ticks.size() * kTickBytes;
  return content;
}

Result<std::string> read_whole(int file, const std::string& path) {
  std::string bytes;
  if (::lseek(file, 0, SEEK_SET) != 0) return journal_failed(path, errno);
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return journal_failed(path, errno);
    if (count == 0) return bytes;
    bytes.append(piece.data(), static_cast<size_t>(count));
  }
}

// A child of a run that was killed holds it as well, until a moment after the run.
bool lock_soon(int file) {
  constexpr int kAttempts = 30;
  constexpr std::chrono::milliseconds kPause(10);
  for (int i = 0; i < kAttempts; ++i) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    std::this_thread::sleep_for(kPause);
  }
  errno = EWOULDBLOCK;
  return false;
}

// False: a run that ended meanwhile has put another file there.
bool is_at(int file, const std::string& path) {
  struct stat held{};
  struct stat there{};
  return ::fstat(file, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
         held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

bool sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  return synced;
}

bool write_whole(int file, std::string_view bytes, uint64_t at) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count =
        ::pwrite(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

std::vector<Tick> last_ticks(const std::vector<Tick>& ticks) {
  std::map<std::pair<uint32_t, uint64_t>, eventtime::Timestamp> times;
  for (const Tick& tick : ticks) {
    eventtime::Timestamp& time =
        times.emplace(std::pair(tick.input, tick.position), tick.time).first->second;
    time = std::max(time, tick.time);
  }
  std::vector<Tick> last;
  for (const auto& [place, time] : times) last.push_back({place.first, place.second, time});
  return last;
}

Result<JournalContent> read_journal(const std::string& path, uint32_t inputs) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return journal_failed(path, errno);
  const Result<std::string> bytes = read_whole(file, path);
  ::close(file);
  if (!bytes) return Unexpected<Error>{bytes.error()};
  return content_of(path, *bytes, inputs);
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, uint32_t inputs) {
  std::unique_ptr<Journal> journal;
  do {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kJournalMode);
    if (file < 0) return journal_failed(path, errno);
    journal.reset(new Journal(file, path));
    if (!lock_soon(file)) {
      return errno == EWOULDBLOCK ? unusable(path, "another run writes to it")
                                  : journal_failed(path, errno);
    }
  } while (!is_at(journal->file_, path));
  const Result<void> loaded = journal->load(inputs);
  if (!loaded) return Unexpected<Error>{loaded.error()};
  return journal;
}

Journal::~Journal() {
  ::close(file_);
}

Result<void> Journal::load(uint32_t inputs) {
  const Result<std::string> bytes = read_whole(file_, path_);
  if (!bytes) return Unexpected<Error>{bytes.error()};
  Result<JournalContent> content = content_of(path_, *bytes, inputs);
  if (!content) return Unexpected<Error>{content.error()};
  content_ = *std::move(content);
  inputs_ = inputs;
  ticks_ = content_.ticks.size();
  bytes_ = bytes->size() - content_.torn_bytes;
  if (::ftruncate(file_, static_cast<off_t>(bytes_)) != 0) return journal_failed(path_, errno);
  Result<void> begun = bytes_ == 0 ? write(header_of(inputs)) : Result<void>();
  if (begun) drop_ticks(content_.ticks);
  return begun;
}

Result<void> Journal::append(std::span<const Tick> ticks) {
  std::string bytes;
  for (const Tick& tick : ticks) append_tick(bytes, tick, ticks_ + (bytes.size() / kTickBytes));
  Result<void> written = write(bytes);
  if (!written) return written;
  ticks_ += ticks.size();
  if (ticks_ >= next_look_) {
    const Result<std::string> all = read_whole(file_, path_);
    const auto content = all ? content_of(path_, *all, inputs_) : Unexpected<Error>{all.error()};
    drop_ticks(content ? content->ticks : std::vector<Tick>());
  }
  return written;
}

// The ticks are those of the file. Where it cannot be done they stay.
void Journal::drop_ticks(const std::vector<Tick>& ticks) {
  const std::vector<Tick> last = last_ticks(ticks);
  const bool is_worth_it = !last.empty() && last.size() <= ticks.size() / 2;
  if (is_worth_it && replace(last)) ticks_ = last.size();
  next_look_ = ticks_ + std::max(kLookEvery, ticks_);
}

bool Journal::replace(const std::vector<Tick>& ticks) {
  std::error_code error;
  const std::string path = std::filesystem::canonical(path_, error).string();
  struct stat status{};
  if (error || ::fstat(file_, &status) != 0) return false;
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kJournalMode);
  if (file < 0) return false;
  std::string bytes = header_of(inputs_);
  for (size_t i = 0; i < ticks.size(); ++i) append_tick(bytes, ticks[i], i);
  const bool done = lock_soon(file) && ::fchmod(file, status.st_mode) == 0 &&
                    write_whole(file, bytes, 0) && ::fdatasync(file) == 0 &&
                    ::rename(beside.c_str(), path.c_str()) == 0;
  if (!done) ::unlink(beside.c_str());
  ::close(done ? std::exchange(file_, file) : file);
  if (!done) return false;
  bytes_ = bytes.size();
  directory_ = std::filesystem::path(path).parent_path().string();
  is_in_place_ = sync_directory(directory_);
  return true;
}

Result<void> Journal::write(std::string_view bytes) {
  if (!write_whole(file_, bytes, bytes_)) {
    const int error = errno;
    const bool cut = ::ftruncate(file_, static_cast<off_t>(bytes_)) == 0;
    return journal_failed(path_, cut ? error : errno);
  }
  bytes_ += bytes.size();
  return {};
}

Result<void> Journal::sync() {
  if (!is_in_place_ && !sync_directory(directory_)) return journal_failed(path_, errno);
  is_in_place_ = true;
  return ::fdatasync(file_) == 0 ? Result<void>() : journal_failed(path_, errno);
}

}  // namespace tocsin::connectors
