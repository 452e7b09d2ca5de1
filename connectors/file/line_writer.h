// Lines to a file or to standard output: alerts, late events, dead letters.
//
// Buffered: what was written has reached the file after flush() or close() only. A full disk is the
// world's error. When the reader of a pipe has gone (`| head`), pipe_closed() tells it apart, so
// that the program can end quietly; the program must ignore SIGPIPE for that. After an error
// nothing more is written.
//
// A file can go on from a position: what was written behind it is cut off. Standard output, pipes
// and devices cannot take back what they have; they go on where they are. Tested by
// tests/unit/connectors/line_writer_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/file/byte_trail.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

// What has been written, and by what the file is known again.
struct OutputPosition {
  uint64_t bytes = 0;
  uint64_t tail_hash = 0;  // XXH3-64 of the last min(4096, bytes) bytes
  friend bool operator==(const OutputPosition&, const OutputPosition&) = default;
};

class LineWriter {
 public:
  // "-" is standard output; a file is emptied first.
  static eventtime::Result<std::unique_ptr<LineWriter>> open(const std::string& path);
  // Goes on with a file as it was at `position`. One that is missing, shorter or differs before it
  // is refused and stays as it is.
  static eventtime::Result<std::unique_ptr<LineWriter>> open_at(const std::string& path,
                                                                const OutputPosition& position);

  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();  // what is still buffered is lost: call close()

  const std::string& path() const { return path_; }

  // Adds the line end.
  eventtime::Result<void> write(std::string_view line);
  // Whole lines, each with its end.
  eventtime::Result<void> write_lines(std::string_view lines);
  eventtime::Result<void> flush();
  // Flushes, and what was written survives a loss of power. Nothing more than flush() where the
  // output is no file.
  eventtime::Result<void> sync();
  // Behind all that was written, flushed or not; standard output begins with 0.
  OutputPosition position() const { return {trail_.bytes(), trail_.tail_hash()}; }
  uint64_t bytes() const { return trail_.bytes(); }  // of position()
  // Flushes and closes: some file systems tell only now that a write failed. Standard output stays
  // open. Nothing can be written afterwards.
  eventtime::Result<void> close();

  bool pipe_closed() const { return pipe_closed_; }

 private:
  LineWriter(int file, std::string path) : file_(file), path_(std::move(path)) {}
  eventtime::Result<void> go_to(const OutputPosition& position);
  eventtime::Unexpected<eventtime::Error> failed(int error);

  static constexpr size_t kBufferBytes = size_t{64} << 10;

  int file_;
  std::string path_;
  std::string buffer_;
  ByteTrail trail_;                // of what was written, buffered or not
  bool directory_synced_ = false;  // the file's name survives, too
  bool pipe_closed_ = false;
};

}  // namespace tocsin::connectors
