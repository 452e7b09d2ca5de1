// Alerts to the partitions of a topic, at least once (log_sink.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/kafka/log_sink.h"
#include "eventtime/result.h"
#include "runtime/log_client.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

// Without transactions: what was written behind a checkpoint comes again after a kill, with the
// same ids and sequence numbers. Records that the brokers do not take for as long as
// `message.timeout.ms` says (300 s) end the run, which loses none of them.
class AppendingLogSink : public runtime::Sink {
 public:
  AppendingLogSink(LogSinkOptions options, std::shared_ptr<runtime::LogClient> client)
      : options_(std::move(options)), client_(std::move(client)) {}

  const std::string& name() const override { return options_.name; }
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override { return appender_->poll(); }
  eventtime::Result<void> sync() override { return appender_->sync(); }
  std::string position() const override { return std::to_string(written_); }
  eventtime::Result<void> close() override { return appender_->sync(); }
  runtime::Metrics metrics() const override;

 private:
  static std::optional<uint64_t> alerts_of(std::string_view position);

  LogSinkOptions options_;
  std::shared_ptr<runtime::LogClient> client_;
  std::unique_ptr<runtime::LogAppender> appender_;  // of resume()
  uint64_t written_ = 0;                            // alerts, by this run and those before
};

}  // namespace tocsin::connectors
