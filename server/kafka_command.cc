#include "server/kafka_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "connectors/kafka/kafka_client.h"
#include "connectors/kafka/topic_key.h"
#include "connectors/state/state_lock.h"
#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/kafka_run.h"
#include "server/kafka_topics.h"
#include "server/machine_clock.h"
#include "server/metrics/kafka_clients.h"
#include "server/metrics/kafka_metrics.h"
#include "server/metrics/metrics_server.h"
#include "server/metrics/prometheus.h"
#include "server/own_patterns.h"
#include "server/pattern_files.h"
#include "server/stop_signal.h"

namespace tocsin::server {
namespace {

namespace fs = std::filesystem;
using connectors::KafkaSourceSpec;
using connectors::TopicKey;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

constexpr size_t kMostMembers = 64;  // that share a state directory

// Lines at the end of a file, from any thread. What is written has left the process.
class AppendedFile {
 public:
  Result<void> open(const std::string& path) {
    path_ = path;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return file_ < 0 ? failed("be opened") : Result<void>();
  }
  AppendedFile() = default;
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;
  ~AppendedFile() {
    if (file_ >= 0) close(file_);
  }

  Result<void> write(std::string_view line) {
    std::string whole(line);
    whole += '\n';
    const std::lock_guard lock(mutex_);
    for (size_t done = 0; done < whole.size();) {
      const ssize_t written = ::write(file_, whole.data() + done, whole.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("be written");
      done += static_cast<size_t>(written);
    }
    return {};
  }

 private:
  Unexpected<Error> failed(const char* what) const {
    return eventtime::world_error(
        fmt::format("'{}' cannot {}: {}", path_, what, std::strerror(errno)));
  }

  std::mutex mutex_;
  std::string path_;
  int file_ = -1;
};

std::string journal_of(const std::string& name, const std::string& topic) {
  return fmt::format("tocsin-{}-{}-ticks", name, topic);
}

// All that a run of the pipeline holds, in the order in which it comes to be.
class Command {
 public:
  explicit Command(const KafkaPipeline& pipeline) : pipeline_(pipeline) {}

  Result<void> open(const patterns::Loaded& loaded, ListTexts lists);
  Result<void> run();

 private:
  Result<void> serve_metrics();
  Result<void> open_outputs();
  Result<void> take_member();
  Result<void> open_client();
  Result<void> find_topics();
  Result<void> find_alert_topic();
  void tell(const KafkaRunStats& stats) const;

