// A topic with payments and one for alerts, a pipeline between them, and what is to come out: what
// a run over files with the same records gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/kafka/kafka_broker.h"
#include "tests/model/random.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::kafka_tests {

using Lines = std::vector<std::string>;

// Without their line ends.
Lines lines_of(const std::string& text);
// An alert without its id, which depends on the names of inputs and on offsets.
std::string without_id(const std::string& alert);

// Writes to a topic, and keeps what it has written.
class TopicWriter {
 public:
  // What a record becomes: key and value.
  using Form =
      std::function<std::pair<std::optional<std::string>, std::string>(const std::string& record)>;

  TopicWriter(KafkaBroker& broker, std::string topic, int32_t partitions, Form form);

  // In one transaction.
  void send(int32_t number, const Lines& records);
  const std::vector<Lines>& sent() const { return sent_; }  // by partition

 private:
  std::string topic_;
  Form form_;
  std::unique_ptr<runtime::LogClient> client_;
  std::unique_ptr<runtime::LogProducer> producer_;
  std::vector<Lines> sent_;
};

// Alerts after two payments of a card, and after silence of one.
extern const char* const kPatterns;

void sleep_ms(size_t ms);

class KafkaRig {
 public:
  static constexpr int32_t kPartitions = 4;  // of the payments

  KafkaRig(KafkaBroker& broker, const std::string& name, int32_t alert_partitions = kPartitions);

  // These are of the pipeline that is written next.
  void write_csv() { is_csv_ = true; }  // values are rows of CSV from now on
  void set_servers(const std::string& servers) { servers_ = servers; }
  void set_patterns(const std::string& text) { directory_.write("patterns.tocsin", text); }
  // `more` stands at the end of the file.
  void write_pipeline(const std::string& idle_after, const std::string& more = "");
  Lines arguments() const { return {"run", "--config", directory_.path("pipeline.toml")}; }

  void send(size_t count);
  // An event of a far time to each partition settles all before it.
  void settle();
  void send(int32_t number, const Lines& records) { writer_.send(number, records); }

  // By partition.
  std::vector<Lines> wanted() const;
  std::vector<Lines> got() const;
  static size_t count(const std::vector<Lines>& all);
  bool has_all(const std::vector<Lines>& wanted) const { return count(got()) >= count(wanted); }
  void expect_exactly(const std::vector<Lines>& wanted) const;

  const tests::TemporaryDirectory& directory() const { return directory_; }
  const std::string& source() const { return source_; }

 private:
  KafkaBroker& broker_;
  std::string source_;
  std::string alerts_;
  std::string servers_;
  TopicWriter writer_;
  tests::TemporaryDirectory directory_;
  model::Random random_;
  bool is_csv_ = false;
  int64_t time_ = 1'700'000'000'000'000;
};

// What /metrics gives; the port stands in the log.
std::string metrics_of(const tests::RunningProgram& program);

}  // namespace tocsin::kafka_tests
