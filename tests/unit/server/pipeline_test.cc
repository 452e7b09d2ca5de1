// What a pipeline file says, and what is told of one that is wrong.
#include "server/pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "patterns/front_end.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    directory_.write("p.tocsin", "");
    directory_.write("in.jsonl", "");
    directory_.write("a.csv", "");
  }

  std::optional<Pipeline> parse(const std::string& text) {
    Mistakes mistakes;
    const auto variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    std::optional<Pipeline> pipeline =
        parse_pipeline(text, {directory_.path(), variable}, mistakes);
    told_ = render(mistakes, "x.toml");
    EXPECT_EQ(pipeline.has_value(), mistakes.empty());
    return pipeline;
  }

  // All mistakes of a pipeline with these lines behind a head that is right, which has 4 lines.
  std::string mistakes(const std::string& text, const std::string& head = kHead) {
    parse(head + text);
    return told_;
  }

  // What `text` says, where it is right.
  Pipeline right(const std::string& text, const std::string& head = kHead) {
    std::optional<Pipeline> pipeline = parse(head + text);
    EXPECT_EQ(told_, "");
    return pipeline ? *std::move(pipeline) : Pipeline();
  }

  static constexpr const char* kHead =
      "name = 'fraud'\n"
      "patterns.files = 'p.tocsin'\n"
      "\n"
      "\n";
  static constexpr const char* kFileSource =
      "[[source]]\nname = 'in'\ntype = 'file'\npaths = ['in.jsonl']\n";
  static constexpr const char* kKafkaSource =
      "[[source]]\nname = 'in'\ntype = 'kafka'\ntopics = 'payments'\n"
      "librdkafka = { 'bootstrap.servers' = 'h:1' }\n";
  static constexpr const char* kStdoutSink = "[[sink]]\nname = 'out'\ntype = 'stdout'\n";
  static constexpr const char* kState = "[state]\ndir = 'state'\n";

  std::string source_mistakes(const std::string& source) {
    return mistakes("[[source]]\n" + source + "\n" + kStdoutSink + kState);
  }
  std::string sink_mistakes(const std::string& sink) {
    return mistakes(std::string(kFileSource) + "[[sink]]\n" + sink + "\n" + kState);
  }

  tests::TemporaryDirectory directory_;
  std::map<std::string, std::string> environment_;
  std::string told_;
};

TEST_F(PipelineTest, TheSmallestOne) {
  const Pipeline pipeline = right(std::string(kFileSource) + kStdoutSink);
  EXPECT_EQ(pipeline.name, "fraud");
  EXPECT_THAT(pipeline.patterns, ElementsAre(directory_.path("p.tocsin")));
  ASSERT_EQ(pipeline.sources.size(), 1U);
  const auto& files = std::get<FileSourceSpec>(pipeline.sources[0].spec);
  EXPECT_THAT(files.paths, ElementsAre(directory_.path("in.jsonl")));
  EXPECT_FALSE(files.follow);
  ASSERT_EQ(pipeline.sinks.size(), 1U);
  EXPECT_EQ(std::get<connectors::FileSinkSpec>(pipeline.sinks[0].spec).path, "-");
  EXPECT_THAT(pipeline.sinks[0].patterns, ElementsAre("*"));
  EXPECT_FALSE(pipeline.state);
  EXPECT_FALSE(pipeline.metrics);
}

