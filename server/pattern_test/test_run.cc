#include "server/pattern_test/test_run.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "connectors/json/json_decoder.h"
#include "runtime/engine.h"

namespace tocsin::server {

namespace {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Timestamp;
using eventtime::Unexpected;
using runtime::Engine;

// An event's raw bytes are replaced by its place.
class PlaceFormat : public eventtime::RecordFormat {
 public:
  void append_json(std::string& out, std::string_view raw,
                   eventtime::TypeId /*type*/) const override {
    out += raw;
  }
};

connectors::DecodeOptions decoding(const eventtime::Catalog& catalog) {
  connectors::DecodeOptions options;
  options.type_field = type_field_of(catalog);
  return options;
}

class Player {
 public:
  Player(Engine& engine, const CheckedTest& test, const Replay& replay, Played& played)
      : engine_(engine),
        test_(test),
        replay_(replay),
        played_(played),
        decoder_(engine.patterns().catalog, decoding(engine.patterns().catalog)) {}

  void play() {
    engine_.add_input(replay_.out_of_order.value_or(test_.out_of_order), format_);
    std::vector<size_t> order = replay_.order;
    if (order.empty()) {
      order.resize(test_.arrivals.size());
      std::iota(order.begin(), order.end(), 0U);
    }
    for (const size_t place : order) arrive(place);
    push();
    if (!test_.open_end) return engine_.finish(0, played_.text);
    // Time has passed the last line, and nothing else is known.
    if (latest_) engine_.advance(0, *latest_ + eventtime::Duration{1}, played_.text);
  }

 private:
  void arrive(size_t place) {
    const CheckedArrival& arrival = test_.arrivals[place];
    latest_ = std::max(latest_.value_or(arrival.time), arrival.time);
    if (!arrival.is_event) {
      push();
      engine_.advance(0, arrival.time, played_.text);
      return;
    }
    places_.push_back(place);
    waiting_.push_back(place);
    if (waiting_.size() >= replay_.batch_size) push();
  }

  // Decodes the records that wait, and matches them.
  void push() {
    if (waiting_.empty()) return;
    auto batch = std::make_shared<Batch>(engine_.patterns().catalog);
    std::vector<connectors::RecordSpan> spans;
    for (const size_t place : waiting_) {
      const std::string& record = test_.arrivals[place].record;
      spans.push_back(
          {static_cast<uint32_t>(batch->raw.size()), static_cast<uint32_t>(record.size()), false});
      batch->raw.insert(batch->raw.end(), record.begin(), record.end());
      batch->raw.push_back('\n');
    }
    batch->raw.resize(batch->raw.size() + connectors::kPaddingBytes);
    waiting_.clear();
    decoder_.decode(spans, *batch);
    for (eventtime::Row& row : batch->rows) {
      row.record = places_[row.record];
      row.raw = batch->strings.copy(std::to_string(row.record));
    }
    for (const eventtime::Reject& reject : batch->rejects) {
      played_.refused.emplace_back(places_[reject.record], reject.reason);
    }
    engine_.push(std::move(batch), played_.text,
                 [&](const Engine::Late& late) { played_.late.push_back(late.row.record); });
  }

  Engine& engine_;
  const CheckedTest& test_;
  const Replay& replay_;
  Played& played_;
  PlaceFormat format_;
  connectors::JsonDecoder decoder_;
  std::vector<size_t> waiting_;  // places of arrivals not yet decoded
  std::vector<size_t> places_;   // of all records, in the order of the input
  std::optional<Timestamp> latest_;
};

}  // namespace

Result<Played> play(const patterns::PatternSet& set, const CheckedTest& test,
                    const Replay& replay) {
  Result<std::unique_ptr<Engine>> engine = Engine::create(set, {.plan = replay.plan});
  if (!engine) return Unexpected<Error>{engine.error()};
  Played played;
  Player player(**engine, test, replay, played);
  player.play();
  engine->reset();  // before the formats that it holds
  auto alerts = connectors::read_alerts(played.text);
  if (!alerts) return Unexpected<Error>{alerts.error()};
  played.alerts = *std::move(alerts);
  return played;
}

}  // namespace tocsin::server
