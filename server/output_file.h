// A file or standard output that a command writes whole lines into.
//
// Nothing is buffered here: callers write many lines at once. Tested through the commands that use
// it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "eventtime/result.h"

namespace tocsin::server {

class OutputFile {
 public:
  // "-" is standard output; another file is created or emptied.
  static eventtime::Result<OutputFile> open(const std::string& path);

  OutputFile(OutputFile&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        reader_gone_(other.reader_gone_) {}
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  eventtime::Result<void> write(std::string_view text);
  // A disk may say only here that it is full. Nothing may be written after it.
  eventtime::Result<void> close();

  // The last write failed because nobody reads any more (`| head`). SIGPIPE must be ignored.
  bool reader_gone() const { return reader_gone_; }

 private:
  OutputFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
  bool reader_gone_ = false;
};

}  // namespace tocsin::server
