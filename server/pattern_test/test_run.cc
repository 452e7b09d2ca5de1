#include "server/pattern_test/test_run.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  Player(const patterns::PatternSet& set, const CheckedTest& test, const Replay& replay,
         Played& played)
      : set_(set),
        test_(test),
        replay_(replay),
        played_(played),
        decoder_(set.catalog, decoding(set.catalog)) {}

  Result<void> play() {
    Result<void> made = make_engine();
    if (!made) return made;
    std::vector<size_t> order = replay_.order;
    if (order.empty()) {
      order.resize(test_.arrivals.size());
      std::iota(order.begin(), order.end(), 0U);
    }
    for (const size_t place : order) arrive(place);
    push();
    if (!test_.open_end) {
      engine_->finish(0, played_.text);
    } else if (latest_) {
      // Time has passed the last line, and nothing else is known.
      engine_->advance(0, *latest_ + eventtime::Duration{1}, played_.text);
    }
    return restored_;
  }

 private:
  Result<void> make_engine() {
    Result<std::unique_ptr<Engine>> engine = Engine::create(set_, {.plan = replay_.plan});
    if (!engine) return Unexpected<Error>{engine.error()};
    engine_ = std::move(*engine);
    engine_->add_input(replay_.out_of_order.value_or(test_.out_of_order), format_);
    return {};
  }

  void restore() {
    std::vector<std::pair<std::string, std::string>> records;
    engine_->save(
        [&](std::string_view key, std::string_view value) { records.emplace_back(key, value); });
    restored_ = make_engine();
    for (const auto& [key, value] : records) {
      if (restored_) restored_ = engine_->restore(key, value);
    }
    if (restored_) restored_ = engine_->finish_restore();
  }

  void arrive(size_t place) {
    const CheckedArrival& arrival = test_.arrivals[place];
    latest_ = std::max(latest_.value_or(arrival.time), arrival.time);
    if (!arrival.is_event) {
      push();
      engine_->advance(0, arrival.time, played_.text);
      return;
    }
    places_.push_back(place);
    waiting_.push_back(place);
    if (waiting_.size() >= replay_.batch_size) push();
  }

  // Decodes the records that wait, and matches them.
  void push() {
    if (waiting_.empty() || !restored_) return;
    if (replay_.restores) restore();
    auto batch = std::make_shared<Batch>(set_.catalog);
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
    engine_->push(std::move(batch), played_.text,
                  [&](const Engine::Late& late) { played_.late.push_back(late.row.record); });
  }

  const patterns::PatternSet& set_;
  const CheckedTest& test_;
  const Replay& replay_;
  Played& played_;
  PlaceFormat format_;
  connectors::JsonDecoder decoder_;
  std::vector<size_t> waiting_;  // places of arrivals not yet decoded
  std::vector<size_t> places_;   // of all records, in the order of the input
  std::optional<Timestamp> latest_;
  std::unique_ptr<Engine> engine_;  // before the formats that it holds
  Result<void> restored_;
};

}  // namespace

Result<Played> play(const patterns::PatternSet& set, const CheckedTest& test,
                    const Replay& replay) {
  Played played;
  const Result<void> done = Player(set, test, replay, played).play();
  if (!done) return Unexpected<Error>{done.error()};
  auto alerts = connectors::read_alerts(played.text);
  if (!alerts) return Unexpected<Error>{alerts.error()};
  played.alerts = *std::move(alerts);
  return played;
}

}  // namespace tocsin::server