TEST_F(PipelineTest, EverythingElseOfFiles) {
  directory_.write("b.csv", "");
  const Pipeline pipeline = right(R"(
[[source]]
name = "table"
type = "file"
paths = ["*.csv", "in.jsonl"]
follow = true
event = "Payment"
format = "csv"
out_of_order = "1m30s"
idle_after = "never"

[[source]]
name = "in"
type = "stdin"
event_field = "kind"

[[sink]]
name = "alerts"
type = "file"
path = "out/alerts.jsonl"
format = "cloudevents"
patterns = ["card_*", "velocity"]
delivery = "exactly_once"

[[sink]]
name = "hours"
type = "file"
directory = "hours"
rotate_every = "1h"
rotate_bytes = "64MB"

[outputs]
late = "late.jsonl"
dead_letter = "alerts"

[state]
dir = "state"
checkpoint_every = "2s"
keep = 5
memory = "2GB"
on_change = "migrate"

[engine]
threads = 2
key_groups = 128
max_starts_per_key = 7
events = "none"
plan = "plain"

[metrics]
listen = "[::1]:9464"
)");
  ASSERT_EQ(pipeline.sources.size(), 2U);
  const PipelineSource& table = pipeline.sources[0];
  EXPECT_THAT(
      std::get<FileSourceSpec>(table.spec).paths,
      ElementsAre(directory_.path("a.csv"), directory_.path("b.csv"), directory_.path("in.jsonl")));
  EXPECT_TRUE(std::get<FileSourceSpec>(table.spec).follow);
  EXPECT_EQ(table.event, "Payment");
  EXPECT_EQ(table.format, InputFormat::kCsv);
  EXPECT_EQ(table.out_of_order.micros, 90'000'000);
  EXPECT_FALSE(table.idle_after);
  EXPECT_EQ(pipeline.sources[1].event_field, "kind");
  EXPECT_EQ(pipeline.sources[1].idle_after->micros, 30'000'000);
  EXPECT_THAT(std::get<FileSourceSpec>(pipeline.sources[1].spec).paths, ElementsAre("-"));
  EXPECT_EQ(std::get<connectors::FileSinkSpec>(pipeline.sinks[0].spec).path,
            directory_.path("out/alerts.jsonl"));
  EXPECT_THAT(pipeline.sinks[0].patterns, ElementsAre("card_*", "velocity"));
  EXPECT_EQ(pipeline.sinks[0].format, AlertForm::kCloudEvents);
  const auto& hours = std::get<connectors::FileSinkSpec>(pipeline.sinks[1].spec);
  EXPECT_EQ(hours.directory, directory_.path("hours"));
  EXPECT_EQ(hours.rotate_every->micros, 3'600'000'000);
  EXPECT_EQ(hours.rotate_bytes, 64'000'000U);
  EXPECT_EQ(pipeline.late.path, directory_.path("late.jsonl"));
  EXPECT_EQ(pipeline.dead_letter.sink, 0U);
  EXPECT_EQ(pipeline.state->dir, directory_.path("state"));
  EXPECT_EQ(pipeline.state->checkpoint_every.micros, 2'000'000);
  EXPECT_EQ(pipeline.state->keep, 5U);
  EXPECT_EQ(pipeline.state->on_change, OnChange::kMigrate);
  EXPECT_EQ(pipeline.engine.memory, 2'000'000'000U);
  EXPECT_EQ(pipeline.engine.threads, 2U);
  EXPECT_EQ(pipeline.engine.max_starts_per_key, 7U);
  EXPECT_EQ(pipeline.engine.events, EventsMode::kNone);
  EXPECT_EQ(pipeline.engine.plan, runtime::PlanChoice::kPlain);
  EXPECT_EQ(pipeline.metrics->address, "::1");
  EXPECT_EQ(pipeline.metrics->port, 9464);
}

TEST_F(PipelineTest, Kafka) {
  const Pipeline pipeline = right(R"(
[[source]]
name = "payments"
type = "kafka"
topic_pattern = "payments-.*"
format = "csv"
columns = ["card", "shop", "amount"]
event_by_topic = { payments = "Payment" }
key = ["card", "shop"]
fields = { place = "offset", trace = "header:trace-id", at = "timestamp" }
start = "2026-03-01T00:00:00Z"
out_of_order = "5s"
idle_after = "10s"
librdkafka = { "bootstrap.servers" = "h:1", security.protocol = "SSL", "a.b" = 7, "c.d" = true }

[[sink]]
name = "alerts"
type = "kafka"
topic = "alerts"
commit_every = "20ms"
librdkafka = { "bootstrap.servers" = "h:1" }
)" + std::string(kState));
  const auto& source = std::get<connectors::KafkaSourceSpec>(pipeline.sources[0].spec);
  EXPECT_EQ(source.name, "payments");
  EXPECT_EQ(source.topic_pattern, "payments-.*");
  EXPECT_THAT(source.columns, ElementsAre("card", "shop", "amount"));
  EXPECT_EQ(source.event_by_topic.at("payments"), "Payment");
  EXPECT_THAT(source.key, ElementsAre("card", "shop"));
  using From = connectors::FieldOrigin::From;
  EXPECT_EQ(source.fields, (decltype(source.fields){{"at", {From::kTimestamp, {}}},
                                                    {"place", {From::kOffset, {}}},
                                                    {"trace", {From::kHeader, "trace-id"}}}));
  EXPECT_EQ(source.start.at, connectors::KafkaStart::At::kTime);
  EXPECT_EQ(source.out_of_order.micros, 5'000'000);
  EXPECT_EQ(source.idle_after->micros, 10'000'000);
  EXPECT_EQ(source.librdkafka, (connectors::KafkaSettings{{"bootstrap.servers", "h:1"},
                                                          {"security.protocol", "SSL"},
                                                          {"a.b", "7"},
                                                          {"c.d", "true"}}));
  const auto& sink = std::get<connectors::KafkaSinkSpec>(pipeline.sinks[0].spec);
  EXPECT_EQ(sink.topic, "alerts");
  EXPECT_TRUE(sink.exactly_once);
  EXPECT_EQ(sink.commit_every.micros, 20'000);
}

TEST_F(PipelineTest, ZeroMqAndWebhooks) {
  const std::string key(40, 'k');
  directory_.write("server.pub", key + "\n");
  environment_["HOOK"] = "whsec_abc";
  const Pipeline pipeline = right(R"(
[[source]]
name = "bus"
type = "zeromq"
connect = ["tcp://127.0.0.1:5556"]
socket = "sub"
subscribe = ["a", ""]
event_frame = 0
[source.curve]
server_key = "file:server.pub"
public_key = "file:server.pub"
secret_key = "file:server.pub"

[[sink]]
name = "tap"
type = "zeromq"
socket = "push"
bind = "ipc:///run/x"
high_water_mark = 5
curve = { server = true, secret_key = "file:server.pub" }

[[sink]]
name = "hook"
type = "webhook"
url = "https://h.test/a"
secrets = ["${HOOK}", "$${HOOK}"]
batch = 10
timeout = "3s"
retry_for = "1h"
max_in_flight = 2
max_per_second = 0.5
allow_private_addresses = true
ca_file = "ca.pem"
dead_letter = "hook.jsonl"
)" + std::string(kState));
  const auto& source = std::get<connectors::ZeroMqSourceSpec>(pipeline.sources[0].spec);
  EXPECT_THAT(source.endpoints.connect, ElementsAre("tcp://127.0.0.1:5556"));
  EXPECT_THAT(source.subscribe, ElementsAre("a", ""));
  EXPECT_EQ(source.event_frame, 0U);
  EXPECT_EQ(source.endpoints.curve->server_key, key);
  const auto& tap = std::get<connectors::ZeroMqSinkSpec>(pipeline.sinks[0].spec);
  EXPECT_EQ(tap.socket, connectors::ZeroMqSinkSpec::Socket::kPush);
  EXPECT_EQ(tap.endpoints.high_water_mark, 5);
  EXPECT_TRUE(tap.endpoints.curve->is_server);
  const auto& hook = std::get<connectors::WebhookSpec>(pipeline.sinks[1].spec);
  EXPECT_EQ(hook.url, "https://h.test/a");
  EXPECT_THAT(hook.secrets, ElementsAre("whsec_abc", "${HOOK}"));
  EXPECT_EQ(hook.batch, 10U);
  EXPECT_EQ(hook.timeout.micros, 3'000'000);
  EXPECT_EQ(hook.retry_for.micros, 3'600'000'000);
  EXPECT_EQ(hook.max_in_flight, 2U);
  EXPECT_EQ(hook.max_per_second, 0.5);
  EXPECT_TRUE(hook.allow_private_addresses);
  EXPECT_EQ(hook.ca_file, directory_.path("ca.pem"));
  EXPECT_EQ(hook.dead_letter, directory_.path("hook.jsonl"));
  EXPECT_EQ(hook.queue, directory_.path("state/queue-hook"));
}

TEST_F(PipelineTest, AllMistakesAreToldWithTheirPlaces) {
  EXPECT_EQ(mistakes(R"([[source]]
name = "in"
type = "file"
paths = ["in.jsonl", "*.gz"]
out_of_ordr = "5s"
format = "jsn"
[[sink]]
name = "out"
type = "file"
[state]
dir = "state"
checkpoint_every = 5
keep = 0
memory = "2 pounds"
)"),
            "x.toml:8:22: error[no-file]: no file fits '*.gz'\n"
            "  help: paths are relative to the folder of this file\n"
            "x.toml:9:1: error[unknown-key]: a file source has no key 'out_of_ordr'\n"
            "  help: did you mean 'out_of_order'?\n"
            "x.toml:10:10: error[wrong-value]: 'format': 'jsn' is none of json, csv, "
            "cloudevents\n"
            "  help: did you mean 'json'?\n"
            "x.toml:11:1: error[missing-key]: a file sink needs the key 'path' or 'directory'\n"
            "  help: one file, or a folder of files\n"
            "x.toml:16:20: error[wrong-type]: 'checkpoint_every' is a duration in quotes, like "
            "\"5s\" or \"1h30m\", and not a whole number\n"
            "x.toml:17:8: error[out-of-range]: 'keep' is 0, and may be from 1 to 1000\n"
            "x.toml:18:10: error[wrong-value]: 'memory': '2 pounds' is no size, which looks like "
            "2GB, 512MB or 1.5GiB\n");
}

TEST_F(PipelineTest, WhatIsMissing) {
  EXPECT_EQ(mistakes("", ""),
            "x.toml:1:1: error[missing-key]: a pipeline needs the key 'name'\n"
            "x.toml:1:1: error[missing-key]: a pipeline needs the key 'patterns'\n"
            "  help: [patterns] with files = [\"*.tocsin\"]\n"
            "x.toml:1:1: error[missing-key]: a pipeline needs the key 'source'\n"
            "  help: at least one [[source]]\n"
            "x.toml:1:1: error[missing-key]: a pipeline needs the key 'sink'\n"
            "  help: at least one [[sink]]\n");
  EXPECT_THAT(mistakes("sinks = 1\n"), HasSubstr("did you mean 'sink'?"));
  EXPECT_THAT(mistakes("source = 1\nsink = []\n"),
              HasSubstr("x.toml:5:10: error[wrong-type]: 'source' is a list of tables, each "
                        "written [[source]], and not a whole number"));
  EXPECT_THAT(mistakes("", "name = 'a'\nname = 'b'\n"), HasSubstr("x.toml:2:"));
}

TEST_F(PipelineTest, WhatDoesNotGoTogetherInSources) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"name='a'\ntype='file'\npaths='in.jsonl'\nevent='E'\nevent_field='t'",
       "'event' and 'event_field' do not go together"},
      {"name='a'\ntype='file'\npaths='in.jsonl'\nidle_after='1s'", "'follow' is not true"},
      {"name='a'\ntype='file'\npaths='in.jsonl'\ntopics='x'", "a file source has no key 'topics'"},
      {"name='a'\ntype='http'", "http sources belong to 'tocsin serve'"},
      {"name='a'\ntype='flie'", "did you mean 'file'?"},
      {"name='a/b'\ntype='stdin'", "a name has at most 100"},
      {"name='a'\ntype='stdin'\n[[source]]\nname='a'\ntype='stdin'", "there are two called 'a'"},
      {"name='a'\ntype='stdin'\n[[source]]\nname='b'\ntype='stdin'",
       "two sources read standard input"},
      {"name='a'\ntype='kafka'\ntopics='x'\ntopic_pattern='y'\nlibrdkafka={}",
       "'topics' and 'topic_pattern' do not go together"},
      {"name='a'\ntype='kafka'\nlibrdkafka={}", "needs the key 'bootstrap.servers'"},
      {"name='a'\ntype='kafka'", "a kafka source needs the key 'topics' or 'topic_pattern'"},
      {"name='a'\ntype='kafka'\ntopics='x'\nstart='soon'", "'start' is none of earliest, latest"},
      {"name='a'\ntype='kafka'\ntopics='x'\nfields={a='value'}",
       "'value' is none of key, topic, partition, offset, timestamp, header:NAME"},
      {"name='a'\ntype='kafka'\ntopics='x'\nformat='csv'", "needs 'columns'"},
      {"name='a'\ntype='kafka'\ntopics='x'\nformat='csv'\ncolumns=[]", "'columns' is empty"},
      {"name='a'\ntype='kafka'\ntopics='x'\ncolumns=['b']", "'format' is not \"csv\""},
      {"name='a'\ntype='kafka'\ntopics='x'\nformat='csv'\ncolumns=['b', 'c', 'b']",
       "'b' is a column twice"},
      {"name='a'\ntype='kafka'\ntopics='x'\nformat='csv'\ncolumns='b'\nfields={b='key'}",
       "'b' is a column and one of 'fields'"},
      {"name='a'\ntype='file'\npaths='in.jsonl'\ncolumns='b'", "has no key 'columns'"},
      {"name='a'\ntype='kafka'\ntopics='x'\nevent_header='h'\nevent_by_topic={x='E'}",
       "'event_header' and 'event_by_topic' do not go together"},
      {"name='a'\ntype='zeromq'\nsocket='sub'\nconnect='tcp://h:1'\nbind='tcp://h:1'",
       "'connect' and 'bind' do not go together"},
      {"name='a'\ntype='zeromq'\nsocket='sub'", "it needs the key 'connect' or 'bind'"},
      {"name='a'\ntype='zeromq'\nsocket='sub'\nconnect='h:1'", "an endpoint looks like"},
      {"name='a'\ntype='zeromq'\nsocket='pull'\nconnect='tcp://h:1'\nsubscribe='x'",
       "this is a pull socket"},
      {"name='a'\ntype='zeromq'\nsocket='pull'\nconnect='tcp://h:1'\nformat='csv'",
       "'csv' is none of json"},
      {"name='a'\ntype='zeromq'\nsocket='pull'\nconnect='tcp://h:1'\ncurve={server_key='x'}",
       "'server_key' is a key of 40 characters (Z85), and has 1"},
      {"name='a'\ntype='zeromq'\nsocket='pull'\nconnect='tcp://h:1'\ncurve={server=true, "
       "secret_key='x', public_key='y'}",
       "a server needs its secret key alone"},
  };
  for (const auto& [source, message] : cases) {
    EXPECT_THAT(source_mistakes(source), HasSubstr(message)) << source;
  }
}

TEST_F(PipelineTest, WhatDoesNotGoTogetherInSinks) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"name='a'\ntype='stdout'\n[[sink]]\nname='b'\ntype='stdout'",
       "two sinks write to standard output"},
      {"name='a'\ntype='file'\npath='x'\n[[sink]]\nname='b'\ntype='file'\npath='x'",
       "two sinks write to"},
      {"name='a'\ntype='stdout'\ndelivery='exactly_once'", "a stdout sink has no say"},
      {"name='a'\ntype='webhook'\nurl='http://h'\ndelivery='exactly_once'",
       "a webhook sink delivers at least once"},
      {"name='a'\ntype='webhook'\nurl='h'", "'url' is an address that begins with"},
      {"name='a'\ntype='webhook'\nurl='http://h'\nsecret='a'\nsecrets=['b']",
       "'secret' and 'secrets' do not go together"},
      {"name='a'\ntype='webhook'\nurl='http://h'\nmax_per_second=0", "a number above 0"},
      {"name='a'\ntype='webhook'\nurl='http://h'\nbatch=1001", "may be from 1 to 1000"},
      {"name='a'\ntype='kafka'\ntopic='t'\ndelivery='at_least_once'\ncommit_every='1s'",
       "'commit_every' is of exactly_once delivery"},
      {"name='a'\ntype='file'\npath='x'\ndelivery='at_least_once'", "leave 'delivery' out"},
      {"name='a'\ntype='file'\npath='x'\ndirectory='y'",
       "'path' and 'directory' do not go together"},
      {"name='a'\ntype='file'\npath='x'\nrotate_bytes='1MB'", "one file does not rotate"},
      {"name='a'\ntype='file'\ndirectory='x'", "by 'rotate_every', 'rotate_bytes' or both"},
      {"name='a'\ntype='file'\ndirectory='x'\nrotate_every='0s'", "'rotate_every' is above 0"},
      {"name='a'\ntype='file'\npath='x'\n[outputs]\nlate='x'", "is written by another output"},
  };
  for (const auto& [sink, message] : cases) {
    EXPECT_THAT(sink_mistakes(sink), HasSubstr(message)) << sink;
  }
}

