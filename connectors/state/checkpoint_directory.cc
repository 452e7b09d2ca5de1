#include "connectors/state/checkpoint_directory.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <tuple>
#include <utility>

#include "connectors/state/digest.h"
#include "connectors/state/record_file.h"
#include "eventtime/byte_order.h"

namespace tocsin::connectors {

using eventtime::append_big_endian;
using eventtime::Result;
using eventtime::take_big_endian;
using eventtime::Unexpected;
using eventtime::world_error;
using runtime::spill_segment_name;
using runtime::SpillSegment;
using runtime::Storage;
using runtime::StoredFile;

namespace {

constexpr size_t kMaxManifestBytes = size_t{256} << 20;

struct HashOfKeyHash {
  size_t operator()(const KeyHash& key) const { return key.low; }
};
using SeenKeys = boost::unordered_flat_set<KeyHash, HashOfKeyHash>;

bool is_there(Storage& storage, std::string_view name) {
  const auto files = storage.list();
  return !files || std::any_of(files->begin(), files->end(),
                               [&](const StoredFile& file) { return file.name == name; });
}

Result<Manifest, ManifestError> read_manifest(Storage& storage, const std::string& file,
                                              const FileName& name) {
  const auto text = storage.read(file, kMaxManifestBytes);
  if (!text) return {{ManifestFault::kUnreadable, text.error().message}};
  auto manifest = parse_manifest(*text);
  if (!manifest) return manifest;
  const bool is_its_own = name.kind == FileKind::kSavepoint
                              ? manifest->savepoint == name.savepoint
                              : manifest->number == name.number && manifest->savepoint.empty();
  if (is_its_own) return manifest;
  return {{ManifestFault::kDamaged, "it is the manifest of another checkpoint"}};
}

// Greater is newer.
std::tuple<uint64_t, bool> age(const StoredCheckpoint& checkpoint) {
  const bool is_checkpoint = checkpoint.name.kind == FileKind::kCheckpoint;
  const uint64_t known = checkpoint.manifest ? checkpoint.manifest->number : uint64_t{0};
  return {is_checkpoint ? checkpoint.name.number : known, is_checkpoint};
}

// Of `most` bytes at its beginning.
Result<void> verify_file(Storage& storage, const ManifestFile& file, uint64_t most = UINT64_MAX) {
  const auto digest = digest_of(storage, file.name, most);
  if (!digest) return Unexpected{digest.error()};
  if (digest->bytes != file.bytes) {
    return world_error(
        fmt::format("'{}' has {} bytes of {}", file.name, digest->bytes, file.bytes));
  }
  if (digest->xxh3_128 == file.xxh3_128) return {};
  return world_error(fmt::format("'{}' is not what was written: its hash is {}, not {}", file.name,
                                 digest->xxh3_128, file.xxh3_128));
}

Result<void> read_file(Storage& storage, const std::string& name, const RecordVisitor& visitor) {
  const auto file = storage.open(name);
  if (!file) return Unexpected{file.error()};
  const Result<void> read = read_records(**file, visitor);
  if (read) return read;
  return world_error(
      fmt::format("'{}/{}' is damaged: {}", storage.name(), name, read.error().message));
}

bool looks_whole(const Manifest& manifest, const std::vector<StoredFile>& files) {
  const auto has = [&](const std::string& name, uint64_t least, uint64_t most) {
    return std::any_of(files.begin(), files.end(), [&](const StoredFile& stored) {
      return stored.name == name && stored.bytes >= least && stored.bytes <= most;
    });
  };
  return std::all_of(
             manifest.files.begin(), manifest.files.end(),
             [&](const ManifestFile& file) { return has(file.name, file.bytes, file.bytes); }) &&
         std::all_of(manifest.spilled.begin(), manifest.spilled.end(),
                     [&](const SpillSegment& segment) {
                       return has(spill_segment_name(segment.number), segment.bytes, UINT64_MAX);
                     });
}

bool is_named(const std::vector<StoredCheckpoint>& checkpoints, const std::string& file) {
  return std::any_of(
      checkpoints.begin(), checkpoints.end(), [&](const StoredCheckpoint& checkpoint) {
        const auto& files = checkpoint.manifest->files;
        const auto& spilled = checkpoint.manifest->spilled;
        return std::any_of(files.begin(), files.end(),
                           [&](const ManifestFile& named) { return named.name == file; }) ||
               std::any_of(spilled.begin(), spilled.end(), [&](const SpillSegment& segment) {
                 return spill_segment_name(segment.number) == file;
               });
      });
}

bool is_leftover(const StoredFile& file, const std::vector<StoredCheckpoint>& checkpoints,
                 const SpilledInUse& in_use) {
  const auto [kind, number, savepoint] = parse_file_name(file.name);
  if (kind == FileKind::kSpill) {
    const bool used =
        number >= in_use.next ||
        std::find(in_use.numbers.begin(), in_use.numbers.end(), number) != in_use.numbers.end();
    return !used && !is_named(checkpoints, file.name);
  }
  // A savepoint is written by another process, perhaps just now.
  if (kind == FileKind::kTemporary) return file.name.starts_with("checkpoint-");
  const bool has_records = kind == FileKind::kBase || kind == FileKind::kDelta;
  return has_records && !is_named(checkpoints, file.name);
}

// Live maps, by segment and piece.
using LiveMaps = std::map<std::pair<uint64_t, uint32_t>, std::string>;
constexpr uint32_t kPieceUnits = runtime::SpillFiles::kPieceWords * 64;

// False: it is none.
bool take_live_map(std::string_view key, std::string_view value, LiveMaps& live) {
  if (key.empty() || key[0] != kLiveKind) return false;
  if (key.size() != live_key(0, 0).size()) return true;
  key.remove_prefix(1);
  const auto segment = take_big_endian<uint64_t>(key);
  live[{segment, take_big_endian<uint32_t>(key)}] = value;
  return true;
}

bool is_live(const LiveMaps& live, uint64_t segment, uint32_t unit) {
  const auto piece = live.find({segment, unit / kPieceUnits});
  const size_t byte = unit % kPieceUnits / 8;
  if (piece == live.end() || byte >= piece->second.size()) return false;
  return (static_cast<unsigned char>(piece->second[byte]) >> unit % 8 & 1) != 0;
}

Result<void> read_spilled(Storage& storage, const SpillSegment& segment, const LiveMaps& live,
                          const CheckpointVisitor& visitor) {
  const std::string name = spill_segment_name(segment.number);
  const auto file = storage.open(name);
  if (!file) return Unexpected{file.error()};
  uint64_t records = 0;
  Result<void> taken;
  const Result<void> read = runtime::read_spill_segment(
      **file, segment.bytes, [&](uint32_t unit, const runtime::SpilledRecord& record) {
        if (!taken || !is_live(live, segment.number, unit)) return;
        ++records;
        if (visitor.spilled) {
          taken = visitor.spilled(segment.number, unit, record);
        } else {
          visitor.put(record.key, record.value);
        }
      });
  if (!read) {
    return world_error(
        fmt::format("'{}/{}' is damaged: {}", storage.name(), name, read.error().message));
  }
  if (!taken || records == segment.records) return taken;
  return world_error(
      fmt::format("'{}/{}' has {} records of {}", storage.name(), name, records, segment.records));
}

void try_remove(Storage& storage, const std::string& name) {
  (void)storage.remove(name);  // it is tried again after the next checkpoint
}

}  // namespace

Result<std::vector<StoredCheckpoint>> list_checkpoints(Storage& storage) {
  const auto files = storage.list();
  if (!files) return Unexpected{files.error()};
  std::vector<StoredCheckpoint> checkpoints;
  for (const StoredFile& file : *files) {
    FileName name = parse_file_name(file.name);
    if (name.kind != FileKind::kCheckpoint && name.kind != FileKind::kSavepoint) continue;
    auto manifest = read_manifest(storage, file.name, name);
    const bool unreadable = !manifest && manifest.error().fault == ManifestFault::kUnreadable;
    if (unreadable && !is_there(storage, file.name)) continue;
    checkpoints.push_back({file.name, std::move(name), std::move(manifest)});
  }
  std::stable_sort(checkpoints.begin(), checkpoints.end(),
                   [](const auto& left, const auto& right) { return age(left) > age(right); });
  return checkpoints;
}

Result<void> verify_checkpoint(Storage& storage, const Manifest& manifest) {
  for (const ManifestFile& file : manifest.files) {
    if (Result<void> whole = verify_file(storage, file); !whole) return whole;
  }
  for (const SpillSegment& segment : manifest.spilled) {
    if (Result<void> whole = verify_spilled(storage, segment); !whole) return whole;
  }
  return {};
}

Result<void> verify_spilled(Storage& storage, const SpillSegment& segment) {
  const ManifestFile file{spill_segment_name(segment.number), segment.bytes, segment.records, 0,
                          segment.xxh3_128};
  return verify_file(storage, file, segment.bytes);
}

std::string live_key(uint64_t segment, uint32_t piece) {
  std::string key(1, kLiveKind);
  append_big_endian(key, segment);
  append_big_endian(key, piece);
  return key;
}

SpilledInUse in_use(const runtime::SpillFiles* files) {
  if (files == nullptr) return {};
  return {files->next_number(), files->numbers()};
}

Result<void> read_checkpoint(Storage& storage, const Manifest& manifest,
                             const CheckpointVisitor& given) {
  SeenKeys seen;
  LiveMaps live;
  uint64_t records = 0;
  for (size_t left = manifest.files.size(); left > 0; --left) {
    const bool is_base = left == 1;
    const RecordVisitor visitor{[&](std::string_view key, std::string_view value) {
                                  const KeyHash hash = hash_key(key);
                                  // No key stands in a base twice, so those of the base need not be
                                  // kept.
                                  if (is_base ? seen.contains(hash) : !seen.insert(hash).second)
                                    return;
                                  ++records;
                                  if (given.in_files) given.in_files(key, value);
                                  if (!take_live_map(key, value, live)) given.put(key, value);
                                },
                                [&](const KeyHash& key) { seen.insert(key); }};
    Result<void> read = read_file(storage, manifest.files[left - 1].name, visitor);
    if (!read) return read;
  }
  if (records != manifest.records) {
    return world_error(fmt::format("checkpoint {} in '{}' has {} records of {}", manifest.number,
                                   storage.name(), records, manifest.records));
  }
  if (!given.with_spilled) return {};
  for (const SpillSegment& segment : manifest.spilled) {
    if (Result<void> read = read_spilled(storage, segment, live, given); !read) return read;
  }
  return {};
}

Result<void> publish_manifest(Storage& storage, const Manifest& manifest, const std::string& name,
                              const std::string& temporary) {
  const std::string text = print_manifest(manifest);
  const auto write = [&]() -> Result<void> {
    const auto file = storage.create(temporary);
    if (!file) return Unexpected{file.error()};
    Result<void> written = (*file)->write(text);
    if (written) written = (*file)->sync();
    if (written) (*file)->forget_cached();
    if (written) written = (*file)->close();
    if (!written) return written;
    const auto back = storage.read(temporary, kMaxManifestBytes);
    if (!back) return Unexpected{back.error()};
    if (*back == text) return storage.rename(temporary, name);
    return world_error(
        fmt::format("'{}/{}' reads back otherwise than written", storage.name(), temporary));
  };
  Result<void> published = write();
  if (!published) try_remove(storage, temporary);
  return published;
}

void remove_old_checkpoints(Storage& storage, size_t keep, const std::vector<std::string>& damaged,
                            const SpilledInUse& in_use) {
  const auto files = storage.list();
  const auto checkpoints = list_checkpoints(storage);
  if (!files || !checkpoints) return;
  size_t kept = 0;
  for (const StoredCheckpoint& checkpoint : *checkpoints) {
    if (checkpoint.name.kind != FileKind::kCheckpoint) continue;
    if (!checkpoint.manifest && checkpoint.manifest.error().fault != ManifestFault::kDamaged) {
      continue;
    }
    const bool known_damaged =
        std::find(damaged.begin(), damaged.end(), checkpoint.file) != damaged.end();
    const bool counts =
        checkpoint.manifest && !known_damaged && looks_whole(*checkpoint.manifest, *files);
    if (counts && ++kept <= keep) continue;
    try_remove(storage, checkpoint.file);
  }
  // It lists anew what manifests there are: make_savepoint() relies on it.
  remove_leftovers(storage, in_use);
}

void remove_leftovers(Storage& storage, const SpilledInUse& in_use) {
  // First the files: what another process names meanwhile must be among the manifests.
  const auto files = storage.list();
  const auto checkpoints = list_checkpoints(storage);
  if (!files || !checkpoints) return;
  const bool all_read =
      std::all_of(checkpoints->begin(), checkpoints->end(),
                  [](const StoredCheckpoint& checkpoint) { return bool(checkpoint.manifest); });
  if (!all_read) return;
  for (const StoredFile& file : *files) {
    if (is_leftover(file, *checkpoints, in_use)) try_remove(storage, file.name);
  }
}

// A checkpoint could be removed while it gets its name. Who removes takes the manifest first, then
// looks which manifests there are, then takes the files. Who names writes the savepoint first, then
// looks whether the checkpoint's manifest is still there: if it is, its files are safe.
Result<Manifest> make_savepoint(Storage& storage, const std::string& name) {
  if (!is_savepoint_name(name)) {
    return eventtime::usage_error(fmt::format(
        "'{}' is no name of a savepoint: letters, digits, '.', '_' and '-', 100 at most", name));
  }
  const std::string file = savepoint_name(name);
  constexpr int kAttempts = 3;
  for (int i = 0; i < kAttempts; ++i) {
    if (is_there(storage, file)) {
      return eventtime::usage_error(
          fmt::format("'{}' has a savepoint '{}' already", storage.name(), name));
    }
    const auto checkpoints = list_checkpoints(storage);
    if (!checkpoints) return Unexpected{checkpoints.error()};
    const auto newest = std::find_if(
        checkpoints->begin(), checkpoints->end(), [&](const StoredCheckpoint& checkpoint) {
          return checkpoint.manifest && verify_checkpoint(storage, *checkpoint.manifest);
        });
    if (newest == checkpoints->end()) continue;  // all may have been removed while it looked
    Manifest manifest = *newest->manifest;
    manifest.savepoint = name;
    const auto published =
        publish_manifest(storage, manifest, file, fmt::format("{}.{}.tmp", file, ::getpid()));
    if (!published) return Unexpected{published.error()};
    if (is_there(storage, newest->file)) return manifest;
    if (auto removed = storage.remove(file); !removed) return Unexpected{removed.error()};
  }
  return world_error(fmt::format("'{}' has no whole checkpoint to name", storage.name()));
}

}  // namespace tocsin::connectors
