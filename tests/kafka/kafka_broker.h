// A real broker for the tests of one executable (tests/kafka/broker.sh), and topics in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/log_client.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::kafka_tests {

// What a reader of committed records has seen.
struct Seen {
  runtime::LogPartition partition;
  int64_t offset = 0;
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
};

class KafkaBroker {
 public:
  KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;
  ~KafkaBroker();  // kills it

  // Started with the first call.
  static KafkaBroker& shared();

  void start();
  void stop();  // cleanly
  void kill();

  std::string address() const;
  // The same broker, all connections through the proxy.
  std::string proxy_address() const;
  tests::TcpProxy& proxy() { return proxy_; }
  // Of the group.
  std::unique_ptr<runtime::LogClient> client(const std::string& group) const;
  // A name that no other test has.
  std::string make_topic(const std::string& name, int32_t partitions);
  // Committed records, partition by partition, from the beginning to the end.
  std::vector<Seen> read_all(const std::string& topic) const;

 private:
  void run(const std::vector<std::string>& arguments) const;

  tests::TemporaryDirectory directory_;
  int port_ = 0;
  tests::TcpProxy proxy_;
  int topics_ = 0;
};

}  // namespace tocsin::kafka_tests