TEST_F(PipelineTest, WhatNeedsState) {
  const std::string hook = "[[sink]]\nname='h'\ntype='webhook'\nurl='https://h'\n";
  EXPECT_THAT(mistakes(kFileSource + hook), HasSubstr("x.toml:9:1: error[missing-state]"));
  EXPECT_EQ(mistakes(kFileSource + hook + kState), "");
  EXPECT_THAT(mistakes(std::string(kKafkaSource) + kStdoutSink), HasSubstr("missing-state"));
  EXPECT_EQ(mistakes(std::string(kKafkaSource) + kStdoutSink + kState), "");
  const std::string file = "[[sink]]\nname='f'\ntype='file'\npath='x'\ndelivery='exactly_once'\n";
  EXPECT_THAT(mistakes(kFileSource + file), HasSubstr("exactly once only with [state]"));
  const std::string kafka =
      "[[sink]]\nname='k'\ntype='kafka'\ntopic='t'\nlibrdkafka={'bootstrap.servers'='h:1'}\n";
  EXPECT_THAT(mistakes(kFileSource + kafka), HasSubstr("exactly once only with a state directory"));
  EXPECT_EQ(mistakes(kFileSource + kafka + kState), "");
  EXPECT_EQ(mistakes(kFileSource + kafka + "delivery='at_least_once'\n"), "");
}

