#include "server/pipeline/pipeline_sinks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "server/pipeline/pipeline_sources.h"
#include "server/pipeline/shared_sections.h"

namespace tocsin::server {
namespace {

using connectors::FileSinkSpec;
using connectors::KafkaSinkSpec;
using connectors::WebhookSpec;
using connectors::ZeroMqSinkSpec;
using PlacedText = ConfigSection::PlacedText;

enum class SinkType : uint8_t { kFile, kStdout, kKafka, kZeroMq, kWebhook };
enum class Delivery : uint8_t { kExactlyOnce, kAtLeastOnce };

constexpr std::array<std::string_view, 5> kKinds{"a file sink", "a stdout sink", "a kafka sink",
                                                 "a zeromq sink", "a webhook sink"};

class SinkReader {
 public:
  SinkReader(ConfigSection& section, ConfigContext context, const SinkSurroundings& beside)
      : section_(section), context_(context), beside_(beside) {}

  RunSink read(SinkType type, RunSink sink) {
    read_delivery(type);
    switch (type) {
      case SinkType::kFile:
        sink.spec = read_file(sink.name);
        break;
      case SinkType::kStdout:
        sink.spec = FileSinkSpec{sink.name, "-", {}, {}, {}};
        break;
      case SinkType::kKafka:
        sink.spec = read_kafka(sink.name);
        break;
      case SinkType::kZeroMq:
        sink.spec = read_zeromq(sink.name);
        break;
      case SinkType::kWebhook:
        sink.spec = read_webhook(sink.name);
        break;
    }
    return sink;
  }

 private:
  void read_delivery(SinkType type) {
    const bool is_there = section_.choice(
        "delivery", delivery_,
        {{"exactly_once", Delivery::kExactlyOnce}, {"at_least_once", Delivery::kAtLeastOnce}});
    const std::string_view kind = kKinds[static_cast<size_t>(type)];
    const Place place = section_.place("delivery");
    const bool exactly = delivery_ == Delivery::kExactlyOnce;
    if (type == SinkType::kKafka) {
      if (!exactly || beside_.has_state) return;
      section_.mistake(
          place, "missing-state",
          "a kafka sink delivers exactly once only with a state directory, where a run "
          "goes on from",
          R"(add [state], or write delivery = "at_least_once")");
    } else if (!is_there) {
      return;
    } else if (type == SinkType::kFile) {
      if (exactly && beside_.has_state) return;
      section_.mistake(place, "conflict",
                       exactly ? "a file holds every alert exactly once only with [state]"
                               : "with [state] a file holds every alert exactly once",
                       exactly ? "add [state]" : "leave 'delivery' out");
    } else if (type == SinkType::kWebhook) {
      if (!exactly) return;
      section_.mistake(place, "conflict", "a webhook sink delivers at least once",
                       "its receiver knows what comes twice by the alert's id");
    } else {
      section_.mistake(place, "conflict",
                       fmt::format("{} has no say in what arrives how often", kind),
                       "leave 'delivery' out");
    }
  }

  FileSinkSpec read_file(const std::string& name) {
    FileSinkSpec spec;
    spec.name = name;
    section_.path("path", spec.path);
    section_.path("directory", spec.directory);
    section_.at_most_one({"path", "directory"}, "one file, or a folder of files");
    if (!section_.has("path") && !section_.has("directory")) {
      section_.mistake(section_.place(), "missing-key",
                       "a file sink needs the key 'path' or 'directory'",
                       "one file, or a folder of files");
    }
    if (section_.duration("rotate_every", spec.rotate_every) && spec.rotate_every->micros <= 0) {
      section_.mistake(section_.place("rotate_every"), "out-of-range", "'rotate_every' is above 0");
    }
    section_.size("rotate_bytes", spec.rotate_bytes);
    const bool rotates = section_.has("rotate_every") || section_.has("rotate_bytes");
    if (rotates && !section_.has("directory")) {
      section_.mistake(section_.place(), "conflict", "one file does not rotate",
                       "name a folder by 'directory'");
    }
    if (!rotates && section_.has("directory")) {
      section_.mistake(section_.place("directory"), "missing-key",
                       "with 'directory' it is said when a file is whole",
                       "by 'rotate_every', 'rotate_bytes' or both");
    }
    return spec;
  }

