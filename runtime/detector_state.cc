// The part of Detector that saves its state as one text of bytes and restores it:
// "TOCSINST", the version, the inputs, the engine's records, and XXH3-64 of all that.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "eventtime/codec.h"
#include "runtime/detector.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;
using eventtime::Result;

namespace {

constexpr std::string_view kSnapshotMagic = "TOCSINST";
constexpr uint64_t kSnapshotVersion = 1;
constexpr size_t kHashBytes = 8;

std::string snapshot_hash(std::string_view bytes) {
  uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  std::string text;
  for (size_t i = 0; i < kHashBytes; ++i, hash >>= 8) text += static_cast<char>(hash & 0xFF);
  return text;
}

}  // namespace

Result<std::string> Detector::snapshot() {
  if (running_) return usage_error_in_callback();
  run([&] { flush_all(); });
  std::string bytes(kSnapshotMagic);
  Encoder out(bytes);
  out.number(kSnapshotVersion);
  out.number(inputs_.size());
  for (const Input& input : inputs_) {
    out.number(input.next_record);
    out.number(input.ended ? 1 : 0);
  }
  engine_->save([&](std::string_view key, std::string_view value) {
    out.text(key);
    out.text(value);
  });
  return bytes + snapshot_hash(bytes);
}

Result<void> Detector::restore(std::string_view snapshot) {
  if (running_) return usage_error_in_callback();
  const bool fresh = engine_->stats().events == 0 && !restored_;
  if (!fresh) return eventtime::usage_error("only a new detector can be restored");
  const bool known = snapshot.substr(0, kSnapshotMagic.size()) == kSnapshotMagic &&
                     snapshot.size() >= kSnapshotMagic.size() + kHashBytes;
  if (!known) return eventtime::input_error("these bytes are no snapshot of a detector");
  const std::string_view body = snapshot.substr(0, snapshot.size() - kHashBytes);
  if (snapshot.substr(body.size()) != snapshot_hash(body)) {
    return eventtime::input_error("the snapshot is damaged");
  }
  Decoder from(body.substr(kSnapshotMagic.size()));
  if (const uint64_t version = from.number(); version != kSnapshotVersion) {
    return eventtime::input_error("the snapshot is of version " + std::to_string(version) +
                                  "; this program reads version " +
                                  std::to_string(kSnapshotVersion));
  }
  if (const size_t inputs = from.count(); inputs != inputs_.size()) {
    return eventtime::usage_error("the snapshot has " + std::to_string(inputs) +
                                  " inputs, and the detector " + std::to_string(inputs_.size()));
  }
  restored_ = true;
  for (Input& input : inputs_) {
    input.next_record = from.number();
    input.ended = from.flag();
  }
  while (!from.is_complete() && !from.failed()) {
    const std::string_view key = from.text();
    const Result<void> taken = engine_->restore(key, from.text());
    if (!taken) return taken;
  }
  return engine_->finish_restore();
}

}  // namespace tocsin::runtime
