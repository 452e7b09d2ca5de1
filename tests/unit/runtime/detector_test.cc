#include "runtime/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using eventtime::Duration;
using eventtime::Result;
using eventtime::Timestamp;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kPaymentEvent =
    "event Payment { card: string, amount: float, merchant: string?, tries: int?, live: bool?, "
    "took: duration?, at: timestamp } time at\n";
const std::string kCardTestingPattern = kPaymentEvent + R"(
pattern card_testing "probes, then a large charge" {
  by card
  match probe: Payment[amount < 2]{2,} then hit: Payment[amount > 500]
  within 10m
  emit probes: count(probe), loss: hit.amount
})";

struct Output {
  std::string alerts;
  std::vector<std::string> late;
};

DetectorOptions options_to(Output& output) {
  DetectorOptions options;
  options.on_alert = [&](const Alert& alert) { alert.append_json(output.alerts); };
  options.on_late = [&](const Engine::Late& late) {
    output.late.push_back(std::to_string(late.input) + ":" + std::to_string(late.row.record) +
                          " behind " + to_string(late.watermark));
  };
  return options;
}

std::unique_ptr<Detector> make(const std::string& patterns, DetectorOptions options = {}) {
  auto detector = Detector::create({{"test.tocsin", patterns}}, std::move(options));
  EXPECT_TRUE(detector) << detector.error().message;
  return *std::move(detector);
}

// The fields of Payment.
struct Payment {
  explicit Payment(const Detector& detector)
      : type(*detector.event_type("Payment")),
        card(*detector.field(type, "card")),
        amount(*detector.field(type, "amount")),
        merchant(*detector.field(type, "merchant")),
        tries(*detector.field(type, "tries")),
        live(*detector.field(type, "live")),
        took(*detector.field(type, "took")),
        at(*detector.field(type, "at")) {}

  EventType type;
  EventField card, amount, merchant, tries, live, took, at;
};

Result<void> pay(Detector& detector, const char* card, double amount, int64_t second,
                 uint32_t input = 0) {
  const Payment payment(detector);
  return detector.event(payment.type, input)
      .set(payment.card, card)
      .set(payment.amount, amount)
      .set(payment.at, Timestamp{second * eventtime::kMicrosPerSecond})
      .push();
}

std::string message(const Result<void>& result) {
  return result ? "" : result.error().message;
}

size_t lines(const std::string& text) {
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

TEST(Detector, FindsWhatIsFoundInRecords) {
  const tests::Lines records = {
      R"({"card":"a card with a long name","amount":1.0,"merchant":null,"tries":null,)"
      R"("live":null,"took":null,"at":"1970-01-01T00:00:01.000Z"})",
      R"({"card":"a card with a long name","amount":1.5,"merchant":"\"m\" ü","tries":3,)"
      R"("live":true,"took":"1m","at":"1970-01-01T00:00:02.000Z"})",
      R"({"card":"c7","amount":1.0,"merchant":null,"tries":null,)"
      R"("live":null,"took":null,"at":"1970-01-01T00:00:03.000Z"})",
      R"({"card":"a card with a long name","amount":900.0,"merchant":"m","tries":-4,)"
      R"("live":false,"took":null,"at":"1970-01-01T00:00:04.000Z"})",
  };
  const std::string expected =
      tests::run_json(tests::load_patterns(kCardTestingPattern), {records}).alerts;
  ASSERT_EQ(lines(expected), 1U);
  for (const size_t batch_rows : {1, 2, 3, 1000}) {
    Output output;
    DetectorOptions options = options_to(output);
    options.batch_rows = batch_rows;
    options.engine.events = EventDetail::kFull;
    const auto detector = make(kCardTestingPattern, options);
    const Payment payment(*detector);
    std::string card = "a card with a long name";  // texts are copied
    EXPECT_TRUE(pay(*detector, card.c_str(), 1, 1));
    EXPECT_TRUE(detector->event(payment.type)
                    .set(payment.merchant, "\"m\" ü")
                    .set(payment.amount, 1.5F)
                    .set(payment.at, Timestamp{2 * eventtime::kMicrosPerSecond})
                    .set(payment.live, true)
                    .set(payment.tries, 3U)
                    .set(payment.took, Duration{60 * eventtime::kMicrosPerSecond})
                    .set(payment.card, card)
                    .push());
    EXPECT_TRUE(pay(*detector, "c7", 1, 3));
    EXPECT_TRUE(detector->event(payment.type)
                    .set(payment.card, card)
                    .set(payment.amount, 900)
                    .set(payment.merchant, std::string("m"))
                    .set(payment.tries, -4)
                    .set(payment.live, false)
                    .set_null(payment.took)
                    .set(payment.at, Timestamp{4 * eventtime::kMicrosPerSecond})
                    .push());
    card.assign(card.size(), '-');
    EXPECT_TRUE(detector->finish());
    EXPECT_EQ(output.alerts, expected) << batch_rows;
    EXPECT_EQ(detector->stats().events, 4U);
  }
}

