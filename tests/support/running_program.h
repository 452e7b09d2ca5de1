// A `tocsin` of this build that runs beside the test: its standard input is a pipe, what it prints
// can be read while it runs. Ended by force when the test forgets it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace tocsin::tests {

class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& arguments);
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  ~RunningProgram();

  // What it has printed so far.
  std::string out() const { return read_file(directory_.path("out")); }
  std::string err() const { return read_file(directory_.path("err")); }

  void write(std::string_view text) const;  // to its standard input
  void close_input();
  void signal(int number) const;
  pid_t process() const { return process_; }  // -1 when it has ended and that was seen

  // Its exit status, 128 + signal if one ended it; nothing while it runs.
  std::optional<int> poll();
  // Waits for it; the test fails after a while.
  int wait();

 private:
  TemporaryDirectory directory_;
  pid_t process_ = -1;
  int input_ = -1;
};

// Looks again and again; false, and the test fails, if it does not become true in a while.
bool eventually(const std::function<bool()>& condition);

}  // namespace tocsin::tests