TEST_F(PipelineTest, VariablesOfTheEnvironment) {
  environment_ = {{"IN", "in"}, {"E", "Payment"}};
  const Pipeline pipeline =
      right("[[source]]\nname='a'\ntype='file'\npaths='${IN}.jsonl'\nevent='$x${E}$'\n" +
            std::string(kStdoutSink));
  EXPECT_EQ(pipeline.sources[0].event, "$xPayment$");
  EXPECT_EQ(source_mistakes("name='a'\ntype='file'\npaths='in.jsonl'\nevent='${NONE}'"),
            "x.toml:9:7: error[variable]: the environment has no variable 'NONE'\n"
            "  help: set it, even to nothing\n");
  for (const char* text : {"${", "${}", "${a", "${a b}", "${1}"}) {
    EXPECT_THAT(source_mistakes("name='a'\ntype='file'\npaths='in.jsonl'\nevent='" +
                                std::string(text) + "'"),
                HasSubstr("'${' begins a variable"))
        << text;
  }
}

TEST_F(PipelineTest, NothingShowsASecret) {
  environment_["KEY"] = "hunter2";
  directory_.write("key", "hunter2");
  const std::vector<std::string> pipelines = {
      "[[sink]]\nname='h'\ntype='webhook'\nurl='hunter2'\nsecret=['hunter2']\nsecrt='hunter2'\n",
      "[[sink]]\nname='h'\ntype='webhook'\nurl='${KEY}'\nsecrets='hunter2'\ntimeout='${KEY}'\n",
      "[[sink]]\nname='h'\ntype='stdout'\ntype='hunter2'\n",
      "[[sink]]\nname='h'\ntype='webhook'\nurl='https://u:hunter2 @h'\nbatch='hunter2'\n",
      "[[sink]]\nname='h'\ntype='${KEY}'\n",
      "[[sink]]\nname='h'\ntype='webhook'\nsecret='hunter2\n",
      "[[sink]]\nname='h'\ntype='webhook'\nsecret=hunter2\n",
      "[[sink]]\nname='h'\ntype='webhook'\nsecret=\"hunter2\\q\"\n",
      "[[sink]]\nname='h'\ntype='webhook'\nsecret='x' hunter2\n",
      "[[sink]]\nname='h'\ntype='zeromq'\nsocket='pub'\nbind='hunter2'\n"
      "curve={secret_key='file:key', server_key='hunter2', public_key='${KEY}', x='hunter2'}\n",
      "[[sink]]\nname='h'\ntype='kafka'\nlibrdkafka={'sasl.password'='hunter2', x=['hunter2']}\n",
      "[[sink]]\nname='h'\ntype='kafka'\nlibrdkafka='hunter2'\n",
      "[metrics]\nlisten='hunter2'\n",
  };
  for (const std::string& pipeline : pipelines) {
    const std::string told = mistakes(kFileSource + pipeline);
    EXPECT_THAT(told, HasSubstr("error")) << pipeline;
    EXPECT_THAT(told, Not(HasSubstr("hunter2"))) << pipeline;
  }
}