TEST(Detector, ShowsEventsOfPatternsToo) {
  Output output;
  DetectorOptions options = options_to(output);
  options.engine.events = EventDetail::kFull;
  const auto detector = make(kPaymentEvent +
                                 "event Pair { card: string, n: int?, at: timestamp } time at\n"
                                 "pattern pair { by card match p: Payment{2} "
                                 "emit Pair { card } }\n"
                                 "pattern last { match x: Pair }",
                             options);
  EXPECT_TRUE(pay(*detector, "c1", 1, 1));
  EXPECT_TRUE(pay(*detector, "c1", 1, 2));
  EXPECT_TRUE(detector->finish());
  EXPECT_THAT(output.alerts, HasSubstr(R"("events":{"x":[{"card":"c1","n":null,"at":)"));
}

TEST(Detector, ShowsNoEventsUnlessItIsAsked) {
  Output output;
  const auto detector = make(kPaymentEvent + "pattern p { match x: Payment }", options_to(output));
  EXPECT_TRUE(pay(*detector, "c1", 1, 1));
  EXPECT_TRUE(detector->finish());
  EXPECT_EQ(lines(output.alerts), 1U);
  EXPECT_EQ(output.alerts.find("events"), std::string::npos);
}

TEST(Detector, RefusesWhatADecoderRefuses) {
  const auto detector = make(kCardTestingPattern);
  const Payment f(*detector);
  const auto with = [&](const auto& set) {
    EventBuilder& event = detector->event(f.type);
    event.set(f.card, "c").set(f.amount, 1.0).set(f.at, Timestamp{});
    set(event);
    return message(event.push());
  };
  EXPECT_EQ(with([](EventBuilder&) {}), "");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.amount, "1"); }),
            "field 'amount': expected float, found string");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.tries, 1.0); }),
            "field 'tries': expected int, found float");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.tries, true); }),
            "field 'tries': expected int, found bool");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.live, 1); }),
            "field 'live': expected bool, found int");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.at, 1); }),
            "field 'at': expected timestamp, found int");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.took, Timestamp{}); }),
            "field 'took': expected duration, found timestamp");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.card, Duration{}); }),
            "field 'card': expected string, found duration");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set_null(f.card); }),
            "field 'card': expected string, found null");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set_null(f.merchant); }), "");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set_null(f.at); }),
            "field 'at': expected timestamp, found null");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.amount, std::nan("")); }),
            "field 'amount': the float is not finite");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.tries, UINT64_MAX); }),
            "field 'tries': the int is too large");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.card, UINT64_MAX); }),
            "field 'card': expected string, found int");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.card, "eight bytes and \xC3"); }),
            "field 'card': the string is not UTF-8");
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.at, eventtime::kMaxTimestamp); }),
            "field 'at': the timestamp is outside the years 0 to 9999");
  // The first mistake is told, and the next event is a new one.
  EXPECT_EQ(with([&](EventBuilder& e) { e.set(f.tries, "x").set(f.amount, "y"); }),
            "field 'tries': expected int, found string");
  EXPECT_EQ(with([](EventBuilder&) {}), "");
  ASSERT_TRUE(detector->flush());
  EXPECT_EQ(detector->stats().events, 3U);
}

TEST(Detector, NeedsTheFieldsThatMayNotBeNull) {
  const auto detector = make(kCardTestingPattern);
  const Payment f(*detector);
  EXPECT_EQ(message(detector->event(f.type).set(f.card, "c").set(f.at, Timestamp{}).push()),
            "field 'amount' is missing");
  EXPECT_EQ(message(detector->event(f.type).set(f.card, "c").set(f.amount, 1).push()),
            "field 'at' is missing");
  EXPECT_EQ(message(detector->event(f.type).push()), "field 'card' is missing");
}