  KafkaSinkSpec read_kafka(const std::string& name) {
    KafkaSinkSpec spec;
    spec.name = name;
    section_.require("topic");
    section_.text("topic", spec.topic);
    spec.exactly_once = delivery_ == Delivery::kExactlyOnce;
    if (section_.duration("commit_every", spec.commit_every) && spec.commit_every.micros <= 0) {
      section_.mistake(section_.place("commit_every"), "out-of-range", "'commit_every' is above 0");
    }
    if (section_.has("commit_every") && !spec.exactly_once) {
      section_.mistake(section_.place("commit_every"), "conflict",
                       "'commit_every' is of exactly_once delivery");
    }
    read_settings(section_, spec.librdkafka);
    return spec;
  }

  ZeroMqSinkSpec read_zeromq(const std::string& name) {
    using Socket = ZeroMqSinkSpec::Socket;
    ZeroMqSinkSpec spec;
    spec.name = name;
    section_.require("socket", "pub or push");
    section_.choice("socket", spec.socket, {{"pub", Socket::kPub}, {"push", Socket::kPush}});
    read_endpoints(section_, spec.endpoints, context_);
    return spec;
  }

  // An address may hold a password: no message shows it.
  void read_url(WebhookSpec& spec) {
    section_.require("url", "like https://example.test/hook");
    if (!section_.text("url", spec.url)) return;
    const size_t scheme = spec.url.find("://");
    const std::string_view name = std::string_view(spec.url).substr(0, scheme);
    const bool is_http = scheme != std::string::npos && (name == "https" || name == "http");
    if (!is_http || spec.url.size() == scheme + 3 ||
        spec.url.find_first_of(" \t\r\n") != std::string::npos) {
      section_.mistake(section_.place("url"), "wrong-value",
                       "'url' is an address that begins with https:// or http://");
    }
  }

  WebhookSpec read_webhook(const std::string& name) {
    WebhookSpec spec;
    spec.name = name;
    read_url(spec);
    std::string secret;
    if (section_.secret("secret", secret)) spec.secrets = {secret};
    section_.secrets("secrets", spec.secrets);
    section_.at_most_one({"secret", "secrets"}, "'secrets' may hold one, too");
    read_count("batch", spec.batch, 1000);
    read_count("max_in_flight", spec.max_in_flight, 1000);
    section_.duration("timeout", spec.timeout);
    section_.duration("retry_for", spec.retry_for);
    if (spec.timeout.micros <= 0) {
      section_.mistake(section_.place("timeout"), "out-of-range", "'timeout' is above 0");
    }
    section_.number("max_per_second", spec.max_per_second);
    section_.truth("allow_private_addresses", spec.allow_private_addresses);
    section_.path("ca_file", spec.ca_file);
    section_.path("dead_letter", spec.dead_letter);
    if (beside_.has_state) {
      spec.queue = (std::filesystem::path(beside_.state_dir) / ("queue-" + name)).string();
    } else {
      section_.mistake(section_.place(), "missing-state",
                       "a webhook sink keeps what is not delivered yet in the state directory",
                       "add [state]");
    }
    return spec;
  }

  void read_count(const std::string& key, uint32_t& target, uint64_t most) {
    uint64_t count = 0;
    if (section_.count(key, count, 1, most)) target = static_cast<uint32_t>(count);
  }

