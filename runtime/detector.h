// Tocsin inside another program: texts of patterns in, events or batches in, alerts out by a
// callback (docs/embedding.md).
//
// For one thread at a time; no I/O, no clock, no log, no thread of its own. No exception leaves it,
// and callbacks must not throw into it; what can go wrong is a Result. Several detectors know
// nothing of each other.
//
// INVARIANT: alerts are a function of the patterns and of the events of each input in their order.
// How events are cut into batches, by batch_rows or flush(), only decides when an alert is given
// out. Tested by tests/unit/runtime/detector_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "patterns/source_file.h"
#include "runtime/batch_pool.h"
#include "runtime/engine.h"
#include "runtime/event_builder.h"

namespace tocsin::runtime {

struct DetectorOptions {
  // For each input, how much later than the latest event of that input an event may come. Inputs
  // are numbered from 0 in this order, which breaks ties in time.
  std::vector<eventtime::Duration> out_of_order = {eventtime::Duration{}};
  // Called while push(), flush(), advance() and finish() run. Callbacks may read from the detector
  // and not push into it: that is an error.
  Engine::OnAlert on_alert;
  Engine::OnLate on_late;
  size_t batch_rows = 1024;  // events of one input that wait until they are matched together
  // With EventDetail::kFull alerts show their events, as JSON objects of all fields; that costs
  // each event the writing of it.
  EngineOptions engine{.events = EventDetail::kNone};
  // Reads the files of look-up lists; without it patterns can have none.
  patterns::ReadFile read_list;
};

class Detector {
 public:
  // An error has all diagnostics as `tocsin check` shows them, or tells of a pattern that is beyond
  // the engine's limits.
  static eventtime::Result<std::unique_ptr<Detector>> create(
      std::vector<patterns::SourceFile> sources, DetectorOptions options);
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  // What looks wrong in the patterns, as `tocsin check` shows it; mostly empty.
  const std::string& warnings() const { return warnings_; }
  const patterns::PatternSet& patterns() const { return engine_->patterns(); }

  // Good for this detector, as long as it lives.
  eventtime::Result<EventType> event_type(std::string_view name) const;
  eventtime::Result<EventField> field(EventType type, std::string_view name) const;

  // Begins an event and forgets one that was begun and not pushed. The builder is the detector's
  // only one: nothing else may be done with the detector until push().
  EventBuilder& event(EventType type, uint32_t input = 0);

  // An empty batch for push(); used again when nobody holds it.
  std::shared_ptr<eventtime::Batch> take_batch() { return pool_.take(); }
  // The next events of the input `batch->input`, behind those of event(). Nobody may change the
  // batch from now on. With EventDetail::kFull each row has raw bytes: a JSON object.
  eventtime::Result<void> push(std::shared_ptr<const eventtime::Batch> batch);
  // Matches what waits for its batch to be full.
  eventtime::Result<void> flush();
  // Time on the input is `time`, as an event of that time would say, though none has come: decides
  // what only waits for time to pass. Flushes.
  eventtime::Result<void> advance(uint32_t input, eventtime::Timestamp time);
  // The input has ended, or all have; then everything is decided. Flushes.
  eventtime::Result<void> finish(uint32_t input);
  eventtime::Result<void> finish();

  // All that the detector knows, to go on from elsewhere or later; flushes. The bytes hold what
  // alerts show of events that are pending, and are safe against damage, not against forgery.
  eventtime::Result<std::string> snapshot();
  // Makes a new detector, with the same patterns and inputs, the one that the bytes are of.
  // Patterns that are gone are passed over, new ones begin empty; one that has changed under its
  // name is an error or worse, so give it another. After an error the detector is of no use.
  eventtime::Result<void> restore(std::string_view snapshot);

  // Of the events that have been flushed.
  EngineStats stats() const { return engine_->stats(); }

 private:
  friend class EventBuilder;

  struct Input {
    std::shared_ptr<eventtime::Batch> batch;  // being filled; null: nothing waits
    uint64_t next_record = 0;
    bool ended = false;
  };

  Detector(std::unique_ptr<Engine> engine, DetectorOptions options, std::string warnings);
  eventtime::Result<void> push_event();
  // Whether something may be done with the input now.
  eventtime::Result<void> check_open(uint32_t input) const;
  eventtime::Result<void> check_rows(const eventtime::Batch& batch) const;
  static eventtime::Unexpected<eventtime::Error> usage_error_in_callback();
  void flush(Input& input);
  void flush_all();
  // Alerts are given out meanwhile.
  template <class Work>
  void run(const Work& work) {
    builder_.drop();
    running_ = true;
    work();
    running_ = false;
  }

  std::unique_ptr<Engine> engine_;
  DetectorOptions options_;
  std::string warnings_;
  BatchPool pool_;
  std::vector<Input> inputs_;
  EventBuilder builder_;
  bool running_ = false;
  bool restored_ = false;
  std::string json_;  // reused from event to event
};

}  // namespace tocsin::runtime