TEST_F(PipelineTest, SecretFilesThatAreNotThere) {
  directory_.write("empty", "\n");
  const std::string sink = "name='h'\ntype='webhook'\nurl='http://h'\n";
  EXPECT_THAT(sink_mistakes(sink + "secret='file:none'"), HasSubstr("cannot read"));
  EXPECT_THAT(sink_mistakes(sink + "secret='file:empty'"), HasSubstr("is empty"));
  EXPECT_THAT(sink_mistakes(sink + "secret=''"), HasSubstr("'secret' is empty"));
}

TEST_F(PipelineTest, NamesThatThePatternsDoNotDeclare) {
  const Pipeline pipeline = right(
      "[[source]]\nname='a'\ntype='stdin'\nevent='Paymnt'\n"
      "[[sink]]\nname='b'\ntype='stdout'\npatterns=['two*', 'three?', '*']\n");
  const auto loaded =
      patterns::load({patterns::SourceFile("p",
                                           "event Payment { at: timestamp } time at\n"
                                           "pattern two_steps { match a: Payment }\n")},
                     {});
  ASSERT_TRUE(loaded.patterns);
  Mistakes mistakes;
  check_names(pipeline, *loaded.patterns, mistakes);
  EXPECT_EQ(render(mistakes, "x.toml"),
            "x.toml:8:1: error[unknown-type]: there is no event type 'Paymnt'\n"
            "  help: did you mean 'Payment'?\n"
            "x.toml:12:19: error[unknown-pattern]: no pattern fits 'three?'\n"
            "  help: declared are two_steps\n");
}

