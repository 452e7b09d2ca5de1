// Alerts that could not be delivered, one JSON object a line, appended to a file:
// {"sink","reason","status","attempts","alert"}; the status is left out where there was no answer.
// Tested by tests/unit/connectors/webhook_sender_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventtime/result.h"

namespace tocsin::connectors {

struct DeadAlert {
  std::string_view reason;
  long status = 0;  // of the last answer; 0: there was none
  uint32_t attempts = 0;
  std::string_view alert;  // JSON; "": it cannot be read any more
};

class DeadLetterFile {
 public:
  DeadLetterFile(std::string sink, std::string path);
  DeadLetterFile(const DeadLetterFile&) = delete;
  DeadLetterFile& operator=(const DeadLetterFile&) = delete;
  ~DeadLetterFile();

  void add(const DeadAlert& dead);
  // What was added survives a loss of power. After an error it is tried again with the next one.
  eventtime::Result<void> sync();

 private:
  eventtime::Result<void> open();
  eventtime::Unexpected<eventtime::Error> failed(int error) const;

  std::string sink_;
  std::string path_;
  std::string buffer_;
  int file_ = -1;
};

}  // namespace tocsin::connectors
