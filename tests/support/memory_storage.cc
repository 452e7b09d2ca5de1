#include "tests/support/memory_storage.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tocsin::tests {

using eventtime::Result;
using eventtime::world_error;

class MemoryWriter : public runtime::WritableFile {
 public:
  MemoryWriter(MemoryStorage& storage, std::shared_ptr<MemoryStorage::File> file, std::string name)
      : storage_(storage), file_(std::move(file)), name_(std::move(name)) {}

  Result<void> write(std::string_view bytes) override {
    return storage_.append(*file_, name_, bytes);
  }
  Result<void> sync() override { return storage_.sync(*file_, name_); }
  Result<void> close() override { return storage_.step(name_); }

 private:
  MemoryStorage& storage_;
  std::shared_ptr<MemoryStorage::File> file_;
  std::string name_;
};

class MemoryReader : public runtime::ReadableFile {
 public:
  MemoryReader(MemoryStorage& storage, std::shared_ptr<MemoryStorage::File> file, std::string name)
      : storage_(storage), file_(std::move(file)), name_(std::move(name)), bytes_(file_->bytes) {}

  Result<size_t> read(char* out, size_t size) override {
    constexpr size_t kAtOnce = 1000;  // less than was asked for is usual
    const size_t count = std::min({size, kAtOnce, bytes_.size() - at_});
    std::memcpy(out, bytes_.data() + at_, count);
    at_ += count;
    return count;
  }

  Result<size_t> read_at(uint64_t offset, char* out, size_t size) override {
    const std::lock_guard lock(storage_.mutex_);
    if (const Result<void> status = storage_.step(name_); !status) {
      return world_error(status.error().message);
    }
    const std::string& bytes = file_->bytes;
    const size_t count = offset < bytes.size() ? std::min<size_t>(size, bytes.size() - offset) : 0;
    std::memcpy(out, bytes.data() + std::min<size_t>(offset, bytes.size()), count);
    return count;
  }

 private:
  MemoryStorage& storage_;
  std::shared_ptr<MemoryStorage::File> file_;
  std::string name_;
  std::string bytes_;  // as they were when it was opened
  size_t at_ = 0;
};

Result<void> MemoryStorage::step(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++operations_;
  if (interrupt_at_ != 0 && operations_ >= interrupt_at_) {
    interrupt_at_ = 0;
    other_();
  }
  if (stop_at_ == 0 || operations_ < stop_at_) return {};
  return world_error(fmt::format("cannot reach '{}/{}': the machine has stopped", name_, name));
}

Result<void> MemoryStorage::append(File& file, const std::string& name, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Result<void> status = step(name);
  if (!status && operations_ > stop_at_) return status;
  if (!status) bytes = bytes.substr(0, bytes.size() / 2);
  const uint64_t used = this->bytes();
  const uint64_t room = capacity_ - std::min(capacity_, used);
  file.bytes += bytes.substr(0, room);
  if (status && bytes.size() > room) {
    return world_error(fmt::format("cannot write '{}/{}': No space left on device", name_, name));
  }
  return status;
}

Result<void> MemoryStorage::sync(File& file, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (Result<void> status = step(name); !status) return status;
  file.synced = file.bytes.size();
  durable_ = now_;
  return {};
}

Result<std::unique_ptr<runtime::WritableFile>> MemoryStorage::create(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const Result<void> status = step(name); !status) return world_error(status.error().message);
  const auto file = std::make_shared<File>();
  now_[name] = file;
  return std::unique_ptr<runtime::WritableFile>(std::make_unique<MemoryWriter>(*this, file, name));
}

Result<std::unique_ptr<runtime::ReadableFile>> MemoryStorage::open(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const Result<void> status = step(name); !status) return world_error(status.error().message);
  const auto found = now_.find(name);
  if (found == now_.end()) {
    return world_error(fmt::format("cannot read '{}/{}': No such file or directory", name_, name));
  }
  return std::unique_ptr<runtime::ReadableFile>(
      std::make_unique<MemoryReader>(*this, found->second, name));
}

Result<void> MemoryStorage::rename(const std::string& from, const std::string& to) {
  if (Result<void> status = step(to); !status) return status;
  const auto found = now_.find(from);
  if (found == now_.end() || now_.contains(to)) {
    return world_error(fmt::format("cannot write '{}/{}': File exists", name_, to));
  }
  now_[to] = found->second;
  now_.erase(from);
  if (Result<void> status = step(to); !status) return status;
  durable_ = now_;
  return {};
}

Result<void> MemoryStorage::remove(const std::string& name) {
  if (Result<void> status = step(name); !status) return status;
  if (now_.erase(name) == 1) return {};
  return world_error(fmt::format("cannot remove '{}/{}': No such file or directory", name_, name));
}

Result<std::vector<runtime::StoredFile>> MemoryStorage::list() {
  if (const Result<void> status = step(""); !status) return world_error(status.error().message);
  std::vector<runtime::StoredFile> files;
  for (const auto& [name, file] : now_) files.push_back({name, file->bytes.size()});
  return files;
}

void MemoryStorage::stop_at(uint64_t operation) {
  operations_ = 0;
  stop_at_ = operation;
}

void MemoryStorage::interrupt_at(uint64_t operation, std::function<void()> other) {
  operations_ = 0;
  interrupt_at_ = operation;
  other_ = std::move(other);
}

void MemoryStorage::crash(Loss loss) {
  if (loss == Loss::kUnsynced) now_ = durable_;
  for (auto& [name, file] : now_) {
    std::string& bytes = file->bytes;
    if (loss == Loss::kUnsynced || loss == Loss::kBytes) bytes.resize(file->synced);
    if (loss == Loss::kTorn && bytes.size() > file->synced) {
      bytes.resize((file->synced + bytes.size() + 1) / 2);
      if (bytes.size() > file->synced) bytes.back() ^= 1;
    }
    file->synced = bytes.size();
  }
  durable_ = now_;
  stop_at(0);
}

uint64_t MemoryStorage::bytes() const {
  uint64_t sum = 0;
  for (const auto& [name, file] : now_) sum += file->bytes.size();
  return sum;
}

std::map<std::string, std::string> MemoryStorage::files() const {
  std::map<std::string, std::string> copy;
  for (const auto& [name, file] : now_) copy[name] = file->bytes;
  return copy;
}

void MemoryStorage::set_files(const std::map<std::string, std::string>& files) {
  now_.clear();
  for (const auto& [name, bytes] : files) {
    now_[name] = std::make_shared<File>(File{bytes, bytes.size()});
  }
  durable_ = now_;
}

}  // namespace tocsin::tests
