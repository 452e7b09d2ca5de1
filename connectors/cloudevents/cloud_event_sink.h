// Alerts as CloudEvents 1.0, in the structured mode of its JSON format, in front of any sink:
//
//   {"specversion":"1.0","id":"c16c...","source":"tocsin/payments","type":"tocsin.alert.velocity",
//    "subject":"{\"card\":\"c42\"}","time":"2026-03-01T10:04:10.500Z",
//    "datacontenttype":"application/json","data":{the alert}}
//
// The id is the alert's, so source and id tell what comes twice. Alerts without a key have no
// subject. Late events and dead letters are of the types tocsin.late and tocsin.dead_letter.
// Tested by tests/unit/connectors/cloud_event_test.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/sink.h"

namespace tocsin::connectors {

// `source` is a URI reference.
void append_cloud_event(std::string& out, const runtime::OutgoingAlert& alert,
                        std::string_view source);

class CloudEventSink final : public runtime::Sink {
 public:
  CloudEventSink(std::unique_ptr<runtime::Sink> sink, std::string source)
      : sink_(std::move(sink)), source_(std::move(source)) {}

  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;

  const std::string& name() const override { return sink_->name(); }
  eventtime::Result<void> resume(std::string_view position) override {
    return sink_->resume(position);
  }
  eventtime::Result<void> flush() override { return sink_->flush(); }
  eventtime::Result<void> sync() override { return sink_->sync(); }
  bool syncs_anywhere() const override { return sink_->syncs_anywhere(); }
  std::string position() const override { return sink_->position(); }
  eventtime::Result<void> settle(std::string_view position) override {
    return sink_->settle(position);
  }
  eventtime::Result<void> finish() override { return sink_->finish(); }
  bool is_abandoned() const override { return sink_->is_abandoned(); }
  eventtime::Result<void> close() override { return sink_->close(); }
  runtime::Metrics metrics() const override { return sink_->metrics(); }

 private:
  std::unique_ptr<runtime::Sink> sink_;
  std::string source_;
  std::string event_;  // reused
};

}  // namespace tocsin::connectors