  const KafkaPipeline& pipeline_;
  patterns::PatternSet set_;
  OwnPatterns own_;
  AppendedFile late_;
  AppendedFile dead_letter_;
  std::unique_ptr<connectors::StateLock> member_;
  std::string member_id_;
  std::unique_ptr<runtime::LogClient> client_;
  std::map<std::string, TopicKey> keys_;  // by topic
  std::map<std::string, connectors::DecodeOptions> decoding_;
  KafkaRunOptions options_;
  std::unique_ptr<MetricsServer> metrics_;
};

Result<void> Command::serve_metrics() {
  if (!pipeline_.metrics) return {};
  Result<std::unique_ptr<MetricsServer>> server = MetricsServer::start(*pipeline_.metrics);
  if (!server) return Unexpected<Error>{server.error()};
  metrics_ = *std::move(server);
  options_.quiet = &metrics_->quiet();
  spdlog::info("metrics are served on {} port {}", pipeline_.metrics->address, metrics_->port());
  return {};
}

Result<void> Command::open(const patterns::Loaded& loaded, ListTexts lists) {
  set_ = *loaded.patterns;
  Result<OwnPatterns> own = own_patterns(loaded, std::move(lists));
  if (!own) return Unexpected<Error>{own.error()};
  own_ = *std::move(own);
  PartitionOptions& options = options_.partitions;
  options.group = pipeline_.name;
  options.directory = pipeline_.state;
  options.checkpoint_every = pipeline_.checkpoint_every;
  options.keep = pipeline_.keep;
  options.on_change = pipeline_.on_change;
  options.engine = pipeline_.engine;
  options.patterns = &set_;
  options.own = &own_;
  options.fields = pipeline_.source.fields;
  options.event_header = pipeline_.source.event_header;
  options.start = pipeline_.source.start;
  options.out_of_order = pipeline_.source.out_of_order;
  options.idle_after = pipeline_.source.idle_after;
  options.goes_out = pipeline_.goes_out;
  options.alert_topic = pipeline_.sink.topic;
  options.journal = [this](const std::string& topic) { return journal_of(pipeline_.name, topic); };
  options.commit_every = pipeline_.sink.commit_every;
  options.key = [this](const std::string& topic) { return &keys_.at(topic); };
  options.decoding = [this](const std::string& topic) { return decoding_.at(topic); };
  options_.threads = pipeline_.engine.threads;
  Result<void> done = serve_metrics();
  if (done) done = open_outputs();
  if (done) done = take_member();
  if (done) done = open_client();
  if (done) done = find_topics();
  return done ? find_alert_topic() : done;
}

Result<void> Command::open_outputs() {
  std::error_code error;
  fs::create_directories(pipeline_.state, error);
  if (error) {
    return eventtime::world_error(
        fmt::format("'{}' cannot be made: {}", pipeline_.state, error.message()));
  }
  const auto none = [](std::string_view) { return Result<void>(); };
  PartitionOptions& options = options_.partitions;
  options.late = options.dead_letter = none;
  if (pipeline_.late) {
    const Result<void> opened = late_.open(*pipeline_.late);
    if (!opened) return opened;
    options.late = [this](std::string_view line) { return late_.write(line); };
  }
  if (pipeline_.dead_letter) {
    const Result<void> opened = dead_letter_.open(*pipeline_.dead_letter);
    if (!opened) return opened;
    options.dead_letter = [this](std::string_view line) { return dead_letter_.write(line); };
  }
  return {};
}

// A process that was killed and begins again is the same member of the group, and finds its
// partitions at once: of those that share a state directory, the first that is free.
Result<void> Command::take_member() {
  if (pipeline_.source.librdkafka.contains("group.instance.id")) return {};
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::error_code ignored;
  const std::string place = host.data() + fs::weakly_canonical(pipeline_.state, ignored).string();
  for (size_t number = 0; number < kMostMembers; ++number) {
    const std::string directory = fmt::format("{}/member-{}", pipeline_.state, number);
    fs::create_directories(directory, ignored);
    auto lock = connectors::StateLock::take(directory);
    if (!lock) continue;
    member_ = *std::move(lock);
    member_id_ = fmt::format("{}-{:016x}-{}", pipeline_.name,
                             XXH3_64bits(place.data(), place.size()), number);
    return {};
  }
  return eventtime::world_error(fmt::format(
      "{} processes use '{}' already, or it cannot be written to", kMostMembers, pipeline_.state));
}

Result<void> Command::open_client() {
  connectors::KafkaClientOptions options;
  options.group = pipeline_.name;
  options.instance = member_id_;
  options.reading = pipeline_.source.librdkafka;
  options.writing = pipeline_.sink.librdkafka;
  options.written_topics = {pipeline_.sink.topic};
  options.with_headers = needs_headers(pipeline_.source);
  options.log = log_kafka;
  if (metrics_ != nullptr) options.statistics = &kafka_statistics();
  auto client = connectors::open_kafka(std::move(options));
  if (!client) return Unexpected<Error>{client.error()};
  client_ = *std::move(client);
  return {};
}

Result<void> Command::find_topics() {
  const KafkaSourceSpec& source = pipeline_.source;
  const auto topics = server::find_topics(*client_, source);
  if (!topics) return Unexpected<Error>{topics.error()};
  for (const auto& [topic, partitions] : *topics) {
    options_.topics.push_back(topic);
    Result<TopicKey> key = TopicKey::create(set_, source.key, partitions);
    if (!key) return Unexpected<Error>{key.error()};
    keys_.emplace(topic, *std::move(key));
    Result<connectors::DecodeOptions> how = topic_decoding(source, set_.catalog, topic);
    if (!how) return Unexpected<Error>{how.error()};
    decoding_.emplace(topic, *std::move(how));
    if (!source.idle_after) continue;
    const std::string journal = journal_of(pipeline_.name, topic);
    const Result<int32_t> there = client_->partitions(journal);
    if (!there) return Unexpected<Error>{there.error()};
    if (*there >= partitions) continue;
    if (*there > 0) {
      return eventtime::input_error(fmt::format(
          "topic '{}' has {} partitions and '{}', where its ticks are kept, {}: a partition was "
          "added; give both the same number",
          topic, partitions, journal, *there));
    }
    const Result<void> made = client_->create_topic(journal, partitions);
    if (!made) return made;
    spdlog::info("made topic '{}' for the ticks of '{}'", journal, topic);
  }
  return {};
}

Result<void> Command::find_alert_topic() {
  const Result<int32_t> partitions = alert_partitions(*client_, pipeline_.sink);
  if (!partitions) return Unexpected<Error>{partitions.error()};
  options_.partitions.alert_partitions = *partitions;
  return {};
}

Result<void> Command::run() {
  MachineClock clock;
  KafkaRun run(options_, *client_, clock, StopSignal::requested);
  eventtime::Duration next{0};
  KafkaStatisticsText statistics;
  run.on_round = [&](const KafkaRun& of) {
    const eventtime::Duration now = clock.now();
    if (metrics_ == nullptr || now.micros < next.micros) return;
    next = {now.micros + kPublishEvery.micros};
    const std::string own =
        prometheus_text(kafka_metrics(of, pipeline_.source.name, pipeline_.sink.name, clock));
    metrics_->publish(own + statistics.text());
    metrics_->set_ready();
  };
  const Result<void> done = run.run();
  tell(run.stats());
  return done;
}

void Command::tell(const KafkaRunStats& stats) const {
  fmt::print(stderr, "{} records, {} alerts, {} malformed, {} late, {} transactions\n",
             stats.records, stats.alerts, stats.malformed, stats.late, stats.commits);
}

}  // namespace

int run_kafka(const KafkaPipeline& pipeline, const CheckPatterns& check) {
  const StopSignal stop;
  ListTexts lists;
  Result<patterns::Loaded> loaded = read_patterns(pipeline.patterns, &lists);
  if (!loaded) return report(loaded.error());
  if (!loaded->patterns) {
    fmt::print(stderr, "{}", patterns::render(loaded->diagnostics, loaded->sources));
    return kInputWrong;
  }
  if (loaded->patterns->patterns.empty()) {
    return report(
        {"the files declare no pattern; there is nothing to look for", eventtime::Blame::kInput});
  }
  Result<void> done = check ? check(*loaded->patterns) : Result<void>();
  if (!done) return report(done.error());
  Command command(pipeline);
  done = command.open(*loaded, std::move(lists));
  if (done) done = command.run();
  return done ? kDone : report(done.error());
}

}  // namespace tocsin::server