TEST_F(PipelineTest, ColumnsThatEventsNeed) {
  const auto told = [&](const std::string& keys) {
    const Pipeline pipeline =
        right("[[source]]\nname='a'\ntype='kafka'\ntopics='t'\nformat='csv'\n" + keys +
              "\nlibrdkafka={'bootstrap.servers'='h:1'}\n" + kStdoutSink + kState);
    const auto loaded =
        patterns::load({patterns::SourceFile("p",
                                             "event Payment { card: string, at: timestamp } time "
                                             "at\npattern two { match a: Payment }\n")},
                       {});
    Mistakes mistakes;
    check_names(pipeline, *loaded.patterns, mistakes);
    return render(mistakes, "x.toml");
  };
  EXPECT_EQ(told("columns=['card', 'shop', 'at']"), "");
  EXPECT_EQ(told("columns=['card']\nfields={at='timestamp'}\nevent_by_topic={t='Payment'}"), "");
  EXPECT_EQ(
      told("columns=['card']\nevent='Payment'"),
      "x.toml:10:1: error[missing-column]: the columns of the source: no column 'at' for field "
      "'at' of 'Payment'; its columns are card\n");
  EXPECT_THAT(told("columns=['at']\nevent_by_topic={t='Payment'}"), HasSubstr("no column 'card'"));
  EXPECT_THAT(told("columns=['card', 'at']\nevent_field='kind'"), HasSubstr("no column 'kind'"));
}

TEST_F(PipelineTest, NamesWithDotsAreNoTrapForTheStack) {
  std::string deep = "a";
  for (int i = 0; i < 100'000; ++i) deep += ".a";
  EXPECT_THAT(mistakes(deep + " = 1\n"), HasSubstr("too many names with dots"));
  std::string prose = "# ";
  for (int i = 0; i < 100'000; ++i) prose += '.';
  EXPECT_EQ(mistakes(prose + "\n" + kFileSource + kStdoutSink), "");
}

}  // namespace
}  // namespace tocsin::server
