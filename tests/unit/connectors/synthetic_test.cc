#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/synthetic/generator.h"
#include "connectors/synthetic/payments.h"
#include "connectors/synthetic/record_writer.h"
#include "connectors/synthetic/stream.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {
namespace {

using eventtime::Result;

struct Generated {
  std::string records;
  std::string labels;
  GenerateSummary summary;
};

Generated generate_text(const GenerateOptions& options) {
  Generated result;
  GenerateOutput output;
  output.records = [&result](std::string_view text) -> Result<void> {
    result.records += text;
    return {};
  };
  output.labels = [&result](std::string_view text) -> Result<void> {
    result.labels += text;
    return {};
  };
  auto summary = generate(options, output);
  EXPECT_TRUE(summary) << summary.error().message;
  result.summary = *summary;
  return result;
}

GenerateOptions options_for(EventKind kind, uint64_t events, uint64_t seed = 1) {
  GenerateOptions options;
  options.kind = kind;
  options.events = events;
  options.seed = seed;
  return options;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// What the tests look at in a record; `ok` if it is a JSON object with each key once and a time.
struct Record {
  bool ok = false;
  std::string id;
  Timestamp time;
};

Record read_record(simdjson::dom::parser& parser, std::string_view line) {
  Record record;
  simdjson::dom::object object;
  if (parser.parse(line.data(), line.size(), true).get(object) != simdjson::SUCCESS) return record;
  std::set<std::string_view> keys;
  for (const auto& field : object) {
    if (!keys.insert(field.key).second) return record;
  }
  std::string_view id;
  std::string_view at;
  if (object["id"].get(id) != simdjson::SUCCESS) return record;
  if (object["at"].get(at) != simdjson::SUCCESS) return record;
  const auto time = eventtime::parse_timestamp(at);
  if (!time) return record;
  return {true, std::string(id), *time};
}

struct Truth {
  std::string kind;
  bool fraud = false;
  std::vector<std::string> ids;
  Timestamp start;
  Timestamp end;
};

std::vector<Truth> read_truth(const std::string& labels) {
  std::vector<Truth> result;
  simdjson::dom::parser parser;
  for (const std::string_view line : lines_of(labels)) {
    simdjson::dom::element label = parser.parse(line.data(), line.size(), true);
    Truth truth;
    truth.kind = std::string(label["kind"].get_string().value());
    truth.fraud = label["fraud"].get_bool();
    truth.start = *eventtime::parse_timestamp(label["start"].get_string().value());
    truth.end = *eventtime::parse_timestamp(label["end"].get_string().value());
    const simdjson::dom::array ids = label["ids"];
    for (const simdjson::dom::element id : ids) {
      truth.ids.emplace_back(id.get_string().value());
    }
    EXPECT_EQ(label["key"].get_object().value().size(), 1U);
    result.push_back(std::move(truth));
  }
  return result;
}

constexpr std::array<EventKind, 4> kKinds = {EventKind::kPayments, EventKind::kLogins,
                                             EventKind::kOrders, EventKind::kTicks};

// The promise "same seed, same bytes, on any platform": these numbers change only on purpose.
TEST(Synthetic, SameSeedSameBytesOnAnyPlatform) {
  constexpr std::array<uint64_t, 4> kRecords = {5618447665265617300U, 3907246957320010550U,
                                                15798522545239760272U, 15396121066481486152U};
  constexpr std::array<uint64_t, 4> kLabels = {12651576645908226033U, 4402207985222285750U,
                                               6402432469966435397U, 1894816161327394150U};
  for (size_t i = 0; i < kKinds.size(); ++i) {
    const Generated made = generate_text(options_for(kKinds[i], 100'000, 42));
    EXPECT_EQ(XXH3_64bits(made.records.data(), made.records.size()), kRecords[i]) << "kind " << i;
    EXPECT_EQ(XXH3_64bits(made.labels.data(), made.labels.size()), kLabels[i]) << "kind " << i;
  }
}

TEST(Synthetic, CsvBytesArePinnedToo) {
  GenerateOptions options = options_for(EventKind::kPayments, 10'000, 42);
  options.csv = true;
  const Generated made = generate_text(options);
  EXPECT_EQ(XXH3_64bits(made.records.data(), made.records.size()), 6573225317794346314U);
}

TEST(Synthetic, AnotherSeedIsAnotherStream) {
  EXPECT_NE(generate_text(options_for(EventKind::kPayments, 1000, 1)).records,
            generate_text(options_for(EventKind::kPayments, 1000, 2)).records);
}

TEST(Synthetic, CountsAreExactAndIdsUnique) {
  for (const EventKind kind : kKinds) {
    for (const uint64_t events : {0, 1, 2, 7, 10'000}) {
      const Generated made = generate_text(options_for(kind, events));
      EXPECT_EQ(made.summary.events, events);
      simdjson::dom::parser parser;
      std::set<std::string> ids;
      uint64_t malformed = 0;
      for (const std::string_view line : lines_of(made.records)) {
        const Record record = read_record(parser, line);
        if (record.ok) {
          EXPECT_TRUE(ids.insert(record.id).second) << record.id;
        } else {
          ++malformed;
        }
      }
      EXPECT_EQ(ids.size(), events);
      EXPECT_EQ(malformed, made.summary.malformed);
    }
  }
}

TEST(Synthetic, DisorderIsBoundedAndPresent) {
  for (const EventKind kind : kKinds) {
    GenerateOptions options = options_for(kind, 20'000);
    options.malformed_per_million = 0;
    options.out_of_order = seconds(3);
    const Generated made = generate_text(options);
    simdjson::dom::parser parser;
    Timestamp newest{0};
    Duration most{0};
    for (const std::string_view line : lines_of(made.records)) {
      const Record record = read_record(parser, line);
      newest = std::max(newest, record.time);
      most = std::max(most, newest - record.time);
    }
    EXPECT_LE(most, seconds(3));
    EXPECT_GT(most, seconds(1));
  }
}

TEST(Synthetic, WithoutDisorderTimesNeverFall) {
  for (const EventKind kind : kKinds) {
    GenerateOptions options = options_for(kind, 20'000);
    options.malformed_per_million = 0;
    options.out_of_order = {};
    const Generated made = generate_text(options);
    simdjson::dom::parser parser;
    Timestamp last{0};
    for (const std::string_view line : lines_of(made.records)) {
      const Record record = read_record(parser, line);
      EXPECT_LE(last, record.time);
      last = record.time;
    }
  }
}

TEST(Synthetic, LabelsNameEventsAndTheirTimes) {
  for (const EventKind kind : kKinds) {
    const Generated made = generate_text(options_for(kind, 20'000));
    simdjson::dom::parser parser;
    std::map<std::string, Timestamp> times;
    for (const std::string_view line : lines_of(made.records)) {
      const Record record = read_record(parser, line);
      if (record.ok) times[record.id] = record.time;
    }
    std::set<std::string> planted;
    uint64_t frauds = 0;
    const std::vector<Truth> truths = read_truth(made.labels);
    for (const Truth& truth : truths) {
      ASSERT_FALSE(truth.ids.empty());
      frauds += truth.fraud ? 1 : 0;
      for (const std::string& id : truth.ids) {
        ASSERT_TRUE(times.contains(id)) << id;
        EXPECT_TRUE(planted.insert(id).second) << id << " belongs to two incidents";
      }
      EXPECT_EQ(times[truth.ids.front()], truth.start);
      EXPECT_EQ(times[truth.ids.back()], truth.end);
    }
    EXPECT_EQ(frauds, made.summary.frauds);
    EXPECT_EQ(truths.size(), made.summary.frauds + made.summary.lookalikes);
  }
}

TEST(Synthetic, EveryKindOfIncidentIsPlanted) {
  using testing::UnorderedElementsAre;
  const auto kinds_of = [](EventKind kind) {
    std::set<std::pair<std::string, bool>> kinds;
    for (const Truth& truth : read_truth(generate_text(options_for(kind, 30'000)).labels)) {
      kinds.insert({truth.kind, truth.fraud});
    }
    return kinds;
  };
  using Kind = std::pair<std::string, bool>;
  EXPECT_THAT(
      kinds_of(EventKind::kPayments),
      UnorderedElementsAre(
          Kind("card_testing", true), Kind("velocity", true), Kind("impossible_travel", true),
          Kind("rising_amounts", true), Kind("account_takeover", true), Kind("shared_device", true),
          Kind("code_guessing", true), Kind("cash_out", true), Kind("small_subscriptions", false),
          Kind("shopping_spree", false), Kind("shared_wallet", false), Kind("rising_basket", false),
          Kind("new_phone", false), Kind("family_holiday", false), Kind("mistyped_code", false),
          Kind("cash_on_arrival", false)));
  EXPECT_THAT(
      kinds_of(EventKind::kLogins),
      UnorderedElementsAre(Kind("brute_force", true), Kind("password_spraying", true),
                           Kind("forgotten_password", false), Kind("office_address", false)));
  EXPECT_THAT(kinds_of(EventKind::kOrders),
              UnorderedElementsAre(Kind("unpaid_order", true), Kind("shipped_unpaid", true),
                                   Kind("paid_at_last", false)));
  EXPECT_THAT(kinds_of(EventKind::kTicks),
              UnorderedElementsAre(Kind("rising_trades", true), Kind("four_trades", false),
                                   Kind("rising_prices", false)));
}

// An order without a payment is one of the labelled ones: the end of the stream cuts nothing off.
TEST(Synthetic, OrdersWithoutPaymentAreLabelled) {
  const Generated made = generate_text(options_for(EventKind::kOrders, 20'000));
  simdjson::dom::parser parser;
  std::map<std::string, bool> paid;
  std::map<std::string, std::string> order_of;
  for (const std::string_view line : lines_of(made.records)) {
    if (!read_record(parser, line).ok) continue;
    const simdjson::dom::element event = parser.parse(line.data(), line.size(), true);
    const std::string order(event["order"].get_string().value());
    order_of[std::string(event["id"].get_string().value())] = order;
    paid[order] |= event["type"].get_string().value() == "Paid";
  }
  std::set<std::string> unpaid;
  for (const auto& [order, is_paid] : paid) {
    if (!is_paid) unpaid.insert(order);
  }
  std::set<std::string> labelled;
  for (const Truth& truth : read_truth(made.labels)) {
    if (truth.fraud) labelled.insert(order_of[truth.ids.front()]);
  }
  EXPECT_EQ(unpaid, labelled);
}

TEST(Synthetic, MalformedShareIsAsAsked) {
  GenerateOptions options = options_for(EventKind::kPayments, 20'000);
  options.malformed_per_million = 100'000;
  const Generated made = generate_text(options);
  EXPECT_NEAR(static_cast<double>(made.summary.malformed), 2000, 150);
  EXPECT_EQ(lines_of(made.records).size(), 20'000 + made.summary.malformed);
  options.malformed_per_million = 0;
  EXPECT_EQ(generate_text(options).summary.malformed, 0U);
}

TEST(Synthetic, CsvRowsHaveTheColumnsOfTheHeader) {
  for (const EventKind kind : kKinds) {
    GenerateOptions options = options_for(kind, 5000);
    options.csv = true;
    const Generated made = generate_text(options);
    const std::vector<std::string_view> lines = lines_of(made.records);
    EXPECT_EQ(lines.size(), 5001 + made.summary.malformed);
    EXPECT_TRUE(lines.front().starts_with("type,id,at,"));
    const auto columns = std::count(lines.front().begin(), lines.front().end(), ',');
    for (const std::string_view line : lines) {
      EXPECT_EQ(std::count(line.begin(), line.end(), ','), columns) << line;
    }
  }
}

TEST(Synthetic, MostPaymentsAreBackground) {
  const Generated made = generate_text(options_for(EventKind::kPayments, 50'000));
  size_t planted = 0;
  for (const Truth& truth : read_truth(made.labels)) {
    if (truth.fraud) planted += truth.ids.size();
  }
  EXPECT_LT(planted, 1000U);
  EXPECT_GT(planted, 200U);
}

// Exposes how much is on the agenda, by the only thing that can be seen from outside: room().
class CountingPayments : public ScheduledStream<PaymentEvent> {
 public:
  CountingPayments(uint64_t events, double rate)
      : ScheduledStream(events, Timestamp{0}), events_(events), micros_(1e6 / rate) {}
  void write(RecordWriter& /*out*/) const override {}
  uint64_t waiting() const { return events_ - event().number - room(); }

 protected:
  void background(Timestamp now) override {
    PaymentEvent event;
    event.time = now + minutes(5);
    schedule(event);
  }
  Duration gap(Timestamp /*now*/) override { return {micros_}; }
  std::string id_of(const PaymentEvent& /*event*/) const override { return {}; }

 private:
  uint64_t events_;
  int64_t micros_;
};

TEST(ScheduledStream, HoldsWhatTheRateAsksForHoweverLongItIs) {
  CountingPayments stream(200'000, 10);
  uint64_t most = 0;
  while (stream.advance()) most = std::max(most, stream.waiting());
  EXPECT_LE(most, 3002U);  // five minutes at ten a second
  EXPECT_GE(most, 2990U);
}

TEST(Synthetic, OptionsOutOfRangeAreRefused) {
  const auto refused = [](const GenerateOptions& options) {
    const auto result =
        generate(options, {[](std::string_view) { return Result<void>(); }, nullptr, nullptr});
    return !result && result.error().blame == eventtime::Blame::kUsage;
  };
  GenerateOptions options = options_for(EventKind::kPayments, 1);
  EXPECT_FALSE(refused(options));
  options.events_per_second = -1;
  EXPECT_TRUE(refused(options));
  options = options_for(EventKind::kPayments, 1);
  options.out_of_order = minutes(25 * 60);
  EXPECT_TRUE(refused(options));
  options = options_for(EventKind::kPayments, 1);
  options.start = Timestamp{-1};
  EXPECT_TRUE(refused(options));
  options = options_for(EventKind::kPayments, uint64_t{1} << 60);
  EXPECT_TRUE(refused(options));
  options = options_for(EventKind::kPayments, 1);
  options.events_per_second = 1e6;
  options.out_of_order = minutes(60);
  EXPECT_TRUE(refused(options));
}

TEST(Synthetic, AFailedWriteEndsTheWork) {
  GenerateOutput output;
  size_t calls = 0;
  output.records = [&calls](std::string_view) -> Result<void> {
    ++calls;
    return eventtime::world_error("disk full");
  };
  const auto result = generate(options_for(EventKind::kTicks, 100'000), output);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "disk full");
  EXPECT_EQ(calls, 1U);
}

}  // namespace
}  // namespace tocsin::connectors::synthetic