TEST(Detector, KnowsItsNames) {
  const auto detector = make(kCardTestingPattern + "event Login { at: timestamp } time at");
  EXPECT_EQ(detector->event_type("Paymnet").error().message,
            "there is no event type 'Paymnet', did you mean 'Payment'?");
  EXPECT_EQ(detector->event_type("?").error().message, "there is no event type '?'");
  const Payment f(*detector);
  EXPECT_EQ(detector->field(f.type, "amont").error().message,
            "'Payment' has no field 'amont', did you mean 'amount'?");
  EXPECT_FALSE(detector->field(EventType{77}, "at"));
  EXPECT_EQ(message(detector->event(EventType{77}).push()), "there is no such event type");
  const EventType login = *detector->event_type("Login");
  EXPECT_EQ(message(detector->event(login).set(f.at, Timestamp{}).push()),
            "a field of another event type is set in 'Login'");
  EXPECT_EQ(message(detector->event(login).set_null(f.merchant).push()),
            "a field of another event type is set in 'Login'");
}

TEST(Detector, HasOneEventAtATime) {
  const auto detector = make(kCardTestingPattern);
  const Payment f(*detector);
  EventBuilder& event = detector->event(f.type).set(f.card, "forgotten").set(f.amount, 1);
  EXPECT_TRUE(pay(*detector, "c1", 1, 1));
  EXPECT_EQ(message(event.push()), "no event has been begun");
  EXPECT_EQ(message(event.set(f.amount, 1).push()), "no event has been begun");
  detector->event(f.type).set(f.card, "c1");
  EXPECT_TRUE(detector->flush());
  EXPECT_EQ(message(event.set(f.amount, 1).push()), "no event has been begun");
  EXPECT_EQ(detector->stats().events, 1U);
}

TEST(Detector, MergesInputsByTimeAndTellsWhatIsLate) {
  Output output;
  DetectorOptions options = options_to(output);
  options.out_of_order = {Duration{2 * eventtime::kMicrosPerSecond}, Duration{}};
  const auto detector = make(
      kPaymentEvent + "pattern p { match a: Payment next b: Payment emit a: a.card, b: b.card }",
      options);
  EXPECT_TRUE(pay(*detector, "b", 1, 9, 1));
  EXPECT_TRUE(pay(*detector, "c", 1, 11, 0));
  EXPECT_TRUE(pay(*detector, "a", 1, 9, 0));  // within the bound, and before input 1
  EXPECT_TRUE(pay(*detector, "late", 1, 8, 0));
  EXPECT_TRUE(pay(*detector, "late, too", 1, 8, 1));
  EXPECT_TRUE(detector->finish(1));
  EXPECT_EQ(message(pay(*detector, "x", 1, 10, 1)), "input 1 has ended");
  EXPECT_EQ(message(detector->finish(1)), "input 1 has ended");
  EXPECT_TRUE(pay(*detector, "d", 1, 12, 0));
  EXPECT_TRUE(detector->finish());
  EXPECT_TRUE(detector->finish()) << "nothing is left to end";
  EXPECT_THAT(output.alerts, HasSubstr(R"("values":{"a":"a","b":"b"})"));
  EXPECT_THAT(output.alerts, HasSubstr(R"("values":{"a":"c","b":"d"})"));
  EXPECT_EQ(lines(output.alerts), 2U);
  EXPECT_THAT(output.late, ElementsAre("0:2 behind 1970-01-01T00:00:09.000Z",
                                       "1:1 behind 1970-01-01T00:00:09.000Z"));
  EXPECT_EQ(detector->stats().late, 2U);
}

TEST(Detector, TimeAloneDecidesAbsence) {
  Output output;
  const auto detector =
      make(kPaymentEvent + "pattern silent { match a: Payment then not b: Payment for 1m }",
           options_to(output));
  EXPECT_TRUE(pay(*detector, "c1", 1, 0));
  EXPECT_TRUE(detector->advance(0, Timestamp{60 * eventtime::kMicrosPerSecond}));
  EXPECT_EQ(output.alerts, "");
  EXPECT_TRUE(detector->advance(0, Timestamp{61 * eventtime::kMicrosPerSecond}));
  EXPECT_EQ(lines(output.alerts), 1U);
  EXPECT_EQ(message(detector->advance(1, Timestamp{})), "there is no input 1, the last one is 0");
  EXPECT_EQ(message(detector->advance(0, eventtime::kMaxTimestamp)),
            "the time is outside the years 0 to 9999");
}

