#include "connectors/webhook/webhook_sink.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "connectors/webhook/webhook_check.h"

namespace tocsin::connectors {

namespace fs = std::filesystem;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::Metric;

namespace {

constexpr double kSecond = 1e6;

Unexpected<Error> file_failed(std::string_view what, const std::string& path) {
  return eventtime::world_error(
      fmt::format("cannot {} '{}': {}", what, path, std::strerror(errno)));
}

// A child of a run that was killed holds it as well, until a moment after the run.
Result<int> lock_folder(const std::string& folder) {
  const std::string path = folder + "/lock";
  constexpr mode_t kMode = 0666;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file < 0) return file_failed("lock", path);
  constexpr int kAttempts = 100;
  constexpr std::chrono::milliseconds kPause(10);
  for (int i = 0; ::flock(file, LOCK_EX | LOCK_NB) != 0; ++i) {
    const bool is_held = errno == EWOULDBLOCK;
    if ((is_held || errno == EINTR) && i < kAttempts) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    const auto error = is_held ? eventtime::world_error(fmt::format(
                                     "the queue '{}' is in use by another process", folder))
                               : file_failed("lock", path);
    ::close(file);
    return error;
  }
  return file;
}

Result<std::string> temporary_folder() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  std::string path = ((error ? fs::path("/tmp") : parent) / "tocsin-webhook-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return file_failed("create the directory", path);
  return path;
}

uint64_t any_number() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

WebhookSink::WebhookSink(WebhookSpec spec, const runtime::Clock& clock)
    : spec_(std::move(spec)), clock_(clock) {}

Result<std::unique_ptr<WebhookSink>> WebhookSink::open(const WebhookSpec& spec,
                                                       const runtime::Clock& clock) {
  Result<void> done = check_webhook(spec);
  if (!done) return Unexpected<Error>{done.error()};
  std::unique_ptr<WebhookSink> sink(new WebhookSink(spec, clock));
  done = sink->open_queue();
  if (!done) return Unexpected<Error>{done.error()};
  return sink;
}

Result<void> WebhookSink::open_queue() {
  is_temporary_ = spec_.queue.empty();
  if (is_temporary_) {
    Result<std::string> folder = temporary_folder();
    if (!folder) return Unexpected<Error>{folder.error()};
    spec_.queue = *std::move(folder);
  }
  auto storage = FileStorage::open(spec_.queue, FileStorage::Missing::kCreate);
  if (!storage) return Unexpected<Error>{storage.error()};
  storage_ = *std::move(storage);
  const Result<int> locked = lock_folder(spec_.queue);
  if (!locked) return Unexpected<Error>{locked.error()};
  lock_ = *locked;
  auto queue = DeliveryQueue::open(*storage_);
  if (!queue) return Unexpected<Error>{queue.error()};
  queue_ = *std::move(queue);
  progress_ = std::make_unique<ProgressFile>(*storage_);
  dead_letters_ = std::make_unique<DeadLetterFile>(
      spec_.name, spec_.dead_letter.value_or(spec_.queue + "/dead-letters.jsonl"));
  sender_ = std::make_unique<WebhookSender>(
      spec_, WebhookSender::World{*queue_, *progress_, *dead_letters_, clock_, any_number(),
                                  !is_temporary_});
  return sender_->begin();
}

WebhookSink::~WebhookSink() {
  stop();
  if (is_temporary_) (void)clear_temporary_queue();
  if (lock_ >= 0) ::close(lock_);
}

void WebhookSink::start() {
  if (thread_.joinable()) return;
  // Signals are for the thread that runs the engine.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { serve(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  // A thread that is about to begin allocates: nobody may fork before.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_begun_; });
}

void WebhookSink::serve() {
  std::unique_lock lock(mutex_);
  has_begun_ = true;
  changed_.notify_all();
  while (!ends_) {
    lock.unlock();
    sender_->step(WebhookSender::kLongestStep);
    lock.lock();
    changed_.notify_all();
  }
}

void WebhookSink::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  sender_->wake();
  thread_.join();
}

Result<void> WebhookSink::resume(std::string_view position) {
  Result<void> resumed = queue_->resume(position);
  if (resumed) start();
  return resumed;
}

Result<void> WebhookSink::write(const runtime::OutgoingAlert& alert) {
  start();
  return queue_->append(alert, clock_.date());
}

Result<void> WebhookSink::flush() {
  const uint64_t before = queue_->end();
  Result<void> flushed = queue_->flush();
  if (flushed && queue_->end() != before) sender_->wake();
  return flushed;
}

Result<void> WebhookSink::sync() {
  Result<void> synced = queue_->sync();
  if (synced) sender_->wake();
  return synced;
}

Result<void> WebhookSink::close() {
  Result<void> done = flush();
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    sender_->wake();
    changed_.wait_for(lock, std::chrono::microseconds(spec_.close_within.micros), [this] {
      const DeliveryStats stats = sender_->stats();
      return stats.queued == 0 && stats.end == queue_->end();
    });
  }
  stop();
  const Result<void> saved = sender_->save();
  if (done && !saved) done = saved;
  if (!is_temporary_) return done;
  const Result<void> cleared = clear_temporary_queue();
  return done ? cleared : done;
}

Result<void> WebhookSink::clear_temporary_queue() {
  is_temporary_ = false;
  const DeliveryStats stats = sender_ ? sender_->stats() : DeliveryStats();
  const uint64_t kept = stats.queued + (spec_.dead_letter ? 0 : stats.dead);
  if (kept > 0) {
    return eventtime::world_error(fmt::format(
        "webhook '{}': {} alerts were not delivered{}; they are kept in '{}'", spec_.name, kept,
        stats.trouble.empty() ? std::string() : fmt::format(" ({})", stats.trouble), spec_.queue));
  }
  std::error_code error;  // what stays is the system's to clean up
  fs::remove_all(spec_.queue, error);
  return {};
}

runtime::Metrics WebhookSink::metrics() const {
  const DeliveryStats stats = sender_->stats();
  const auto number = [](auto value) { return static_cast<double>(value); };
  using Kind = Metric::Kind;
  runtime::Metrics metrics = {
      {"webhook_queued",
       "Alerts that are not delivered yet.",
       Kind::kGauge,
       {},
       number(stats.queued)},
      {"webhook_oldest_seconds",
       "How long the oldest of them has been waiting.",
       Kind::kGauge,
       {},
       number(stats.oldest.micros) / kSecond},
      {"webhook_delivered_total",
       "Alerts that the endpoint has taken.",
       Kind::kCounter,
       {},
       number(stats.delivered)},
      {"webhook_dead_total",
       "Alerts that went to the dead letters.",
       Kind::kCounter,
       {},
       number(stats.dead)},
      {"webhook_damaged_total",
       "Of these, alerts that could not be read from the queue.",
       Kind::kCounter,
       {},
       number(stats.damaged)},
      {"webhook_retries_total",
       "Requests that failed and are tried again.",
       Kind::kCounter,
       {},
       number(stats.retries)},
  };
  for (const auto& [status, count] : stats.requests) {
    metrics.push_back({"webhook_requests_total",
                       "Requests by the status of their answer.",
                       Kind::kCounter,
                       {{"status", status == 0 ? "none" : std::to_string(status)}},
                       number(count)});
  }
  return metrics;
}

}  // namespace tocsin::connectors
