// Alerts to one file, or to standard output, a line each.
//
// A file goes on from a position exactly: what was written behind it is cut off. Standard output,
// pipes and devices cannot take back what they have: there alerts come twice. Tested by
// tests/unit/connectors/file_sink_test.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/file/line_writer.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

// "BYTES HASH PATH": how the position of a file is written down.
std::string print_output_position(const OutputPosition& position, std::string_view path);
struct NamedPosition {
  OutputPosition position;
  std::string path;
};
// Nothing for any other text.
std::optional<NamedPosition> parse_output_position(std::string_view text);

class FileSink final : public runtime::Sink {
 public:
  FileSink(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  const std::string& name() const override { return name_; }
  // Opens it. By its path it is known again: a position of another path is none.
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override { return writer_->flush(); }
  eventtime::Result<void> sync() override { return writer_->sync(); }
  bool syncs_anywhere() const override { return true; }
  std::string position() const override;
  bool is_abandoned() const override { return writer_->pipe_closed(); }
  eventtime::Result<void> close() override;
  runtime::Metrics metrics() const override;

 private:
  std::string name_;
  std::string path_;
  std::unique_ptr<LineWriter> writer_;  // after resume()
  std::string line_;
  uint64_t alerts_ = 0;
};

}  // namespace tocsin::connectors
