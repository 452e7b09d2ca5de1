// Alerts on their way to the sinks, as they will stand there, in their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/alert.h"
#include "runtime/sink.h"

namespace tocsin::server {

class AlertBatch {
 public:
  void add(const runtime::Alert& alert);
  void clear();
  bool empty() const { return alerts_.empty(); }
  size_t size() const { return alerts_.size(); }
  // Valid until add() or clear().
  runtime::OutgoingAlert operator[](size_t index) const;

 private:
  struct Entry {
    const patterns::Pattern* pattern;
    eventtime::Timestamp complete;
    size_t begin;  // of its line in lines_
    size_t key;    // of its key in keys_; the next entry's is its end
  };

  std::string lines_;
  std::string keys_;
  std::vector<Entry> alerts_;
};

}  // namespace tocsin::server
