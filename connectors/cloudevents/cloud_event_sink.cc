#include "connectors/cloudevents/cloud_event_sink.h"

#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::connectors {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  eventtime::append_json_string(out, text);
}

std::string type_of(const runtime::OutgoingAlert& alert) {
  std::string type = "tocsin.";
  type += alert.kind;
  if (alert.kind != runtime::OutgoingAlert::kAlert) return type;
  type += '.';
  type += alert.pattern;
  return type;
}

}  // namespace

void append_cloud_event(std::string& out, const runtime::OutgoingAlert& alert,
                        std::string_view source) {
  out += R"({"specversion":"1.0")";
  append_text(out, "id", alert.id);
  append_text(out, "source", source);
  append_text(out, "type", type_of(alert));
  if (alert.key != "{}") append_text(out, "subject", alert.key);
  if (alert.complete != eventtime::kEarliestTimestamp) {
    out += R"(,"time":")";
    eventtime::append_timestamp(out, alert.complete);
    out += '"';
  }
  out += R"(,"datacontenttype":"application/json","data":)";
  out += alert.json;
  out += '}';
}

eventtime::Result<void> CloudEventSink::write(const runtime::OutgoingAlert& alert) {
  event_.clear();
  append_cloud_event(event_, alert, source_);
  runtime::OutgoingAlert wrapped = alert;
  wrapped.json = event_;
  return sink_->write(wrapped);
}

}  // namespace tocsin::connectors
