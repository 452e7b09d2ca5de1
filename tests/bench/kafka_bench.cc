// From Kafka to Kafka against a real broker on this machine (tests/kafka/broker.sh).
//
//   kafka_bench [RECORDS] [SECONDS]     default 200000 records, 2 seconds for each latency
//
// Shown are the records/s that a consumer of librdkafka gets from one partition and does nothing
// with, as its examples do it (rd_kafka_consumer_poll); those that our reader gets, which takes
// them in one go; those of a run over the same partition that commits alerts to another topic; the
// records/s of a run that reads while they are sent; then how long after a record was sent its
// alert can be read, at parts of that rate, without the first second. The broker, who sends and who
// reads share the cores with the run.
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/kafka_client.h"
#include "eventtime/check.h"
#include "patterns/front_end.h"
#include "server/kafka_run.h"
#include "server/machine_clock.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin {
namespace {

using eventtime::Duration;
using runtime::LogPartition;
using Clock = std::chrono::steady_clock;

constexpr const char* kScript = TOCSIN_SOURCE_DIR "/tests/kafka/broker.sh";
constexpr int kPort = 19392;
constexpr const char* kAddress = "127.0.0.1:19392";
constexpr size_t kAtOnce = 10'000;
constexpr uint64_t kCards = 10'000;
constexpr uint64_t kAlertEvery = 100;
constexpr double kWarmUp = 1;  // seconds; the broker compiles what it runs often
constexpr std::chrono::seconds kGroupForms{4};
constexpr Duration kUsualCommit{100'000};
constexpr Duration kQuickCommit{20'000};
constexpr const char* kPatterns = R"(
event Payment { card: string, amount: int, sent: int, at: timestamp(us) } time at
pattern pair {
  on Payment
  by card
  match a: Payment[amount == 1] then b: Payment[amount == 2]
  within 1h
}
pattern large { on Payment by card match a: Payment[amount == 3] emit sent: a.sent }
)";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int64_t now_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void broker(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {kScript};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const auto result = tests::run_program("/bin/bash", all);
  TOCSIN_CHECK(result.status == 0, result.err.c_str());
}

std::unique_ptr<runtime::LogClient> client(const std::string& group) {
  connectors::KafkaClientOptions options;
  options.group = group;
  options.reading = options.writing = {{"bootstrap.servers", kAddress}};
  options.written_topics = {"alerts-" + group};
  auto made = connectors::open_kafka(options);
  TOCSIN_CHECK(made, made.error().message.c_str());
  return *std::move(made);
}

// A producer without transactions: what stands in the log can be read at once.
class Sender {
 public:
  Sender() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] :
         {std::pair("bootstrap.servers", kAddress), std::pair("linger.ms", "1"),
          std::pair("queue.buffering.max.messages", "1000000")}) {
      rd_kafka_conf_set(conf, name, value, nullptr, 0);
    }
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() {
    rd_kafka_flush(handle_, 10'000);
    rd_kafka_destroy(handle_);
  }

  void send(const std::string& topic, uint64_t number) {
    const uint64_t card = number * 2654435761U % kCards;
    const uint64_t amount = number % kAlertEvery == 0 ? 3 : 10 + number % 90;
    const int64_t now = now_micros();
    const std::string key = fmt::format("c{}", card);
    std::string value = fmt::format(
        R"({{"card":"{}","amount":{},"sent":{},"at":{},"shop":"the name of one","note":"{:060}"}})",
        key, amount, now, now, number);
    while (rd_kafka_producev(handle_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY(key.data(), key.size()),
                             RD_KAFKA_V_VALUE(value.data(), value.size()),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(handle_, 10);
    }
    rd_kafka_poll(handle_, 0);
  }

 private:
  rd_kafka_t* handle_;
};

// A run over one topic, in this process.
class Run {
 public:
  Run(const std::string& topic, Duration commit_every) : client_(client(topic)) {
    TOCSIN_CHECK(client_->create_topic("alerts-" + topic, 1), "the topic of alerts can be made");
    auto loaded = patterns::load({{"bench.tocsin", kPatterns}});
    TOCSIN_CHECK(loaded.patterns, "the patterns are right");
    set_ = *loaded.patterns;
    own_ = *server::own_patterns(loaded, {});
    auto& options = options_.partitions;
    options.group = topic;
    options.directory = directory_.path("");
    options.patterns = &set_;
    options.own = &own_;
    options.engine.events = runtime::EventDetail::kNone;
    options.decoding = [](const std::string&) { return connectors::DecodeOptions{}; };
    options.alert_topic = "alerts-" + topic;
    options.late = options.dead_letter = [](std::string_view) { return eventtime::Result<void>(); };
    options.commit_every = commit_every;
    options_.topics = {topic};
  }

  // Until so many records have been read, or it is told to stop. The seconds between the first and
  // the last of them.
  double until(uint64_t records) {
    server::MachineClock clock;
    std::optional<Clock::time_point> first;
    bool is_done = false;
    server::KafkaRun run(options_, *client_, clock, [&] { return is_done || stop; });
    run.on_round = [&](const server::KafkaRun& of) {
      const uint64_t read = of.stats().records;
      if (read > 0 && !first) first = Clock::now();
      is_done = read >= records;
    };
    const auto done = run.run();
    TOCSIN_CHECK(done, done.error().message.c_str());
    return first ? seconds_since(*first) : 0;
  }

  std::atomic<bool> stop = false;

 private:
  tests::TemporaryDirectory directory_;
  std::unique_ptr<runtime::LogClient> client_;
  patterns::PatternSet set_;
  server::OwnPatterns own_;
  server::KafkaRunOptions options_;
};

// As most programs read.
double consumer_seconds(const std::string& topic, uint64_t records) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] :
       {std::pair("bootstrap.servers", kAddress), std::pair("group.id", "consumer"),
        std::pair("enable.auto.commit", "false")}) {
    rd_kafka_conf_set(conf, name, value, nullptr, 0);
  }
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(partitions, topic.c_str(), 0)->offset = 0;
  rd_kafka_assign(handle, partitions);
  rd_kafka_topic_partition_list_destroy(partitions);
  std::optional<Clock::time_point> first;
  for (uint64_t read = 0; read < records;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && read++ == 0) first = Clock::now();
    rd_kafka_message_destroy(message);
  }
  const double seconds = seconds_since(*first);
  rd_kafka_consumer_close(handle);
  rd_kafka_destroy(handle);
  return seconds;
}

