#include "tests/kafka/kafka_broker.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "connectors/kafka/kafka_client.h"
#include "eventtime/check.h"
#include "tests/support/process.h"

namespace tocsin::kafka_tests {

using eventtime::Duration;
using runtime::LogPartition;

namespace {

constexpr const char* kScript = TOCSIN_SOURCE_DIR "/tests/kafka/broker.sh";

// Bound to the port; -1: it is taken.
int bound(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  close(socket);
  return -1;
}

// The broker takes a port and the next two.
constexpr int kProxied = 2;  // the one that clients of the proxy come in by

int free_port() {
  while (true) {
    const int socket = bound(0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    const int port = ntohs(address.sin_port);
    const int next = bound(port + 1);
    const int last = bound(port + kProxied);
    for (const int each : {socket, next, last}) {
      if (each >= 0) close(each);
    }
    if (next >= 0 && last >= 0) return port;
  }
}

}  // namespace

KafkaBroker::KafkaBroker() : port_(free_port()), proxy_(static_cast<uint16_t>(port_ + kProxied)) {
  start();
}

KafkaBroker::~KafkaBroker() {
  kill();
}

KafkaBroker& KafkaBroker::shared() {
  static KafkaBroker broker;
  return broker;
}

void KafkaBroker::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {kScript};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const tests::ProcessResult result = tests::run_program("/bin/bash", all);
  TOCSIN_CHECK(result.status == 0, result.err.c_str());
}

void KafkaBroker::start() {
  run({"start", directory_.path(), TOCSIN_KAFKA_JARS, std::to_string(port_),
       std::to_string(getpid()), std::to_string(proxy_.port())});
}
void KafkaBroker::stop() {
  run({"stop", directory_.path()});
}
void KafkaBroker::kill() {
  run({"kill", directory_.path()});
}

std::string KafkaBroker::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

std::string KafkaBroker::proxy_address() const {
  return "127.0.0.1:" + std::to_string(proxy_.port());
}

std::unique_ptr<runtime::LogClient> KafkaBroker::client(const std::string& group) const {
  connectors::KafkaClientOptions options;
  options.group = group;
  options.reading = options.writing = {{"bootstrap.servers", address()}};
  options.with_headers = true;
  auto client = connectors::open_kafka(options);
  TOCSIN_CHECK(client, client.error().message.c_str());
  return *std::move(client);
}

std::string KafkaBroker::make_topic(const std::string& name, int32_t partitions) {
  const std::string topic = name + "-" + std::to_string(++topics_);
  const auto made = client("topics")->create_topic(topic, partitions);
  EXPECT_TRUE(made) << made.error().message;
  return topic;
}

std::vector<Seen> KafkaBroker::read_all(const std::string& topic) const {
  const auto of = client("seen");
  const auto partitions = of->partitions(topic);
  EXPECT_TRUE(partitions) << partitions.error().message;
  auto reader = *of->open_reader();
  std::set<LogPartition> open;
  for (int32_t number = 0; number < *partitions; ++number) {
    open.insert({topic, number});
    EXPECT_TRUE(reader->begin({topic, number}, 0));
  }
  std::vector<Seen> seen;
  const auto add = [&](const LogPartition& partition, const runtime::LogRecord& record) {
    Seen& one = seen.emplace_back();
    one.partition = partition;
    one.offset = record.offset;
    one.key = record.key.value_or(std::string_view());
    one.value = record.value.value_or(std::string_view());
    for (const runtime::LogHeader& header : record.headers) {
      one.headers.emplace_back(header.name, header.value);
    }
  };
  while (!open.empty()) {
    const auto read = reader->read(Duration{500'000}, 1000, add,
                                   [&](const LogPartition& partition) { open.erase(partition); });
    EXPECT_TRUE(read) << read.error().message;
    if (!read) break;
  }
  std::ranges::stable_sort(seen, {}, &Seen::partition);
  return seen;
}

}  // namespace tocsin::kafka_tests
