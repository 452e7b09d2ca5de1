#include "connectors/state/checkpoint_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "connectors/state/checkpoint_writer.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;
using eventtime::Unexpected;
using eventtime::world_error;

namespace {

// How a child's words begin.
constexpr char kMade = 'M';    // the manifest follows
constexpr char kFailed = 'E';  // what is wrong follows

}  // namespace

CheckpointStore::CheckpointStore(runtime::Storage& storage, CheckpointOptions options)
    : storage_(storage), options_(options) {
  TOCSIN_CHECK(options_.keep > 0, "a checkpoint is kept");
}

CheckpointStore::~CheckpointStore() = default;

Result<Restored> CheckpointStore::restore(const Put& put, const Found& found,
                                          const PutSpilled& spilled) {
  TOCSIN_CHECK(!restored_ && !running(), "a store restores once, before it writes");
  const Result<uint64_t> highest = highest_number();
  if (!highest) return Unexpected{highest.error()};
  number_ = *highest;
  const auto checkpoints = list_checkpoints(storage_);
  if (!checkpoints) return Unexpected{checkpoints.error()};
  Restored restored;
  for (const StoredCheckpoint& checkpoint : *checkpoints) {
    const auto& manifest = checkpoint.manifest;
    if (!manifest && manifest.error().fault == ManifestFault::kForeign) {
      return world_error(fmt::format("'{}/{}' cannot be used: {}", storage_.name(), checkpoint.file,
                                     manifest.error().message));
    }
    const Result<void> whole =
        manifest ? verify_checkpoint(storage_, *manifest) : world_error(manifest.error().message);
    if (!whole) {
      damaged_.push_back(checkpoint.file);
      restored.notes.push_back(
          fmt::format("'{}' is damaged: {}", checkpoint.file, whole.error().message));
      continue;
    }
    if (const Result<void> taken = found ? found(*manifest) : Result<void>(); !taken) {
      return Unexpected{taken.error()};
    }
    if (auto adopted = adopt_restored(*manifest, put, spilled); !adopted) {
      return Unexpected{adopted.error()};
    }
    restored.checkpoint = *manifest;
    break;
  }
  if (!checkpoints->empty() && !restored.checkpoint) {
    std::string message = fmt::format("no checkpoint in '{}' is whole", storage_.name());
    for (const std::string& note : restored.notes) message += "; " + note;
    return world_error(std::move(message));
  }
  restored_ = true;
  remove_leftovers(storage_);
  return restored;
}

Result<void> CheckpointStore::adopt_restored(const Manifest& manifest, const Put& put,
                                             const PutSpilled& spilled) {
  auto hashes = SharedHashes::create();
  if (!hashes) return Unexpected{hashes.error()};
  Result<void> read =
      read_checkpoint(storage_, manifest,
                      {.put = put,
                       .spilled = spilled,
                       .in_files = [&](std::string_view key, std::string_view value) {
                         (*hashes)->append({hash_key(key), hash_value(value)});
                       }});
  if (read) read = (*hashes)->finish();
  if (!read) return read;
  last_ = manifest;
  last_->savepoint.clear();
  known_ = std::move(*hashes);
  return {};
}

// Also of files that are damaged or left over, so that no name is used twice.
Result<uint64_t> CheckpointStore::highest_number() {
  const auto files = storage_.list();
  if (!files) return Unexpected{files.error()};
  uint64_t highest = 0;
  for (const runtime::StoredFile& file : *files) {
    highest = std::max(highest, parse_file_name(file.name).number);
  }
  return highest;
}

Result<void> CheckpointStore::begin(const CheckpointRequest& request) {
  TOCSIN_CHECK(restored_, "what was there is restored before anything is written");
  TOCSIN_CHECK(!running(), "one checkpoint at a time");
  TOCSIN_CHECK(request.records, "a checkpoint has records");
  ++number_;
  auto hashes = SharedHashes::create();
  if (!hashes) return Unexpected{hashes.error()};
  new_ = std::move(*hashes);
  spilled_ = request.spilled;
  if (spilled_ == nullptr) return {};
  spilled_->flush();
  return spilled_->status();
}

Result<Manifest> CheckpointStore::make(const CheckpointRequest& request) {
  if (leftovers_) remove_leftovers(storage_, in_use(spilled_));
  CheckpointAttempt attempt{number_, last_, {}};
  if (last_) {
    const auto hashes = known_->read();
    if (!hashes) return Unexpected{hashes.error()};
    attempt.last_hashes = *hashes;
  }
  return write_checkpoint(storage_, request, attempt, *new_);
}

Result<Manifest> CheckpointStore::adopt(Result<Manifest> made) {
  leftovers_ = !made;
  if (made) {
    last_ = *made;
    known_ = std::move(new_);
    if (spilled_ != nullptr) spilled_->forget_writers(made->spilled);
  }
  new_.reset();
  return made;
}

Result<Manifest> CheckpointStore::write(const CheckpointRequest& request) {
  if (auto begun = begin(request); !begun) return Unexpected{begun.error()};
  Result<Manifest> made = adopt(make(request));
  if (made) remove_old_checkpoints(storage_, options_.keep, damaged_, in_use(spilled_));
  return made;
}

Result<void> CheckpointStore::start(const CheckpointRequest& request) {
  if (Result<void> begun = begin(request); !begun) return begun;
  auto child = ChildTask::start([&](const ChildTask::Say& say) { run_child(request, say); });
  if (!child) return Unexpected{child.error()};
  child_ = std::move(*child);
  return {};
}

void CheckpointStore::run_child(const CheckpointRequest& request, const ChildTask::Say& say) {
  const Result<Manifest> made = make(request);
  if (!made) {
    say(kFailed + made.error().message);
    return;
  }
  // Said first: a child that is ended while it removes old files has made a checkpoint.
  say(kMade + print_manifest(*made));
  remove_old_checkpoints(storage_, options_.keep, damaged_, in_use(spilled_));
}

std::optional<Result<Manifest>> CheckpointStore::poll() {
  TOCSIN_CHECK(running(), "a checkpoint is being written");
  const std::optional<ChildTask::Outcome> outcome = child_->poll();
  if (!outcome) return std::nullopt;
  return finish(*outcome);
}

Result<Manifest> CheckpointStore::wait() {
  TOCSIN_CHECK(running(), "a checkpoint is being written");
  return finish(child_->wait());
}

Result<Manifest> CheckpointStore::finish(const ChildTask::Outcome& outcome) {
  child_.reset();
  const std::string_view said = outcome.said;
  if (!said.empty() && said.front() == kFailed && outcome.death.empty()) {
    return adopt(world_error(std::string(said.substr(1))));
  }
  if (!said.empty() && said.front() == kMade) {
    if (auto manifest = parse_manifest(said.substr(1))) return adopt(std::move(*manifest));
  }
  return adopt(world_error(fmt::format("the child that wrote checkpoint {} in '{}' failed: {}",
                                       number_, storage_.name(),
                                       outcome.death.empty() ? "it said nothing" : outcome.death)));
}

}  // namespace tocsin::connectors
