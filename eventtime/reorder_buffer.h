// Settles event time: takes rows as they arrive on several inputs and releases them in the order
// (event time, input, position), each once it is certain that nothing earlier can come.
//
// The watermark of an input is the largest event time seen on it minus its bound on
// out-of-orderness, after the bounded-out-of-orderness watermarks of Akidau et al., "The Dataflow
// Model", PVLDB 8(12), 2015. Computed from the input's own records alone, row by row, so that batch
// borders play no part.
//
// INVARIANT: released rows never go back in that order; a row strictly behind the watermark of its
// own input is late and never released. Tested by tests/unit/eventtime/reorder_buffer_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/timestamp.h"

namespace tocsin::eventtime {

struct Arrival {
  Timestamp time;
  uint32_t input = 0;
  uint32_t batch = 0;  // the caller's number for it
  uint32_t row = 0;    // in Batch::rows
};

class ReorderBuffer {
 public:
  // Inputs are numbered from 0 in the order of these calls. Before the first push only.
  uint32_t add_input(Duration out_of_order);
  size_t inputs() const { return inputs_.size(); }

  using OnLate = std::function<void(uint32_t row, Timestamp watermark)>;
  // Rows of a batch, in the order of the input. All of them tell the time; those in `wanted` will
  // be released. `batch` may be reused once they are.
  void push(uint32_t input, uint32_t batch, std::span<const Row> rows, const BitSet& wanted,
            const OnLate& on_late);
  // Time on the input is `time` as if a row of that time had come; earlier than that says nothing.
  void advance(uint32_t input, Timestamp time);
  // The input has ended: its watermark is infinite.
  void finish(uint32_t input);

  // Appends all rows whose time is settled, in order.
  void release(std::vector<Arrival>& out);

  Timestamp watermark(uint32_t input) const { return inputs_[input].watermark; }
  // The largest time of all rows so far that were not late.
  Timestamp latest_row() const { return latest_row_; }
  // No row that comes from now on is earlier: the smallest of the watermarks.
  Timestamp settled() const;
  // The input that holds the others back, to be read next; nothing when all have ended.
  std::optional<uint32_t> most_behind() const;
  size_t pending() const;
  size_t pending(uint32_t input) const { return inputs_[input].rows.size() - inputs_[input].first; }

  // An input that has ended goes on, not behind what may have been released meanwhile.
  void reopen(uint32_t input);

  // For saved state: what is known of an input's time, and its pending rows in order, which are
  // restored in the same order.
  struct InputTime {
    Timestamp latest = kMinTimestamp;
    Timestamp watermark = kMinTimestamp;
    bool ended = false;
  };
  InputTime input_time(uint32_t input) const {
    return {inputs_[input].latest, inputs_[input].watermark, inputs_[input].ended};
  }
  void set_input_time(uint32_t input, const InputTime& time) {
    inputs_[input].latest = time.latest;
    inputs_[input].watermark = time.watermark;
    inputs_[input].ended = time.ended;
  }
  void set_latest_row(Timestamp time) { latest_row_ = time; }
  std::span<const Arrival> waiting(uint32_t input) const {
    return std::span(inputs_[input].rows).subspan(inputs_[input].first);
  }
  void restore(const Arrival& arrival) { inputs_[arrival.input].rows.push_back(arrival); }

 private:
  struct Input {
    Duration out_of_order;
    Timestamp latest = kMinTimestamp;
    Timestamp watermark = kMinTimestamp;
    bool ended = false;
    std::vector<Arrival> rows;  // from `first` on: pending, in order
    size_t first = 0;

    bool has_pending() const { return first < rows.size(); }
    const Arrival& head() const { return rows[first]; }
  };

  std::vector<Timestamp> limits() const;
  Timestamp settled_by_open(uint32_t but) const;
  static void release_single(Input& input, std::vector<Arrival>& out);

  std::vector<Input> inputs_;
  Timestamp latest_row_ = kMinTimestamp;
};

}  // namespace tocsin::eventtime