  ConfigSection& section_;
  ConfigContext context_;
  const SinkSurroundings& beside_;
  Delivery delivery_ = Delivery::kExactlyOnce;
};

// Z85: 5 characters for 4 bytes of a key of 32.
void read_key(ConfigSection& curve, const std::string& key, std::string& target) {
  constexpr size_t kKeyCharacters = 40;
  if (!curve.secret(key, target) || target.size() == kKeyCharacters) return;
  curve.mistake(
      curve.place(key), "wrong-value",
      fmt::format("'{}' is a key of 40 characters (Z85), and has {}", key, target.size()));
}

void read_curve(ConfigSection& section, connectors::ZeroMqEndpoints& endpoints,
                ConfigContext context) {
  const ConfigValue* table = section.table("curve");
  if (table == nullptr) return;
  ConfigSection curve(*table, "'curve'", context);
  connectors::ZeroMqCurve keys;
  curve.truth("server", keys.is_server);
  curve.require("secret_key");
  read_key(curve, "secret_key", keys.secret_key);
  read_key(curve, "server_key", keys.server_key);
  read_key(curve, "public_key", keys.public_key);
  if (!keys.is_server) {
    curve.require("server_key", "or write server = true for the side that others connect to");
    curve.require("public_key");
  }
  for (const char* key : {"server_key", "public_key"}) {
    if (!keys.is_server || !curve.has(key)) continue;
    curve.mistake(curve.place(key), "conflict",
                  fmt::format("a server needs its secret key alone, and not '{}'", key));
  }
  curve.finish();
  endpoints.curve = std::move(keys);
}

void check_endpoints(ConfigSection& section, const std::vector<PlacedText>& endpoints) {
  for (const PlacedText& endpoint : endpoints) {
    const size_t scheme = endpoint.text.find("://");
    const std::string_view name = std::string_view(endpoint.text).substr(0, scheme);
    const bool is_known = name == "tcp" || name == "ipc";
    if (is_known && scheme != std::string::npos && endpoint.text.size() > scheme + 3) continue;
    section.mistake(endpoint.place, "wrong-value",
                    "an endpoint looks like tcp://127.0.0.1:5556 or ipc:///run/bus");
  }
}

std::string output_of(const RunSink& sink) {
  const auto* file = std::get_if<FileSinkSpec>(&sink.spec);
  return file == nullptr ? std::string() : file->path;
}

}  // namespace

void read_endpoints(ConfigSection& section, connectors::ZeroMqEndpoints& endpoints,
                    ConfigContext context) {
  for (const char* key : {"connect", "bind"}) {
    std::vector<PlacedText> texts;
    section.texts(key, texts);
    check_endpoints(section, texts);
    std::vector<std::string>& target =
        key == std::string_view("bind") ? endpoints.bind : endpoints.connect;
    for (PlacedText& text : texts) target.push_back(std::move(text.text));
    if (section.has(key) && texts.empty()) {
      section.mistake(section.place(key), "empty", fmt::format("'{}' names no endpoint", key));
    }
  }
  section.at_most_one({"connect", "bind"}, "a socket does one of them");
  if (!section.has("connect") && !section.has("bind")) {
    section.mistake(section.place(), "missing-key", "it needs the key 'connect' or 'bind'");
  }
  read_curve(section, endpoints, context);
  uint64_t mark = 0;
  constexpr uint64_t kMost = 100'000'000;
  if (section.count("high_water_mark", mark, 1, kMost)) {
    endpoints.high_water_mark = static_cast<int>(mark);
  }
}

std::vector<RunSink> read_sinks(const std::vector<const ConfigValue*>& tables,
                                ConfigContext context, const SinkSurroundings& beside,
                                std::vector<NamedInPipeline>& alert_patterns) {
  std::vector<RunSink> sinks;
  std::vector<std::string> names;
  for (const ConfigValue* table : tables) {
    ConfigSection section(*table, "a sink", context);
    RunSink sink;
    read_name(section, sink.name, names);
    std::vector<PlacedText> patterns;
    if (section.texts("patterns", patterns)) {
      sink.patterns.clear();
      for (const PlacedText& pattern : patterns) {
        sink.patterns.push_back(pattern.text);
        alert_patterns.push_back({pattern.text, pattern.place});
      }
    }
    section.choice("format", sink.format,
                   {{"json", AlertForm::kJson}, {"cloudevents", AlertForm::kCloudEvents}});
    section.require("type", "file, stdout, kafka, zeromq or webhook");
    SinkType type{};
    const bool is_known = section.choice("type", type,
                                         {{"file", SinkType::kFile},
                                          {"stdout", SinkType::kStdout},
                                          {"kafka", SinkType::kKafka},
                                          {"zeromq", SinkType::kZeroMq},
                                          {"webhook", SinkType::kWebhook}});
    if (!is_known) continue;
    section.set_kind(std::string(kKinds[static_cast<size_t>(type)]));
    sink = SinkReader(section, context, beside).read(type, std::move(sink));
    section.finish();
    const std::string output = output_of(sink);
    const auto same = [&](const RunSink& other) { return output_of(other) == output; };
    if (!output.empty() && std::any_of(sinks.begin(), sinks.end(), same)) {
      section.mistake(section.place(), "conflict",
                      fmt::format("two sinks write to {}",
                                  output == "-" ? "standard output" : fmt::format("'{}'", output)));
    }
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

}  // namespace tocsin::server
