#include "connectors/kafka/kafka_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::connectors {
namespace {

using runtime::Metric;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// As librdkafka 2.0.2 gives it, shortened.
constexpr const char* kText = R"({"name":"tocsin#consumer-3","client_id":"tocsin",
"type":"consumer","ts":5016483227792,"time":1795341973,"age":10001234,"replyq":0,"msg_cnt":0,
"simple_cnt":1,"tx":631,"tx_bytes":168584,"rx":630,"rx_bytes":31084,"txmsgs":0,"rxmsgs":4300,
"metadata_cache_cnt":1,
"brokers":{"127.0.0.1:9092/1":{"name":"127.0.0.1:9092/1","nodeid":1,"source":"learned",
"state":"UP","stateage":9057234,"outbuf_cnt":0,"tx":320,"txbytes":84283,"rx":320,"connects":1,
"int_latency":{"min":0,"max":0,"avg":0,"sum":0,"p99":0,"cnt":0},
"rtt":{"min":1580,"max":3389,"avg":2349,"sum":79868,"stddev":474,"p50":2319,"p99":3391,
"outofrange":0,"cnt":34},
"req":{"Produce":0,"Fetch":315,"Metadata":2},
"toppars":{"payments-1":{"topic":"payments","partition":1}}}},
"topics":{"payments":{"topic":"payments","age":9060,"metadata_age":9060,
"batchsize":{"min":0,"avg":0,"cnt":0},
"partitions":{"1":{"partition":1,"broker":1,"desired":true,"unknown":false,"fetchq_cnt":1038,
"fetch_state":"active","query_offset":-2,"next_offset":2160510,"committed_offset":-1001,
"lo_offset":0,"hi_offset":2160512,"consumer_lag":2,"consumer_lag_stored":-1,"rxmsgs":4300,
"msgs":4299.5},
"-1":{"partition":-1,"broker":-1,"msgs":0}}}},
"cgrp":{"state":"up","stateage":4000,"join_state":"steady","rebalance_cnt":1},
"eos":{"idemp_state":"Assigned","txn_state":"Ready","txn_may_enq":false,"producer_epoch":12}})";

class KafkaStatisticsTest : public testing::Test {
 protected:
  const Metric* find(const std::string& name) {
    metrics_ = statistics_.metrics();
    const auto found = std::ranges::find(metrics_, name, &Metric::name);
    return found == metrics_.end() ? nullptr : &*found;
  }
  double value(const std::string& name) {
    const Metric* metric = find(name);
    EXPECT_NE(metric, nullptr) << name;
    return metric == nullptr ? -9 : metric->value;
  }

  KafkaStatistics statistics_;
  runtime::Metrics metrics_;
};

TEST_F(KafkaStatisticsTest, AllNumbersHaveNamesOfTheirOwn) {
  const auto handle = statistics_.add("reader");
  handle->take(kText);
  EXPECT_EQ(value("kafka_client_age"), 10001234);
  EXPECT_EQ(value("kafka_client_rxmsgs_total"), 4300);
  EXPECT_EQ(value("kafka_broker_txbytes_total"), 84283);
  EXPECT_EQ(value("kafka_broker_rtt_p99"), 3391);
  EXPECT_EQ(value("kafka_broker_rtt_cnt"), 34);
  EXPECT_EQ(value("kafka_topic_metadata_age"), 9060);
  EXPECT_EQ(value("kafka_partition_consumer_lag"), 2);
  EXPECT_EQ(value("kafka_partition_query_offset"), -2);
  EXPECT_EQ(value("kafka_partition_desired"), 1);
  EXPECT_EQ(value("kafka_partition_unknown"), 0);
  EXPECT_EQ(value("kafka_partition_msgs_total"), 4299.5);
  EXPECT_EQ(value("kafka_cgrp_rebalance_cnt_total"), 1);
  EXPECT_EQ(value("kafka_eos_producer_epoch"), 12);
  EXPECT_EQ(find("kafka_client_age")->kind, Metric::Kind::kGauge);
  EXPECT_EQ(find("kafka_client_rxmsgs_total")->kind, Metric::Kind::kCounter);
  EXPECT_THAT(find("kafka_broker_rtt_p99")->labels,
              ElementsAre(Pair("client", "reader"), Pair("broker", "127.0.0.1:9092/1")));
  EXPECT_THAT(find("kafka_broker_req_total")->labels,
              ElementsAre(Pair("client", "reader"), Pair("broker", "127.0.0.1:9092/1"),
                          Pair("request", "Fetch")));
  EXPECT_THAT(
      find("kafka_partition_consumer_lag")->labels,
      ElementsAre(Pair("client", "reader"), Pair("topic", "payments"), Pair("partition", "1")));
}

TEST_F(KafkaStatisticsTest, WhatSaysNothingIsLeftOut) {
  const auto handle = statistics_.add("reader");
  handle->take(kText);
  for (const char* name :
       {"kafka_broker_int_latency_p99", "kafka_topic_batchsize_avg", "kafka_client_name",
        "kafka_partition_committed_offset", "kafka_partition_consumer_lag_stored",
        "kafka_broker_toppars_payments-1"}) {
    EXPECT_EQ(find(name), nullptr) << name;
  }
  EXPECT_EQ(std::ranges::count(metrics_, "kafka_broker_req_total", &Metric::name), 2);
  EXPECT_EQ(std::ranges::count(metrics_, "kafka_partition_msgs_total", &Metric::name), 1);
  for (const char* text : {"", "{", "[]", R"({"brokers":[],"topics":{"t":7},"cgrp":null})"}) {
    handle->take(text);
    EXPECT_THAT(statistics_.metrics(), IsEmpty()) << text;
  }
}

TEST_F(KafkaStatisticsTest, TheLastTextOfEachHandleCounts) {
  auto one = statistics_.add("producer", "p-0");
  const auto two = statistics_.add("producer", "p-1");
  EXPECT_THAT(statistics_.metrics(), IsEmpty());
  const uint64_t before = statistics_.version();
  one->take(R"({"tx":1})");
  two->take(R"({"tx":2})");
  one->take(R"({"tx":3})");
  EXPECT_NE(statistics_.version(), before);
  metrics_ = statistics_.metrics();
  ASSERT_EQ(metrics_.size(), 2U);
  EXPECT_EQ(metrics_[0].value, 3);
  EXPECT_THAT(metrics_[0].labels, ElementsAre(Pair("client", "producer"), Pair("id", "p-0")));
  EXPECT_EQ(metrics_[1].value, 2);
  const uint64_t with_both = statistics_.version();
  one.reset();
  EXPECT_NE(statistics_.version(), with_both);
  EXPECT_EQ(statistics_.metrics().size(), 1U);
}

}  // namespace
}  // namespace tocsin::connectors