double reader_seconds(const std::string& topic, uint64_t records) {
  auto reader = *client("reader")->open_reader();
  TOCSIN_CHECK(reader->begin({topic, 0}, 0), "the topic can be read");
  std::optional<Clock::time_point> first;
  uint64_t read = 0;
  const auto add = [&](const LogPartition&, const runtime::LogRecord&) {
    if (read++ == 0) first = Clock::now();
  };
  while (read < records) {
    const auto done = reader->read(Duration{100'000}, kAtOnce, add, [](const LogPartition&) {});
    TOCSIN_CHECK(done, "reading goes on");
  }
  return seconds_since(*first);
}

// While they are sent, as fast as it goes.
double together_seconds(const std::string& topic, uint64_t records) {
  TOCSIN_CHECK(client("setup")->create_topic(topic, 1), "a topic can be made");
  Run run(topic, kUsualCommit);
  double seconds = 0;
  std::thread running([&] { seconds = run.until(records); });
  std::this_thread::sleep_for(kGroupForms);
  {
    Sender sender;
    for (uint64_t number = 0; number < records; ++number) sender.send(topic, number);
  }
  running.join();
  return seconds;
}

void show_latency(const std::string& topic, Duration commit_every, double rate, double seconds) {
  auto setup = client("setup");
  TOCSIN_CHECK(setup->create_topic(topic, 1), "a topic can be made");
  Run run(topic, commit_every);
  std::thread running([&] { run.until(UINT64_MAX); });
  std::vector<int64_t> latencies;
  const auto total = static_cast<uint64_t>(rate * (seconds + kWarmUp)) + 1;
  const size_t wanted = total / kAlertEvery;
  size_t seen = 0;
  std::atomic<int64_t> measured_from = INT64_MAX;
  std::thread watching([&] {
    auto reader = *client("watcher")->open_reader();
    TOCSIN_CHECK(reader->begin({"alerts-" + topic, 0}, 0), "the alerts can be read");
    const auto give_up = Clock::now() + std::chrono::seconds(60);
    const auto add = [&](const LogPartition&, const runtime::LogRecord& record) {
      constexpr std::string_view kSent = "\"sent\":";
      const size_t at = record.value->find(kSent) + kSent.size();
      int64_t sent = 0;
      std::from_chars(record.value->data() + at, record.value->data() + record.value->size(), sent);
      ++seen;
      if (sent > measured_from) latencies.push_back(now_micros() - sent);
    };
    while (seen < wanted && Clock::now() < give_up) {
      const auto done = reader->read(Duration{5'000}, kAtOnce, add, [](const LogPartition&) {});
      TOCSIN_CHECK(done, "reading goes on");
    }
  });
  std::this_thread::sleep_for(kGroupForms);
  {
    Sender sender;
    const auto start = Clock::now();
    measured_from = now_micros() + static_cast<int64_t>(kWarmUp * 1e6);
    for (uint64_t number = 0; number < total; ++number) {
      while (seconds_since(start) * rate < static_cast<double>(number)) {
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      }
      sender.send(topic, number);
    }
  }
  watching.join();
  run.stop = true;
  running.join();
  std::ranges::sort(latencies);
  if (seen < wanted || latencies.empty()) {
    fmt::print("{:>9} ms {:>12.0f}  {} of {} alerts came within a minute\n",
               commit_every.micros / 1000, rate, seen, wanted);
    return;
  }
  const auto at = [&](double part) {
    const auto place = static_cast<size_t>(part * static_cast<double>(latencies.size() - 1));
    return static_cast<double>(latencies[place]) / 1000;
  };
  fmt::print("{:>9} ms {:>12.0f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f}\n", commit_every.micros / 1000,
             rate, at(0.5), at(0.99), at(0.999), at(1));
}

int run(int count, char** arguments) {
  uint64_t records = 200'000;
  double seconds = 2;
  const bool has_numbers = count > 1 && arguments[1][0] != '-';  // else flags of other benchmarks
  if (has_numbers) records = std::stoull(arguments[1]);
  if (has_numbers && count > 2) seconds = std::stod(arguments[2]);
  if (!std::filesystem::exists(TOCSIN_KAFKA_JARS)) {
    fmt::print("SKIPPED: no broker in '{}'; tests/kafka/broker.sh fetch build/kafka\n",
               TOCSIN_KAFKA_JARS);
    return 0;
  }
  const tests::TemporaryDirectory directory;
  broker({"start", directory.path(""), TOCSIN_KAFKA_JARS, std::to_string(kPort),
          std::to_string(getpid())});
  TOCSIN_CHECK(client("setup")->create_topic("rate", 1), "a topic can be made");
  {
    Sender sender;
    for (uint64_t number = 0; number < records; ++number) sender.send("rate", number);
  }
  const double consumer = static_cast<double>(records) / consumer_seconds("rate", records);
  const double reader = static_cast<double>(records) / reader_seconds("rate", records);
  const double own = static_cast<double>(records) / Run("rate", kUsualCommit).until(records);
  fmt::print("a consumer of librdkafka: {:.0f} records/s; our reader: {:.0f}\n", consumer, reader);
  fmt::print("run: {:.0f} records/s, {:.2f} of the consumer, {:.2f} of the reader\n", own,
             own / consumer, own / reader);
  const double together = static_cast<double>(records) / together_seconds("together", records);
  fmt::print("while they are sent: {:.0f} records/s\n", together);
  fmt::print("{:>12} {:>12} {:>8} {:>8} {:>8} {:>8}\n", "commit every", "records/s", "p50 ms",
             "p99", "p99.9", "max");
  for (const Duration commit_every : {kUsualCommit, kQuickCommit}) {
    for (const double part : {0.1, 0.5, 0.8}) {
      show_latency(fmt::format("latency-{}-{:.0f}", commit_every.micros, part * 100), commit_every,
                   together * part, seconds);
    }
  }
  broker({"stop", directory.path("")});
  return 0;
}

}  // namespace
}  // namespace tocsin

int main(int count, char** arguments) {
  return tocsin::run(count, arguments);
}