TEST(Detector, GivesAlertsOutWhenABatchIsFull) {
  Output output;
  DetectorOptions options = options_to(output);
  options.batch_rows = 3;
  const auto detector = make(kPaymentEvent + "pattern p { match x: Payment }", options);
  EXPECT_TRUE(pay(*detector, "c", 1, 1));
  EXPECT_TRUE(pay(*detector, "c", 1, 2));
  EXPECT_EQ(output.alerts, "");
  EXPECT_TRUE(pay(*detector, "c", 1, 3));
  EXPECT_EQ(lines(output.alerts), 2U) << "a second event of the latest time may still come";
  EXPECT_TRUE(pay(*detector, "c", 1, 4));
  EXPECT_TRUE(detector->flush());
  EXPECT_EQ(lines(output.alerts), 3U);
}

// As a program does that has columns: `count` payments from second 10 on.
std::shared_ptr<eventtime::Batch> batch_of(Detector& detector, uint32_t count) {
  auto batch = detector.take_batch();
  const Payment f(detector);
  eventtime::EventTable& table = batch->tables[f.type.id];
  table.resize(count);
  for (uint32_t row = 0; row < count; ++row) {
    for (eventtime::Column& column : table.columns) column.set_null(row);
    const Timestamp time{(10 + row) * eventtime::kMicrosPerSecond};
    table.columns[f.card.index].set_text(row, eventtime::Text("c1"));
    table.columns[f.amount.index].set_number(row, row == 0 ? 1.0 : 900.0);
    table.columns[f.at.index].set_integer(row, time.micros);
    batch->rows.push_back({time, 100 + row, row, f.type.id, {}});
  }
  table.rows = count;
  return batch;
}

TEST(Detector, TakesWholeBatchesBehindSingleEvents) {
  Output output;
  const auto detector = make(kCardTestingPattern, options_to(output));
  EXPECT_TRUE(pay(*detector, "c1", 1, 1));
  EXPECT_TRUE(detector->push(batch_of(*detector, 2)));
  EXPECT_TRUE(pay(*detector, "c1", 1, 9));  // late: record 102
  EXPECT_TRUE(detector->push(detector->take_batch())) << "an empty one says nothing";
  EXPECT_TRUE(detector->finish());
  EXPECT_THAT(output.alerts, HasSubstr(R"("values":{"probes":2,"loss":900.0})"));
  EXPECT_THAT(output.late, ElementsAre("0:102 behind 1970-01-01T00:00:11.000Z"));
}

TEST(Detector, RefusesBatchesThatAreNotWhole) {
  const auto detector = make(kCardTestingPattern);
  EXPECT_EQ(message(detector->push(nullptr)), "there is no batch");
  const auto changed = [&](const auto& change) {
    auto batch = batch_of(*detector, 2);
    change(*batch);
    return message(detector->push(std::move(batch)));
  };
  EXPECT_EQ(changed([](eventtime::Batch& b) { b.input = 1; }),
            "there is no input 1, the last one is 0");
  EXPECT_EQ(changed([](eventtime::Batch& b) { b.rows[1].type = 9; }),
            "row 1 of the batch has no values");
  EXPECT_EQ(changed([](eventtime::Batch& b) { b.tables[0].rows = 1; }),
            "row 1 of the batch has no values");
  const auto other = make("event Payment { amount: string, at: timestamp } time at");
  EXPECT_EQ(message(other->push(batch_of(*detector, 2))), "the batch is for other event types");
  DetectorOptions options;
  options.engine.events = EventDetail::kFull;
  const auto full = make(kCardTestingPattern, options);
  EXPECT_EQ(message(full->push(batch_of(*full, 2))),
            "row 0 of the batch has no bytes for alerts to show");
}

TEST(Detector, CallbacksMayNotPush) {
  Detector* detector = nullptr;
  std::vector<std::string> messages;
  DetectorOptions options;
  options.on_alert = [&](const Alert&) {
    messages.push_back(message(pay(*detector, "c", 1, 1)));
    messages.push_back(message(detector->push(detector->take_batch())));
    messages.push_back(message(detector->flush()));
    messages.push_back(message(detector->advance(0, {})));
    messages.push_back(message(detector->finish(0)));
    messages.push_back(message(detector->finish()));
  };
  const auto owner = make(kPaymentEvent + "pattern p { match x: Payment }", options);
  detector = owner.get();
  EXPECT_TRUE(pay(*detector, "c", 1, 1));
  EXPECT_TRUE(detector->finish());
  EXPECT_EQ(messages, std::vector<std::string>(6,
                                               "a callback pushes into the detector that "
                                               "called it"));
}

