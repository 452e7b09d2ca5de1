#include "tests/kafka/kafka_rig.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "eventtime/timestamp.h"
#include "tests/support/process.h"

namespace tocsin::kafka_tests {

using ::testing::HasSubstr;

const char* const kPatterns = R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern pair {
  on Payment
  by card
  match a: Payment[amount < 5] then b: Payment[amount > 90]
  within 20s
}
pattern silent {
  on Payment
  by card
  match a: Payment[amount == 1] then not b: Payment for 30s
}
)";

namespace {

constexpr const char* kCsv = "format = \"csv\"\ncolumns = [\"card\", \"amount\", \"at\"]\n";

// {"card":"c1","amount":5,"at":"..."} as c1,5,...
std::string row_of(const std::string& object) {
  std::string row;
  for (const char* name : {"\"card\":", "\"amount\":", "\"at\":"}) {
    const size_t begin = object.find(name);
    if (begin == std::string::npos) continue;
    const size_t value = begin + std::strlen(name);
    if (!row.empty()) row += ',';
    row += object.substr(value, object.find_first_of(",}", value) - value);
  }
  return row;
}

}  // namespace

void sleep_ms(size_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

Lines lines_of(const std::string& text) {
  Lines lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string without_id(const std::string& alert) {
  return alert.substr(alert.find(",\"pattern\""));
}

TopicWriter::TopicWriter(KafkaBroker& broker, std::string topic, int32_t partitions, Form form)
    : topic_(std::move(topic)),
      form_(std::move(form)),
      client_(broker.client("producers")),
      sent_(static_cast<size_t>(partitions)) {}

void TopicWriter::send(int32_t number, const Lines& records) {
  if (records.empty()) return;
  if (producer_ == nullptr) producer_ = *client_->open_producer("producer-" + topic_);
  for (const std::string& text : records) {
    sent_[static_cast<size_t>(number)].push_back(text);
    const auto [key, value] = form_(text);
    runtime::LogRecord record;
    record.key = key;
    record.value = value;
    ASSERT_TRUE(producer_->send({topic_, number}, record));
  }
  const auto done = producer_->commit({topic_, number}, {0, ""});
  ASSERT_TRUE(done) << done.error().message;
}

KafkaRig::KafkaRig(KafkaBroker& broker, const std::string& name, int32_t alert_partitions)
    : broker_(broker),
      source_(broker.make_topic(name + "-payments", kPartitions)),
      alerts_(broker.make_topic(name + "-alerts", alert_partitions)),
      servers_(broker.address()),
      writer_(broker, source_, kPartitions,
              [this](const std::string& record) {
                const std::string card = record.substr(9, record.find('"', 9) - 9);
                return std::pair(std::optional(card), is_csv_ ? row_of(record) : record);
              }),
      random_(7) {
  set_patterns(kPatterns);
  write_pipeline("\"never\"");
}

void KafkaRig::write_pipeline(const std::string& idle_after, const std::string& more) {
  directory_.write("pipeline.toml", fmt::format(R"(
name = "{0}"
[patterns]
files = ["patterns.tocsin"]
[[source]]
name = "payments"
type = "kafka"
topics = ["{1}"]
event = "Payment"
out_of_order = "2s"
idle_after = {2}
{6}
librdkafka = {{ "bootstrap.servers" = "{3}", "session.timeout.ms" = "6000" }}
[[sink]]
name = "alerts"
type = "kafka"
topic = "{4}"
commit_every = "50ms"
librdkafka = {{ "bootstrap.servers" = "{3}" }}
[outputs]
dead_letter = "dead.jsonl"
[state]
dir = "state"
checkpoint_every = "500ms"
[engine]
threads = 2
{5})",
                                                source_, source_, idle_after, servers_, alerts_,
                                                more, is_csv_ ? kCsv : ""));
}

void KafkaRig::send(size_t count) {
  std::vector<Lines> records(kPartitions);
  for (size_t i = 0; i < count; ++i) {
    time_ += random_.between(-400'000, 600'000);
    const auto card = random_.below(200);
    const std::string text =
        fmt::format(R"({{"card":"c{}","amount":{},"at":"{}"}})", card, random_.below(100),
                    eventtime::to_string(eventtime::Timestamp{time_}));
    records[card % kPartitions].push_back(text);
  }
  for (int32_t number = 0; number < kPartitions; ++number) send(number, records[number]);
}

void KafkaRig::settle() {
  time_ += 3'600'000'000;
  for (int32_t number = 0; number < kPartitions; ++number) {
    send(number, {fmt::format(R"({{"card":"settle{}","amount":50,"at":"{}"}})", number,
                              eventtime::to_string(eventtime::Timestamp{time_}))});
  }
}

std::vector<Lines> KafkaRig::wanted() const {
  std::vector<Lines> all;
  for (const Lines& records : writer_.sent()) {
    const std::string path = directory_.path("records.jsonl");
    std::ofstream out(path);
    for (const std::string& record : records) out << record << '\n';
    out.close();
    const auto run = tests::run_tocsin(
        {"run", "-p", directory_.path("patterns.tocsin"), "-i", path, "--out-of-order", "2s"});
    EXPECT_EQ(run.status, 0) << run.err;
    Lines& lines = all.emplace_back();
    for (const std::string& line : lines_of(run.out)) lines.push_back(without_id(line));
  }
  return all;
}

std::vector<Lines> KafkaRig::got() const {
  std::vector<Lines> all(kPartitions);
  std::vector<size_t> next(kPartitions);
  for (const Seen& seen : broker_.read_all(alerts_)) {
    const std::string& from = seen.headers.at(0).second;
    const auto number = static_cast<size_t>(from.back() - '0');
    EXPECT_EQ(seen.headers.at(1).second, std::to_string(next[number]++)) << seen.value;
    EXPECT_THAT(seen.value, HasSubstr("\"card\":\"" + seen.key + "\""));
    all[number].push_back(without_id(seen.value));
  }
  return all;
}

size_t KafkaRig::count(const std::vector<Lines>& all) {
  size_t count = 0;
  for (const Lines& lines : all) count += lines.size();
  return count;
}

void KafkaRig::expect_exactly(const std::vector<Lines>& wanted) const {
  const std::vector<Lines> all = got();
  for (size_t number = 0; number < kPartitions; ++number) {
    EXPECT_EQ(all[number], wanted[number]) << "partition " << number;
  }
}

std::string metrics_of(const tests::RunningProgram& program) {
  const std::string log = program.err();
  const size_t at = log.find("metrics are served on 127.0.0.1 port ");
  if (at == std::string::npos) return {};
  namespace asio = boost::asio;
  const auto port = static_cast<uint16_t>(std::stoi(log.substr(log.find("port ", at) + 5)));
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  boost::system::error_code error;
  if (socket.connect({asio::ip::address_v4::loopback(), port}, error)) return {};
  asio::write(socket,
              asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: x\r\n"
                                       "Connection: close\r\n\r\n")),
              error);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

}  // namespace tocsin::kafka_tests
