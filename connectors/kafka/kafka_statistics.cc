#include "connectors/kafka/kafka_statistics.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::connectors {

using runtime::Metric;
using runtime::Metrics;

namespace dom = simdjson::dom;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<std::string_view, 25> kGrowing = {
    "tx",        "tx_bytes",     "txbytes", "txmsgs",       "txmsg_bytes",
    "txerrs",    "txretries",    "rx",      "rx_bytes",     "rxbytes",
    "rxmsgs",    "rxmsg_bytes",  "rxerrs",  "rxcorriderrs", "rxpartial",
    "zbuf_grow", "buf_grow",     "wakeups", "connects",     "disconnects",
    "req",       "req_timeouts", "msgs",    "rx_ver_drops", "rebalance_cnt"};
constexpr double kUnknown = -1001;

bool grows(std::string_view name) {
  return std::ranges::find(kGrowing, name) != kGrowing.end();
}

class StatisticsReader {
 public:
  explicit StatisticsReader(Metrics& metrics) : metrics_(metrics) {}

  void read(std::string_view json, const Labels& labels) {
    dom::parser parser;
    dom::element all;
    dom::object root;
    if (parser.parse(json.data(), json.size()).get(all) != simdjson::SUCCESS) return;
    if (all.get(root) != simdjson::SUCCESS) return;
    for (const auto& [key, value] : root) {
      if (key == "brokers") {
        read_each("broker", value, labels);
      } else if (key == "topics") {
        read_each("topic", value, labels);
      } else if (key == "cgrp" || key == "eos") {
        read_object(std::string(key), value, labels);
      } else {
        add("client", key, value, labels);
      }
    }
  }

 private:
  // Objects by name, which becomes a label.
  void read_each(const std::string& what, dom::element element, const Labels& labels) {
    dom::object all;
    if (element.get(all) != simdjson::SUCCESS) return;
    for (const auto& [name, value] : all) {
      if (what == "partition" && name == "-1") continue;
      Labels of = labels;
      of.emplace_back(what, name);
      read_object(what, value, of);
    }
  }

  void read_object(const std::string& what, dom::element element, const Labels& labels) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return;
    for (const auto& [key, value] : object) {
      if (key == "partitions") {
        read_each("partition", value, labels);
      } else if (key == "req") {
        read_requests(what, value, labels);
      } else if (value.is_object() && key != "toppars") {
        read_window(what, key, value, labels);
      } else {
        add(what, key, value, labels);
      }
    }
  }

  void read_requests(const std::string& what, dom::element element, const Labels& labels) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return;
    for (const auto& [name, value] : object) {
      int64_t count = 0;
      if (value.get(count) != simdjson::SUCCESS || count == 0) continue;
      Labels of = labels;
      of.emplace_back("request", name);
      add(what, "req", value, of);
    }
  }

  void read_window(const std::string& what, std::string_view key, dom::element element,
                   const Labels& labels) {
    int64_t samples = 0;
    if (element["cnt"].get(samples) == simdjson::SUCCESS && samples == 0) return;
    dom::object window;
    if (element.get(window) != simdjson::SUCCESS) return;
    for (const auto& [name, value] : window) {
      add(what, fmt::format("{}_{}", key, name), value, labels);
    }
  }

  // Texts are left out.
  void add(const std::string& what, std::string_view name, dom::element element,
           const Labels& labels) {
    double value = 0;
    bool truth = false;
    if (element.get(truth) == simdjson::SUCCESS) {
      value = truth ? 1 : 0;
    } else if (element.get(value) != simdjson::SUCCESS) {
      return;
    }
    if (value == kUnknown || (name.starts_with("consumer_lag") && value < 0)) return;
    const bool is_counter = grows(name);
    metrics_.push_back({fmt::format("kafka_{}_{}{}", what, name, is_counter ? "_total" : ""),
                        fmt::format("'{}' of a {} in librdkafka's statistics.", name, what),
                        is_counter ? Metric::Kind::kCounter : Metric::Kind::kGauge, labels, value});
  }

  Metrics& metrics_;
};

}  // namespace

KafkaStatistics::Handle::~Handle() {
  const std::lock_guard lock(of_.mutex_);
  of_.handles_.erase(number_);
  ++of_.version_;
}

void KafkaStatistics::Handle::take(std::string_view json) {
  std::string text(json);
  const std::lock_guard lock(of_.mutex_);
  of_.handles_[number_].json.swap(text);
  ++of_.version_;
}

std::unique_ptr<KafkaStatistics::Handle> KafkaStatistics::add(std::string client, std::string id) {
  const std::lock_guard lock(mutex_);
  const uint64_t number = next_++;
  handles_[number] = {std::move(client), std::move(id), {}};
  return std::make_unique<Handle>(*this, number);
}

uint64_t KafkaStatistics::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

Metrics KafkaStatistics::metrics() const {
  std::vector<Told> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, told] : handles_) all.push_back(told);
  }
  Metrics metrics;
  StatisticsReader reader(metrics);
  for (const Told& told : all) {
    Labels labels = {{"client", told.client}};
    if (!told.id.empty()) labels.emplace_back("id", told.id);
    if (!told.json.empty()) reader.read(told.json, labels);
  }
  return metrics;
}

}  // namespace tocsin::connectors
