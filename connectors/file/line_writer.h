// Lines to a file or to standard output: alerts, late events, dead letters.
//
// Buffered: what was written has reached the file after flush() or close() only. A full disk is the
// world's error. When the reader of a pipe has gone (`| head`), pipe_closed() tells it apart, so
// that the program can end quietly; the program must ignore SIGPIPE for that. After an error
// nothing more is written. Tested by tests/unit/connectors/line_writer_test.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "eventtime/result.h"

namespace tocsin::connectors {

class LineWriter {
 public:
  // "-" is standard output; a file is emptied first.
  static eventtime::Result<std::unique_ptr<LineWriter>> open(const std::string& path);

  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();  // what is still buffered is lost: call close()

  const std::string& path() const { return path_; }

  // Adds the line end.
  eventtime::Result<void> write(std::string_view line);
  // Whole lines, each with its end.
  eventtime::Result<void> write_lines(std::string_view lines);
  eventtime::Result<void> flush();
  // Flushes and closes: some file systems tell only now that a write failed. Standard output stays
  // open. Nothing can be written afterwards.
  eventtime::Result<void> close();

  bool pipe_closed() const { return pipe_closed_; }

 private:
  LineWriter(int file, std::string path) : file_(file), path_(std::move(path)) {}
  eventtime::Unexpected<eventtime::Error> failed(int error);

  static constexpr size_t kBufferBytes = size_t{64} << 10;

  int file_;
  std::string path_;
  std::string buffer_;
  bool pipe_closed_ = false;
};

}  // namespace tocsin::connectors
