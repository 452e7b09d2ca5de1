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

Result<RunOutputs::Writer> RunOutputs::open_optional(const std::optional<std::string>& path) {
  if (!path) return Writer();
  return LineWriter::open(*path);
}

Result<void> RunOutputs::open(const RunOptions& options) {
  Result<Writer> late = open_optional(options.late);
  if (!late) return Unexpected<Error>{late.error()};
  Result<Writer> dead = open_optional(options.dead_letter);
  if (!dead) return Unexpected<Error>{dead.error()};
  Result<Writer> alerts = LineWriter::open(options.out);
  if (!alerts) return Unexpected<Error>{alerts.error()};
  late_ = std::move(*late);
  dead_letters_ = std::move(*dead);
  alerts_ = std::move(*alerts);
  return {};
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
  for (const Writer* writer : {&late_, &dead_letters_}) {
    if (*writer == nullptr) continue;
    const Result<void> flushed = (*writer)->flush();
    if (!flushed) return flushed;
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