TEST(Detector, TellsWhatIsWrongWithItsPatterns) {
  const auto broken =
      Detector::create({{"types.tocsin", kPaymentEvent},
                        {"p.tocsin", "pattern p { match x: Payment[amont > 1] }\n"}},
                       {});
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message,
              HasSubstr("p.tocsin:1:30: error[unknown-field]: 'Payment' has no field 'amont'\n"));
  EXPECT_EQ(make(kCardTestingPattern)->warnings(), "");
}

TEST(Detector, TellsWhatIsWrongWithItsOptions) {
  const auto error = [](const auto& change) {
    DetectorOptions options;
    change(options);
    const auto detector =
        Detector::create({{"test.tocsin", kCardTestingPattern}}, std::move(options));
    return detector ? "" : detector.error().message;
  };
  EXPECT_EQ(error([](DetectorOptions& o) { o.out_of_order.clear(); }), "a detector needs an input");
  EXPECT_EQ(error([](DetectorOptions& o) { o.out_of_order = {Duration{-1}}; }),
            "the bound of an input is negative");
  EXPECT_EQ(error([](DetectorOptions& o) { o.batch_rows = 0; }), "a batch needs rows");
}

TEST(Detector, ReadsListsAsItIsTold) {
  const std::string text = kPaymentEvent +
                           "list blocked: string from \"blocked.txt\"\n"
                           "pattern p { match x: Payment[card in blocked] }";
  EXPECT_THAT(Detector::create({{"test.tocsin", text}}, {}).error().message,
              HasSubstr("there are no files here"));
  Output output;
  DetectorOptions options = options_to(output);
  options.read_list = [](const std::string&, size_t) { return std::string("c2\n"); };
  const auto detector = make(text, options);
  EXPECT_TRUE(pay(*detector, "c1", 1, 1));
  EXPECT_TRUE(pay(*detector, "c2", 1, 2));
  EXPECT_TRUE(detector->finish());
  EXPECT_EQ(lines(output.alerts), 1U);
}

TEST(Detector, GoesOnFromASnapshot) {
  Output undisturbed;
  Output in_two;
  const auto first_part = [](Detector& detector) {
    EXPECT_EQ(message(pay(detector, "a card with a long name", 1, 10)), "");
    EXPECT_EQ(message(pay(detector, "a card with a long name", 1.5, 11)), "");
    EXPECT_EQ(message(pay(detector, "c2", 1, 12)), "");
  };
  const auto second_part = [](Detector& detector) {
    EXPECT_EQ(message(pay(detector, "c2", 600, 13)), "");
    EXPECT_EQ(message(pay(detector, "a card with a long name", 700, 14)), "");
    EXPECT_EQ(message(detector.finish()), "");
  };
  const auto whole = make(kCardTestingPattern, options_to(undisturbed));
  first_part(*whole);
  second_part(*whole);
  EXPECT_EQ(lines(undisturbed.alerts), 1U);

  const auto before = make(kCardTestingPattern, options_to(in_two));
  first_part(*before);
  const Result<std::string> snapshot = before->snapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  const auto after = make(kCardTestingPattern, options_to(in_two));
  EXPECT_EQ(message(after->restore(*snapshot)), "");
  EXPECT_EQ(after->stats().events, 3U);
  second_part(*after);
  EXPECT_EQ(in_two.alerts, undisturbed.alerts);
}

TEST(Detector, RefusesWhatIsNoSnapshotOfItsKind) {
  const auto detector = make(kCardTestingPattern);
  EXPECT_EQ(message(pay(*detector, "c", 1, 10)), "");
  const std::string snapshot = *detector->snapshot();
  EXPECT_THAT(message(detector->restore(snapshot)), HasSubstr("only a new detector"));
  EXPECT_THAT(message(make(kCardTestingPattern)->restore("TOCSIN")), HasSubstr("no snapshot"));
  for (size_t i = 0; i < snapshot.size(); ++i) {
    std::string damaged = snapshot;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_NE(message(make(kCardTestingPattern)->restore(damaged)), "") << i;
    EXPECT_NE(message(make(kCardTestingPattern)->restore(snapshot.substr(0, i))), "") << i;
  }
  DetectorOptions two_inputs;
  two_inputs.out_of_order = {{}, {}};
  EXPECT_THAT(message(make(kCardTestingPattern, std::move(two_inputs))->restore(snapshot)),
              HasSubstr("has 1 inputs"));
}

}  // namespace
}  // namespace tocsin::runtime
