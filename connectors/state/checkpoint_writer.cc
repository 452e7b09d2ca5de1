#include "connectors/state/checkpoint_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "connectors/state/checkpoint_directory.h"
#include "connectors/state/digest.h"
#include "connectors/state/record_file.h"
#include "connectors/state/record_index.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;
using runtime::Storage;

namespace {

// The data file of an attempt. A delta is made with its first entry: without changes there is none.
class DataFile {
 public:
  DataFile(Storage& storage, std::string name) : storage_(storage), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool exists() const { return writer_ != nullptr; }

  RecordFileWriter* writer() {
    if (writer_ == nullptr && status_) {
      auto file = storage_.create(name_);
      if (file) {
        writer_ = std::make_unique<RecordFileWriter>(std::move(*file));
      } else {
        status_ = eventtime::Unexpected<eventtime::Error>{file.error()};
      }
    }
    return writer_.get();
  }

  // Synced and read back.
  Result<void> finish() {
    if (!status_ || writer_ == nullptr) return status_;
    if (status_ = writer_->finish(); !status_) return status_;
    const auto back = digest_of(storage_, name_);
    if (!back) {
      status_ = eventtime::Unexpected<eventtime::Error>{back.error()};
    } else if (back->bytes != writer_->bytes() || back->xxh3_128 != writer_->digest()) {
      status_ = eventtime::world_error(
          fmt::format("'{}/{}' reads back otherwise than written", storage_.name(), name_));
    }
    return status_;
  }

  ManifestFile entry() const {
    return {name_, writer_->bytes(), writer_->records(), writer_->deletions(), writer_->digest()};
  }

  void remove() {
    if (writer_ == nullptr) return;
    writer_.reset();               // closes it
    (void)storage_.remove(name_);  // if not now, then as a leftover
  }

 private:
  Storage& storage_;
  std::string name_;
  std::unique_ptr<RecordFileWriter> writer_;
  Result<void> status_;
};

void write_base(const Records& records, DataFile& file, SharedHashes& hashes, uint64_t& count) {
  RecordFileWriter* const writer = file.writer();
  if (writer == nullptr) return;
  records([&](std::string_view key, std::string_view value) {
    hashes.append({hash_key(key), hash_value(value)});
    writer->put(key, value);
    ++count;
  });
}

void write_delta(const Records& records, std::span<const RecordHash> before, DataFile& file,
                 SharedHashes& hashes, uint64_t& count) {
  RecordIndex index(before);
  records([&](std::string_view key, std::string_view value) {
    const RecordHash hash{hash_key(key), hash_value(value)};
    hashes.append(hash);
    ++count;
    if (!index.is_new(hash)) return;
    if (RecordFileWriter* const writer = file.writer()) writer->put(key, value);
  });
  index.visit_vanished([&](const KeyHash& key) {
    if (RecordFileWriter* const writer = file.writer()) writer->erase(key);
  });
}

// The caller's, and which of the spilled ones live.
Records with_live_maps(const CheckpointRequest& request) {
  if (request.spilled == nullptr) return request.records;
  return [&request](const Put& put) {
    request.records(put);
    request.spilled->visit_live([&](uint64_t segment, uint32_t piece, std::string_view bits) {
      put(live_key(segment, piece), bits);
    });
  };
}

// Synced, and read back where the last checkpoint has not done so.
Result<void> finish_spilled(Storage& storage, const CheckpointRequest& request,
                            const std::optional<Manifest>& last, Manifest& manifest) {
  if (request.spilled == nullptr) return {};
  manifest.spilled = request.spilled->segments();
  if (Result<void> synced = request.spilled->sync(); !synced) return synced;
  for (const runtime::SpillSegment& segment : manifest.spilled) {
    const bool known =
        last && std::any_of(last->spilled.begin(), last->spilled.end(), [&](const auto& each) {
          return each.number == segment.number && each.bytes == segment.bytes;
        });
    if (known) continue;
    if (Result<void> whole = verify_spilled(storage, segment); !whole) return whole;
  }
  return {};
}

}  // namespace

bool needs_base(const std::optional<Manifest>& last) {
  if (!last) return true;
  uint64_t delta_bytes = 0;
  for (size_t i = 1; i < last->files.size(); ++i) delta_bytes += last->files[i].bytes;
  return last->files.size() > kMaxDeltas || delta_bytes > last->files.front().bytes / 2;
}

Result<Manifest> write_checkpoint(Storage& storage, const CheckpointRequest& request,
                                  const CheckpointAttempt& attempt, SharedHashes& hashes) {
  const bool base = needs_base(attempt.last);
  std::optional<std::string> meta = minify_object(request.meta);
  TOCSIN_CHECK(meta.has_value(), "the meta of a checkpoint is a JSON object");
  Manifest manifest;
  manifest.number = attempt.number;
  manifest.written = request.written;
  manifest.meta = std::move(*meta);
  DataFile file(storage, base ? base_name(attempt.number) : delta_name(attempt.number));
  if (base) {
    write_base(with_live_maps(request), file, hashes, manifest.records);
  } else {
    manifest.files = attempt.last->files;
    write_delta(with_live_maps(request), attempt.last_hashes, file, hashes, manifest.records);
  }
  Result<void> done = hashes.finish();
  if (done) done = file.finish();
  if (done && file.exists()) manifest.files.push_back(file.entry());
  if (done) done = finish_spilled(storage, request, attempt.last, manifest);
  if (done && request.before_publish) done = request.before_publish();
  const std::string name = checkpoint_name(attempt.number);
  if (done) done = publish_manifest(storage, manifest, name, name + ".tmp");
  if (done) return manifest;
  file.remove();
  return eventtime::Unexpected<eventtime::Error>{done.error()};
}

}  // namespace tocsin::connectors
