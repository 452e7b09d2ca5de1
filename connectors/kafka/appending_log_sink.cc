#include "connectors/kafka/appending_log_sink.h"

#include <array>
#include <charconv>

#include "connectors/kafka/commit_note.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogHeader;
using runtime::LogRecord;

// Also of a sink that was exactly once before.
std::optional<uint64_t> AppendingLogSink::alerts_of(std::string_view position) {
  if (position.empty()) return 0;
  if (const auto note = parse_sink_note(position)) return note->place.alerts;
  uint64_t alerts = 0;
  const char* const end = position.data() + position.size();
  const auto [at, error] = std::from_chars(position.data(), end, alerts);
  return error == std::errc() && at == end ? std::optional(alerts) : std::nullopt;
}

Result<void> AppendingLogSink::resume(std::string_view position) {
  const std::optional<uint64_t> alerts = alerts_of(position);
  if (!alerts) return other_kind_of_sink(options_.name);
  written_ = *alerts;
  auto appender = client_->open_appender();
  if (!appender) return Unexpected<Error>{appender.error()};
  appender_ = *std::move(appender);
  return {};
}

Result<void> AppendingLogSink::write(const runtime::OutgoingAlert& alert) {
  const bool is_alert = alert.kind == runtime::OutgoingAlert::kAlert;
  const std::string number = std::to_string(written_);
  const std::array<LogHeader, 2> headers = {
      {{kSourceHeader, options_.source},
       is_alert ? LogHeader{kSequenceHeader, number} : LogHeader{kKindHeader, alert.kind}}};
  written_ += is_alert ? 1 : 0;
  LogRecord record;
  record.key = alert.record_key;
  record.value = alert.json;
  record.headers = headers;
  return appender_->append({options_.topic, log_partition(record.key, options_.partitions)},
                           record);
}

runtime::Metrics AppendingLogSink::metrics() const {
  return {{"sink_alerts_total",
           "Alerts written, by this run and those before.",
           runtime::Metric::Kind::kCounter,
           {},
           static_cast<double>(written_)}};
}

}  // namespace tocsin::connectors
