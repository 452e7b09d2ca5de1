#include "connectors/file/file_sink.h"

#include <fmt/core.h>

#include <utility>

#include "connectors/file/position_number.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

std::string print_output_position(const OutputPosition& position, std::string_view path) {
  return fmt::format("{} {} {}", position.bytes, position.tail_hash, path);
}

std::optional<NamedPosition> parse_output_position(std::string_view text) {
  NamedPosition read;
  if (!take_number(text, read.position.bytes)) return std::nullopt;
  if (!take_number(text, read.position.tail_hash)) return std::nullopt;
  read.path = text;
  return read;
}

Result<void> FileSink::resume(std::string_view position) {
  const std::optional<NamedPosition> before = parse_output_position(position);
  if (!before && !position.empty()) {
    return eventtime::world_error(
        fmt::format("sink '{}': what the state says of it is not readable", name_));
  }
  const bool is_known = before && before->path == path_;
  auto writer = is_known ? LineWriter::open_at(path_, before->position) : LineWriter::open(path_);
  if (!writer) return Unexpected<Error>{writer.error()};
  writer_ = *std::move(writer);
  return {};
}

Result<void> FileSink::write(const runtime::OutgoingAlert& alert) {
  line_.assign(alert.json);
  line_ += '\n';
  ++alerts_;
  return writer_->write_lines(line_);
}

std::string FileSink::position() const {
  return print_output_position(writer_->position(), path_);
}

Result<void> FileSink::close() {
  return writer_ == nullptr ? Result<void>() : writer_->close();
}

runtime::Metrics FileSink::metrics() const {
  return {{"sink_alerts_total",
           "Alerts written.",
           runtime::Metric::Kind::kCounter,
           {},
           static_cast<double>(alerts_)},
          {"sink_bytes",
           "Bytes in the file.",
           runtime::Metric::Kind::kGauge,
           {},
           static_cast<double>(writer_->position().bytes)}};
}

}  // namespace tocsin::connectors
