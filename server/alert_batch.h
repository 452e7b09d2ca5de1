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
  explicit AlertBatch(bool has_record_keys) : has_record_keys_(has_record_keys) {}

  void add(const runtime::Alert& alert);
  void clear();
  bool empty() const { return alerts_.empty(); }
  size_t size() const { return alerts_.size(); }
  // Valid until add() or clear().
  runtime::OutgoingAlert operator[](size_t index) const;

 private:
  struct Entry {
    const patterns::Pattern* pattern = nullptr;
    eventtime::Timestamp complete;
    size_t begin = 0;  // of its line in lines_
    // In keys_; where the one ends the other begins, and then those of the next entry.
    size_t key = 0;
    size_t record_key = 0;
    bool is_keyed = false;  // it has a record key
  };

  bool has_record_keys_;
  std::string lines_;
  std::string keys_;
  std::vector<Entry> alerts_;
};

}  // namespace tocsin::server
