#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "connectors/zeromq/zeromq_sink.h"
#include "connectors/zeromq/zeromq_source.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Type;
using testing::ElementsAre;
using testing::StartsWith;

const eventtime::Catalog& zeromq_catalog() {
  static const eventtime::Catalog kCatalog = {
      {event("A", {field("n", Type::kInt), field("at", Type::kTimestamp)}),
       event("B", {field("n", Type::kInt), field("at", Type::kTimestamp)})}};
  return kCatalog;
}

std::string body_of(int number) {
  return "{\"n\":" + std::to_string(number) + ",\"at\":" + std::to_string(number) + "}";
}

bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 30'000; ++i) {
    if (condition()) return true;
    ::usleep(1000);
  }
  return false;
}

// The other side, with a socket as anybody has it.
class Peer {
 public:
  explicit Peer(zmq::socket_type type, const std::function<void(zmq::socket_t&)>& set = {})
      : socket_(context_, type) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 30'000);
    socket_.set(zmq::sockopt::sndtimeo, 30'000);
    if (type == zmq::socket_type::sub) socket_.set(zmq::sockopt::subscribe, "");
    if (set) set(socket_);
  }
  std::string bind(const std::string& endpoint) {
    socket_.bind(endpoint);
    return socket_.get(zmq::sockopt::last_endpoint);
  }
  void connect(const std::string& endpoint) { socket_.connect(endpoint); }
  void send(const std::vector<std::string>& frames) {
    for (size_t i = 0; i < frames.size(); ++i) {
      const bool last = i + 1 == frames.size();
      ASSERT_TRUE(socket_.send(zmq::buffer(frames[i]),
                               last ? zmq::send_flags::none : zmq::send_flags::sndmore));
    }
  }
  // Empty: nothing came in time.
  std::vector<std::string> receive(int wait_ms = 30'000) {
    socket_.set(zmq::sockopt::rcvtimeo, wait_ms);
    std::vector<std::string> frames;
    zmq::message_t frame;
    do {
      if (!socket_.recv(frame)) return {};
      frames.push_back(frame.to_string());
    } while (frame.more());
    return frames;
  }
  zmq::socket_t& socket() { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

struct Keys {
  Keys() { zmq_curve_keypair(open.data(), secret.data()); }
  std::array<char, 41> open{};
  std::array<char, 41> secret{};
};

class ZeroMqTest : public testing::TestWithParam<std::string> {
 protected:
  std::string any_endpoint() {
    if (GetParam() == "tcp") return "tcp://127.0.0.1:*";
    return "ipc://" + directory_.path("socket" + std::to_string(sockets_++));
  }
  static std::unique_ptr<ZeroMqSource> open(const ZeroMqSourceSpec& spec,
                                            const DecodeOptions& decoding = {}) {
    auto source = ZeroMqSource::open(spec, decoding, zeromq_catalog());
    EXPECT_TRUE(source) << source.error().message;
    return *std::move(source);
  }
  static std::unique_ptr<ZeroMqSink> open(const ZeroMqSinkSpec& spec) {
    auto sink = ZeroMqSink::open(spec);
    EXPECT_TRUE(sink) << sink.error().message;
    return *std::move(sink);
  }
  ZeroMqSourceSpec pull_spec() {
    ZeroMqSourceSpec spec;
    spec.name = "bus";
    spec.socket = ZeroMqSourceSpec::Socket::kPull;
    spec.endpoints.bind = {any_endpoint()};
    spec.event_frame = 0;
    return spec;
  }
  ZeroMqSinkSpec sink_spec(ZeroMqSinkSpec::Socket socket) {
    ZeroMqSinkSpec spec;
    spec.name = "alerts";
    spec.socket = socket;
    spec.endpoints.bind = {any_endpoint()};
    return spec;
  }
  // So many records, in batches of at most `max_records`.
  static std::vector<std::string> read(ZeroMqSource& source, size_t count,
                                       size_t max_records = 1000) {
    std::vector<std::string> lines;
    const uint64_t first = source.position().records;
    EXPECT_TRUE(wait_for([&] {
      eventtime::Batch batch(zeromq_catalog());
      const auto more = source.read(batch, max_records);
      EXPECT_TRUE(more && *more);
      EXPECT_LE(batch.rows.size() + batch.rejects.size(), max_records);
      append_records(lines, batch, zeromq_catalog(), first);
      return lines.size() >= count;
    })) << lines.size();
    return lines;
  }
  static void write(ZeroMqSink& sink, int number) {
    const std::string id = std::to_string(number);
    const std::string json = body_of(number);
    ASSERT_TRUE(sink.write({"spikes", id, "{\"k\":1}", {number}, json}));
  }

  tests::TemporaryDirectory directory_;
  int sockets_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Over, ZeroMqTest, testing::Values("tcp", "ipc"),
                         [](const auto& of) { return of.param; });

TEST_P(ZeroMqTest, AFrameNamesTheType) {
  const auto source = open(pull_spec());
  EXPECT_EQ(source->name(), "bus");
  Peer peer(zmq::socket_type::push);
  peer.connect(source->bound().front());
  peer.send({"A", body_of(1)});
  peer.send({"B", body_of(2)});
  peer.send({"B", "key", "more", " \r\n" + body_of(3) + "\n"});
  peer.send({"C", body_of(4)});
  peer.send({body_of(5)});
  peer.send({"A", "no json"});
  peer.send({"A", ""});
  peer.send({"A", "{\"n\":\"open"});
  peer.send({"A", body_of(6)});
  EXPECT_THAT(
      read(*source, 9),
      ElementsAre("0 A{n: 1, at: \"1970-01-01T00:00:00.001Z\"} <- {\"n\":1,\"at\":1}",
                  "1 B{n: 2, at: \"1970-01-01T00:00:00.002Z\"} <- {\"n\":2,\"at\":2}",
                  "2 B{n: 3, at: \"1970-01-01T00:00:00.003Z\"} <- {\"n\":3,\"at\":3}",
                  "3 refused: unknown event type 'C' <- {\"n\":4,\"at\":4}",
                  "4 refused: no frame 0 that names the event's type before the body, of 1 <- "
                  "{\"n\":5,\"at\":5}",
                  "5 refused: no JSON object <- no json", "6 refused: no JSON object <- ",
                  "7 refused: not valid JSON: a string that does not end <- {\"n\":\"open",
                  "8 A{n: 6, at: \"1970-01-01T00:00:00.006Z\"} <- {\"n\":6,\"at\":6}"));
  EXPECT_EQ(source->position().records, 9U);
}

// Whatever the batches are, and however the types take turns.
TEST_P(ZeroMqTest, TheOrderOfMessagesStays) {
  for (const size_t batch : {1, 7, 1000}) {
    const auto source = open(pull_spec());
    Peer peer(zmq::socket_type::push);
    peer.connect(source->bound().front());
    for (int i = 0; i < 100; ++i) peer.send({i % 3 == 0 ? "A" : "B", body_of(i)});
    const std::vector<std::string> lines = read(*source, 100, batch);
    ASSERT_EQ(lines.size(), 100U);
    for (int i = 0; i < 100; ++i) {
      EXPECT_THAT(lines[i], StartsWith(std::to_string(i) + (i % 3 == 0 ? " A{n: " : " B{n: ") +
                                       std::to_string(i) + ","));
    }
  }
}

TEST_P(ZeroMqTest, WithoutAFrameTheBodyNamesTheType) {
  ZeroMqSourceSpec spec = pull_spec();
  spec.event_frame.reset();
  const auto source = open(spec, {.type = std::nullopt, .type_field = "kind"});
  Peer peer(zmq::socket_type::push);
  peer.connect(source->bound().front());
  peer.send({"topic", "{\"kind\":\"B\",\"n\":1,\"at\":1}"});
  peer.send({"{\"kind\":\"A\",\"n\":2,\"at\":2}"});
  const std::vector<std::string> lines = read(*source, 2);
  EXPECT_THAT(lines, ElementsAre(StartsWith("0 B{n: 1"), StartsWith("1 A{n: 2")));
}

TEST_P(ZeroMqTest, NothingToReadIsNoEnd) {
  const auto source = open(pull_spec());
  eventtime::Batch batch(zeromq_catalog());
  const auto begin = std::chrono::steady_clock::now();
  const auto more = source->read(batch, 10);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_TRUE(more && *more);
  EXPECT_TRUE(batch.rows.empty() && batch.rejects.empty());
  EXPECT_EQ(source->bytes_total(), std::nullopt);
}

// Alerts are lines: a body of several lines is shown on one.
TEST_P(ZeroMqTest, ABodyIsShownOnOneLine) {
  const auto source = open(pull_spec());
  std::string shown = "> ";
  source->format().append_json(shown, "{\n  \"n\": 1,\r\n  \"at\": 1\n}", 0);
  EXPECT_EQ(shown, "> {   \"n\": 1,    \"at\": 1 }");
}

TEST_P(ZeroMqTest, ASubscriberGetsWhatItSubscribedTo) {
  Peer publisher(zmq::socket_type::xpub);
  ZeroMqSourceSpec spec;
  spec.name = "bus";
  spec.endpoints.connect = {publisher.bind(any_endpoint())};
  spec.subscribe = {"A"};
  spec.event_frame = 0;
  const auto source = open(spec);
  EXPECT_THAT(publisher.receive(), ElementsAre("\1A"));
  publisher.send({"B", body_of(1)});
  publisher.send({"A", body_of(2)});
  EXPECT_THAT(read(*source, 1), ElementsAre(StartsWith("0 A{n: 2")));
}

TEST_P(ZeroMqTest, APeerThatComesBackIsHeardAgain) {
  auto peer = std::make_unique<Peer>(zmq::socket_type::push);
  ZeroMqSourceSpec spec = pull_spec();
  spec.endpoints.bind.clear();
  const std::string endpoint = peer->bind(any_endpoint());
  spec.endpoints.connect = {endpoint};
  const auto source = open(spec);
  peer->send({"A", body_of(1)});
  EXPECT_THAT(read(*source, 1), ElementsAre(StartsWith("0 A{n: 1")));
  peer.reset();
  peer = std::make_unique<Peer>(zmq::socket_type::push);
  ASSERT_TRUE(wait_for([&] {
    try {
      peer->bind(endpoint);
      return true;
    } catch (const zmq::error_t&) {
      return false;  // the old one is still there
    }
  }));
  peer->send({"A", body_of(2)});
  EXPECT_THAT(read(*source, 1), ElementsAre(StartsWith("1 A{n: 2")));
}

TEST_P(ZeroMqTest, CountsOnFromItsPlace) {
  const auto source = open(pull_spec());
  runtime::SourcePosition position;
  position.records = 1000;
  position.bytes = 5000;
  ASSERT_TRUE(source->resume(position));
  EXPECT_EQ(source->position(), position);
  Peer peer(zmq::socket_type::push);
  peer.connect(source->bound().front());
  peer.send({"A", body_of(1)});
  EXPECT_THAT(read(*source, 1), ElementsAre(StartsWith("1000 A{n: 1")));
  EXPECT_EQ(source->position().records, 1001U);
  EXPECT_EQ(source->bytes_read(), 5000U + body_of(1).size());
}

// Nobody reads: the sender is held up, and nothing is lost.
TEST_P(ZeroMqTest, APushingPeerWaitsWhenNobodyReads) {
  ZeroMqSourceSpec spec = pull_spec();
  spec.endpoints.high_water_mark = 10;
  const auto source = open(spec);
  const auto little = [](zmq::socket_t& socket) {
    socket.set(zmq::sockopt::sndhwm, 10);
    socket.set(zmq::sockopt::sndtimeo, 300);
  };
  Peer peer(zmq::socket_type::push, little);
  peer.connect(source->bound().front());
  const std::string body = "{\"n\":1,\"at\":1,\"fill\":\"" + std::string(100'000, 'x') + "\"}";
  size_t sent = 0;
  while (peer.socket().send(zmq::buffer(std::string("A")), zmq::send_flags::sndmore)) {
    peer.socket().send(zmq::buffer(body), zmq::send_flags::none);
    ++sent;
    ASSERT_LT(sent, 2000U);
  }
  EXPECT_GT(sent, 10U);
  EXPECT_EQ(read(*source, sent).size(), sent);
}

TEST_P(ZeroMqTest, AMessageBeyondTheLimitEndsItsConnection) {
  const auto source = open(pull_spec());
  Peer peer(zmq::socket_type::push);
  peer.connect(source->bound().front());
  peer.send({"A", std::string(ZeroMqSocket::kMaxMessageBytes + 1, 'x')});
  Peer other(zmq::socket_type::push);
  other.connect(source->bound().front());
  other.send({"A", body_of(1)});
  EXPECT_THAT(read(*source, 1), ElementsAre(StartsWith("0 A{n: 1")));
}

// ---- CURVE ----

class ZeroMqCurveTest : public ZeroMqTest {
 protected:
  // Whether a message of a peer with these keys arrives, as it should or not.
  bool arrives(bool should, const Keys& server, const std::function<void(zmq::socket_t&)>& keys) {
    ZeroMqSourceSpec spec = pull_spec();
    spec.endpoints.curve = {
        .server_key = {}, .public_key = {}, .secret_key = server.secret.data(), .is_server = true};
    const auto source = open(spec);
    Peer peer(zmq::socket_type::push, keys);
    peer.connect(source->bound().front());
    peer.send({"A", body_of(1)});
    // One that is right comes behind it, over a connection of its own.
    const Keys good;
    Peer right(zmq::socket_type::push, [&](zmq::socket_t& socket) { use(socket, good, server); });
    right.connect(source->bound().front());
    right.send({"A", body_of(2)});
    for (const std::string& line : read(*source, 1)) {
      if (line.find("A{n: 1,") != std::string::npos) return true;
    }
    for (int i = 0; i < (should ? 30'000 : 100); ++i) {
      eventtime::Batch batch(zeromq_catalog());
      EXPECT_TRUE(source->read(batch, 10));
      if (!batch.rows.empty()) return true;
      ::usleep(1000);
    }
    return false;
  }
  static void use(zmq::socket_t& socket, const Keys& own, const Keys& server) {
    socket.set(zmq::sockopt::curve_publickey, own.open.data());
    socket.set(zmq::sockopt::curve_secretkey, own.secret.data());
    socket.set(zmq::sockopt::curve_serverkey, server.open.data());
  }
};

INSTANTIATE_TEST_SUITE_P(Over, ZeroMqCurveTest, testing::Values("tcp", "ipc"),
                         [](const auto& of) { return of.param; });

TEST_P(ZeroMqCurveTest, ASourceTakesWhoKnowsItsKey) {
  const Keys server;
  const Keys client;
  const Keys other;
  EXPECT_TRUE(arrives(true, server, [&](zmq::socket_t& socket) { use(socket, client, server); }));
  EXPECT_FALSE(arrives(false, server, [&](zmq::socket_t& socket) { use(socket, client, other); }));
  EXPECT_FALSE(arrives(false, server, {}));
}

TEST_P(ZeroMqCurveTest, ASinkTalksToTheServerItKnows) {
  const Keys server;
  const Keys client;
  const Keys other;
  for (const Keys* known : {&server, &other}) {
    Peer pull(zmq::socket_type::pull, [&](zmq::socket_t& socket) {
      socket.set(zmq::sockopt::curve_server, true);
      socket.set(zmq::sockopt::curve_secretkey, server.secret.data());
    });
    ZeroMqSinkSpec spec = sink_spec(ZeroMqSinkSpec::Socket::kPush);
    spec.endpoints.bind.clear();
    spec.endpoints.connect = {pull.bind(any_endpoint())};
    spec.endpoints.curve = {.server_key = known->open.data(),
                            .public_key = client.open.data(),
                            .secret_key = client.secret.data()};
    const bool right = known == &server;
    spec.wait_for_room = {right ? 30'000'000 : 300'000};
    const auto sink = open(spec);
    write(*sink, 1);
    EXPECT_EQ(sink->dropped(), right ? 0U : 1U);
    EXPECT_EQ(pull.receive(right ? 30'000 : 50).empty(), !right);
  }
}

// ---- the sink ----

// Alerts of number -1 until the subscriber has one.
void join(ZeroMqSink& sink, Peer& subscriber) {
  ASSERT_TRUE(wait_for([&] {
    const std::string json = body_of(-1);
    EXPECT_TRUE(sink.write({"join", "id", "{}", {0}, json}));
    return !subscriber.receive(1).empty();
  }));
}

std::vector<std::string> next_alert(Peer& subscriber, int wait_ms = 30'000) {
  std::vector<std::string> frames = subscriber.receive(wait_ms);
  while (!frames.empty() && frames.front() == "join") frames = subscriber.receive(wait_ms);
  return frames;
}

TEST_P(ZeroMqTest, SubscribersGetThreeFrames) {
  const auto sink = open(sink_spec(ZeroMqSinkSpec::Socket::kPub));
  EXPECT_EQ(sink->name(), "alerts");
  Peer subscriber(zmq::socket_type::sub);
  subscriber.connect(sink->bound().front());
  join(*sink, subscriber);
  write(*sink, 7);
  ASSERT_TRUE(sink->flush());
  ASSERT_TRUE(sink->sync());
  EXPECT_THAT(next_alert(subscriber), ElementsAre("spikes", "{\"k\":1}", body_of(7)));
  EXPECT_EQ(sink->dropped(), 0U);
  ASSERT_TRUE(sink->close());
}

TEST_P(ZeroMqTest, ASlowSubscriberMissesAlertsAndTheOthersGetThem) {
  ZeroMqSinkSpec spec = sink_spec(ZeroMqSinkSpec::Socket::kPub);
  spec.endpoints.high_water_mark = 500;
  const auto sink = open(spec);
  const auto little = [](zmq::socket_t& socket) { socket.set(zmq::sockopt::rcvhwm, 5); };
  Peer slow(zmq::socket_type::sub, little);
  slow.connect(sink->bound().front());
  join(*sink, slow);
  Peer fast(zmq::socket_type::sub);
  fast.connect(sink->bound().front());
  join(*sink, fast);
  EXPECT_EQ(sink->overruns(), 0U);
  constexpr int kAlerts = 3000;
  const std::string json = "{\"fill\":\"" + std::string(10'000, 'x') + "\"}";
  for (int i = 0; i < kAlerts; ++i) {
    const std::string id = std::to_string(i);
    ASSERT_TRUE(sink->write({"spikes", id, id, {i}, json}));
    const std::vector<std::string> got = next_alert(fast);
    ASSERT_EQ(got.size(), 3U) << i;
    ASSERT_EQ(got[1], id);
  }
  EXPECT_EQ(sink->overruns(), 1U);
  EXPECT_EQ(sink->dropped(), 0U);
  EXPECT_EQ(sink->metrics()[1].value, 1);
  int count = 0;
  while (!next_alert(slow, 500).empty()) ++count;
  EXPECT_GE(count, 400);  // what waited here, and on the way
  EXPECT_LT(count, kAlerts);
  join(*sink, slow);  // with room it gets what comes then
}

TEST_P(ZeroMqTest, ASubscriberThatComesBackGetsWhatComesThen) {
  const auto sink = open(sink_spec(ZeroMqSinkSpec::Socket::kPub));
  for (int round = 0; round < 3; ++round) {
    Peer subscriber(zmq::socket_type::sub);
    subscriber.connect(sink->bound().front());
    join(*sink, subscriber);
    write(*sink, round);
    EXPECT_THAT(next_alert(subscriber), ElementsAre("spikes", "{\"k\":1}", body_of(round)));
  }
}

TEST_P(ZeroMqTest, WithoutAPeerAPushWaitsOnce) {
  ZeroMqSinkSpec spec = sink_spec(ZeroMqSinkSpec::Socket::kPush);
  spec.wait_for_room = {200'000};
  const auto sink = open(spec);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) write(*sink, i);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(190));
  EXPECT_LT(took, std::chrono::milliseconds(190 * 50));
  EXPECT_EQ(sink->dropped(), 100U);
  Peer pull(zmq::socket_type::pull);
  pull.connect(sink->bound().front());
  ASSERT_TRUE(wait_for([&] {
    write(*sink, 100);
    return sink->metrics()[0].value > 0;
  }));
  EXPECT_THAT(pull.receive(), ElementsAre("spikes", "{\"k\":1}", body_of(100)));
}

// A peer that is slower than the alerts come holds them up, and gets them all.
TEST_P(ZeroMqTest, APeerThatIsSlowHoldsAPushUp) {
  ZeroMqSinkSpec spec = sink_spec(ZeroMqSinkSpec::Socket::kPush);
  spec.endpoints.high_water_mark = 5;
  spec.wait_for_room = {30'000'000};
  const auto sink = open(spec);
  constexpr int kAlerts = 300;
  const std::string json = "{\"fill\":\"" + std::string(50'000, 'x') + "\"}";
  std::thread reader([endpoint = sink->bound().front()] {
    Peer pull(zmq::socket_type::pull,
              [](zmq::socket_t& socket) { socket.set(zmq::sockopt::rcvhwm, 5); });
    pull.connect(endpoint);
    for (int i = 0; i < kAlerts; ++i) {
      EXPECT_THAT(pull.receive(), ElementsAre("spikes", std::to_string(i), testing::_));
      if (i % 10 == 0) ::usleep(2000);
    }
  });
  for (int i = 0; i < kAlerts; ++i) {
    const std::string key = std::to_string(i);
    ASSERT_TRUE(sink->write({"spikes", key, key, {i}, json}));
  }
  reader.join();
  EXPECT_EQ(sink->dropped(), 0U);
}

TEST_P(ZeroMqTest, CloseWaitsForWhatIsOnItsWay) {
  const auto sink = open(sink_spec(ZeroMqSinkSpec::Socket::kPush));
  Peer pull(zmq::socket_type::pull);
  pull.connect(sink->bound().front());
  constexpr int kAlerts = 900;  // the peer has room for them
  for (int i = 0; i < kAlerts; ++i) write(*sink, i);
  ASSERT_TRUE(sink->close());
  for (int i = 0; i < kAlerts; ++i) ASSERT_FALSE(pull.receive().empty()) << i;
}

TEST_P(ZeroMqTest, ASinkCountsOnFromItsPlace) {
  const auto sink = open(sink_spec(ZeroMqSinkSpec::Socket::kPub));
  ASSERT_TRUE(sink->resume(""));
  EXPECT_EQ(sink->position(), "0");
  ASSERT_TRUE(sink->resume("41"));
  write(*sink, 1);
  EXPECT_EQ(sink->position(), "42");
  EXPECT_EQ(sink->resume("4x").error().message,
            "zeromq 'alerts': the state has a place in its alerts that is none: '4x'");
}

// ---- settings ----

std::string wrong(const std::function<void(ZeroMqSourceSpec&)>& change) {
  const Keys keys;
  ZeroMqSourceSpec spec;
  spec.name = "bus";
  spec.endpoints.connect = {"tcp://127.0.0.1:5556"};
  spec.endpoints.curve = {.server_key = keys.open.data(),
                          .public_key = keys.open.data(),
                          .secret_key = keys.secret.data()};
  change(spec);
  const auto checked = check_zeromq(spec);
  if (checked) return "";
  EXPECT_EQ(checked.error().blame, eventtime::Blame::kInput);
  EXPECT_THAT(checked.error().message, StartsWith("zeromq 'bus': "));
  return checked.error().message.substr(14);
}

TEST(ZeroMqCheck, RefusesWhatCannotWork) {
  using Spec = ZeroMqSourceSpec;
  const std::string form = " is no key: 40 characters of Z85, as 'zmq_curve_keypair' says";
  EXPECT_EQ(wrong([](Spec&) {}), "");
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.connect.clear(); }),
            "it has no endpoint, use connect or bind");
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.bind = {"inproc://x"}; }),
            "the endpoint 'inproc://x' cannot be used; it begins with tcp:// or ipc://");
  EXPECT_EQ(wrong([](Spec& spec) { spec.subscribe.clear(); }),
            "it subscribes to nothing, subscribe = [\"\"] is everything");
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.high_water_mark = 0; }),
            "high_water_mark is 0, use 1 or more");
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.curve->secret_key = "secret"; }),
            "curve: secret_key" + form);
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.curve->server_key.pop_back(); }),
            "curve: server_key" + form);
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.curve->public_key = std::string(40, '"'); }),
            "curve: public_key" + form);
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.curve->public_key = Keys().open.data(); }),
            "curve: public_key does not belong to secret_key");
  EXPECT_EQ(wrong([](Spec& spec) { spec.endpoints.curve->is_server = true; }),
            "curve: a server has no server_key, leave it out");
  ZeroMqSinkSpec sink;
  sink.name = "alerts";
  EXPECT_FALSE(check_zeromq(sink));
  sink.endpoints.bind = {"ipc://x"};
  EXPECT_TRUE(check_zeromq(sink));
  sink.close_within = {-1};
  EXPECT_EQ(check_zeromq(sink).error().message, "zeromq 'alerts': a time is less than 0s");
}

TEST(ZeroMqCheck, AnEndpointThatCannotBeHadIsTheWorldsFault) {
  ZeroMqSourceSpec spec;
  spec.name = "bus";
  spec.endpoints.bind = {"tcp://192.0.2.1:1"};
  const auto source = ZeroMqSource::open(spec, {}, zeromq_catalog());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().blame, eventtime::Blame::kWorld);
  EXPECT_THAT(source.error().message, StartsWith("zeromq 'bus': cannot bind 'tcp://192.0.2.1:1'"));
}

}  // namespace
}  // namespace tocsin::connectors
