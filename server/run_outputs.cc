#include "server/run_outputs.h"

#include <spdlog/spdlog.h>

#include "connectors/records.h"

namespace tocsin::server {

using connectors::LineWriter;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr size_t kShownRejects = 3;

}  // namespace

// By the path the output is known again: under another name it is another.
Result<RunOutputs::Writer> RunOutputs::open_one(const std::string& path,
                                                const connectors::RunMeta::Output* before) {
  const bool known = before != nullptr && before->path == path;
  return known ? LineWriter::open_at(path, before->position) : LineWriter::open(path);
}

Result<RunOutputs::Writer> RunOutputs::open_optional(
    const std::optional<std::string>& path,
    const std::optional<connectors::RunMeta::Output>* before) {
  if (!path) return Writer();
  return open_one(*path, before != nullptr && *before ? &**before : nullptr);
}

Result<void> RunOutputs::open(const RunOptions& options, const connectors::RunMeta* before) {
  if (before != nullptr) malformed_ = before->malformed;
  Result<Writer> late = open_optional(options.late, before ? &before->late : nullptr);
  if (!late) return Unexpected<Error>{late.error()};
  Result<Writer> dead =
      open_optional(options.dead_letter, before ? &before->dead_letters : nullptr);
  if (!dead) return Unexpected<Error>{dead.error()};
  Result<Writer> alerts = open_one(options.out, before ? &before->alerts : nullptr);
  if (!alerts) return Unexpected<Error>{alerts.error()};
  late_ = std::move(*late);
  dead_letters_ = std::move(*dead);
  alerts_ = std::move(*alerts);
  return {};
}

void RunOutputs::tell(connectors::RunMeta& meta) const {
  meta.alerts = {alerts_->path(), alerts_->position()};
  if (late_ != nullptr) meta.late = {late_->path(), late_->position()};
  if (dead_letters_ != nullptr) {
    meta.dead_letters = {dead_letters_->path(), dead_letters_->position()};
  }
  meta.malformed = malformed_;
}

Result<void> RunOutputs::write_alerts(std::string_view lines) {
  if (lines.empty()) return {};
  Result<void> written = alerts_->write_lines(lines);
  if (written) written = alerts_->flush();
  if (!written && alerts_->pipe_closed()) return {};
  return written;
}

Result<void> RunOutputs::write_late(const runtime::Source& source,
                                    const runtime::Engine::Late& late) {
  if (late_ == nullptr) return {};
  line_.clear();
  connectors::append_late_event(line_, source.name(), late.watermark, late.row, source.format());
  return late_->write(line_);
}

Result<void> RunOutputs::write_rejects(const runtime::Source& source,
                                       const eventtime::Batch& batch) {
  for (const eventtime::Reject& reject : batch.rejects) {
    ++malformed_;
    if (dead_letters_ == nullptr) {
      if (malformed_ <= kShownRejects) {
        spdlog::warn("{}: record {}: {}", source.name(), reject.record, reject.reason);
      }
      continue;
    }
    line_.clear();
    connectors::append_dead_letter(line_, source.name(), reject);
    const Result<void> written = dead_letters_->write(line_);
    if (!written) return written;
  }
  return {};
}

Result<void> RunOutputs::flush() {
  for (const Writer* writer : {&alerts_, &late_, &dead_letters_}) {
    if (*writer == nullptr) continue;
    const Result<void> flushed = (*writer)->flush();
    if (!flushed && !(*writer)->pipe_closed()) return flushed;
  }
  return {};
}

Result<void> RunOutputs::sync() {
  for (const Writer* writer : {&alerts_, &late_, &dead_letters_}) {
    if (*writer == nullptr) continue;
    const Result<void> synced = (*writer)->sync();
    if (!synced) return synced;
  }
  return {};
}

Result<void> RunOutputs::close() {
  for (const Writer* writer : {&alerts_, &late_, &dead_letters_}) {
    if (*writer == nullptr) continue;
    const Result<void> closed = (*writer)->close();
    if (!closed && !(*writer)->pipe_closed()) return closed;
  }
  return {};
}

}  // namespace tocsin::server
