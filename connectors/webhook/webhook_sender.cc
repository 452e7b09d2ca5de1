#include "connectors/webhook/webhook_sender.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "connectors/state/digest.h"
#include "connectors/webhook/fork_guard.h"
#include "connectors/webhook/retry.h"
#include "connectors/webhook/signature.h"
#include "connectors/webhook/webhook_check.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Duration;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

Duration operator+(Duration left, Duration right) {
  return {left.micros + right.micros};
}

std::string id_of(const std::vector<std::string>& ids) {
  std::string all;
  for (const std::string& id : ids) all += id;
  return to_hex(XXH3_128bits(all.data(), all.size()));
}

std::string array_of(const std::vector<std::string>& alerts) {
  std::string body = "[";
  for (const std::string& alert : alerts) {
    if (body.size() > 1) body += ',';
    body += alert;
  }
  return body + ']';
}

}  // namespace

WebhookSender::WebhookSender(const WebhookSpec& spec, const World& world)
    : spec_(spec),
      world_(world),
      endpoint_(shown_endpoint(spec.url)),
      client_(spec),
      random_(world.seed) {
  for (const std::string& secret : spec.secrets) keys_.push_back(signing_key(secret).value());
}

// Numbers behind the end of the queue are those of alerts that a crash has taken from it: others
// get them now, and these were not delivered.
Result<void> WebhookSender::begin() {
  Result<DeliveryProgress> progress = world_.progress.load();
  if (!progress) return Unexpected<Error>{progress.error()};
  const uint64_t end = world_.queue.end();
  const Duration now = world_.clock.now();
  for (OpenRequest request : progress->open) {
    if (request.first >= end) continue;
    request.count = static_cast<uint32_t>(std::min<uint64_t>(request.count, end - request.first));
    const Result<DeliveryQueue::Place> place = world_.queue.find(request.first);
    if (!place) return Unexpected<Error>{place.error()};
    const int64_t age = (world_.clock.date() - request.first_attempt).micros;
    const int64_t tried_for = std::clamp<int64_t>(age, 0, spec_.retry_for.micros);
    open_.push_back({request, *place, world_.clock.date(), {now.micros - tried_for}, now});
  }
  const Result<DeliveryQueue::Place> next = world_.queue.find(std::min(progress->next, end));
  if (!next) return Unexpected<Error>{next.error()};
  next_ = *next;
  publish();
  return save();
}

void WebhookSender::step(Duration longest) {
  int64_t micros = 0;
  {
    const ForkGuard guard;
    start_requests();
    micros = std::max<int64_t>(0, std::min(longest, until_next()).micros);
  }
  client_.wait(static_cast<int>((micros + 999) / 1000));
  const ForkGuard guard;
  for (const HttpAnswer& answer : client_.take_answers()) settle(answer);
  if (is_dirty_ && world_.clock.now() >= saved_at_ + kSaveEvery) {
    const Result<void> saved = save();
    if (!saved) world_failed(saved.error());
    if (!saved) saved_at_ = gate_;  // not again and again
  }
  publish();
}

Duration WebhookSender::until_next() const {
  const Duration now = world_.clock.now();
  Duration next = now + kLongestStep;
  if (client_.in_flight() < spec_.max_in_flight) {
    for (const Open& open : open_) {
      if (!open.in_flight) next = std::min(next, std::max({open.next_try, gate_, pace_}));
    }
    if (open_.size() < kMaxOpenRequests && next_.at.number < world_.queue.end()) {
      const Duration begin = is_failing() ? probe_at_ : now;
      next = std::min(next, std::max({begin, gate_, pace_}));
    }
  }
  if (is_dirty_) next = std::min(next, saved_at_ + kSaveEvery);
  return {std::max<int64_t>(0, next.micros - now.micros)};
}

void WebhookSender::start_requests() {
  while (client_.in_flight() < spec_.max_in_flight) {
    const Duration now = world_.clock.now();
    if (now < gate_ || now < pace_) return;
    Open* const again = next_retry();
    if (again == nullptr) {
      if (!start_new()) return;
      continue;
    }
    Result<Payload> payload = load(*again);
    if (!payload) return world_failed(payload.error());
    if (payload->ids.empty()) {
      lose(again->request.count);
      close(again->request.first);
      continue;
    }
    start(*again, *std::move(payload));
  }
}

// The first one whose time has come.
WebhookSender::Open* WebhookSender::next_retry() {
  const Duration now = world_.clock.now();
  for (Open& open : open_) {
    if (!open.in_flight && open.next_try <= now) return &open;
  }
  return nullptr;
}

bool WebhookSender::start_new() {
  const Duration now = world_.clock.now();
  if (open_.size() >= kMaxOpenRequests || (is_failing() && now < probe_at_)) return false;
  Open open;
  Payload payload;
  const Result<bool> taken = take_next(open, payload);
  if (!taken) world_failed(taken.error());
  if (!taken || !*taken) return false;
  open.first_attempt = now;
  if (is_failing()) probe_at_ = now + back_off(failures_, random_());
  open_.push_back(open);
  start(open_.back(), std::move(payload));
  return true;
}

// Copies are not sent again, and where alerts cannot be read there is nothing to wait for.
Result<bool> WebhookSender::take_next(Open& open, Payload& payload) {
  DeliveryQueue::Place at = next_;
  while (payload.ids.size() < spec_.batch) {
    const DeliveryQueue::Place place = at;
    Result<DeliveryQueue::Entry> entry = world_.queue.read(at);
    if (!entry && payload.ids.empty()) return Unexpected<Error>{entry.error()};
    if (!entry || entry->found == Found::kEnd) break;
    if (entry->found == Found::kDamaged) lose(entry->lost);
    if (entry->found == Found::kAlert && !entry->alert.is_copy) {
      // The number is right where the file changes, too; the place leads there.
      const uint64_t number = at.at.number - 1;
      if (payload.ids.empty()) {
        open.place = place;
        open.request.first = number;
        open.queued = entry->alert.queued;
      }
      open.request.count = static_cast<uint32_t>(number + 1 - open.request.first);
      payload.ids.push_back(std::move(entry->alert.id));
      payload.alerts.push_back(std::move(entry->alert.json));
    } else {
      is_dirty_ = true;
    }
    next_ = at;
  }
  return !payload.ids.empty();
}

Result<WebhookSender::Payload> WebhookSender::load(const Open& open) {
  Payload payload;
  DeliveryQueue::Place at = open.place;
  while (true) {
    Result<DeliveryQueue::Entry> entry = world_.queue.read(at);
    if (!entry) return Unexpected<Error>{entry.error()};
    const uint64_t end = open.request.first + open.request.count;
    if (entry->found == Found::kEnd || at.at.number > end) return payload;
    if (entry->found == Found::kAlert && !entry->alert.is_copy) {
      payload.ids.push_back(std::move(entry->alert.id));
      payload.alerts.push_back(std::move(entry->alert.json));
    }
    if (at.at.number == end) return payload;
  }
}

void WebhookSender::start(Open& open, Payload payload) {
  const bool is_array = spec_.batch > 1;
  const std::string id = is_array ? id_of(payload.ids) : payload.ids.front();
  HttpRequest request;
  request.token = open.request.first;
  request.body = is_array ? array_of(payload.alerts) : std::move(payload.alerts.front());
  const std::string time = std::to_string(world_.clock.date().micros / eventtime::kMicrosPerSecond);
  request.headers = {"content-type: application/json", "webhook-id: " + id,
                     "webhook-timestamp: " + time};
  if (!keys_.empty()) {
    request.headers.push_back("webhook-signature: " + sign_webhook(keys_, id, time, request.body));
  }
  open.in_flight = true;
  open.alerts = payload.ids.size();
  ++open.request.attempts;
  if (spec_.max_per_second) {
    pace_ = world_.clock.now() +
            Duration{static_cast<int64_t>(eventtime::kMicrosPerSecond / *spec_.max_per_second)};
  }
  client_.start(std::move(request));
}

void WebhookSender::settle(const HttpAnswer& answer) {
  ++mine_.requests[answer.status];
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Open& open) {
    return open.in_flight && open.request.first == answer.token;
  });
  TOCSIN_CHECK(found != open_.end(), "an answer belongs to a request");
  found->in_flight = false;
  const Verdict verdict = verdict_of(answer.status);
  if (verdict == Verdict::kRetry) return put_off(*found, answer);
  // The endpoint lives: what waits for it need not wait for the end of a long back-off.
  if (is_failing()) {
    for (Open& open : open_) open.next_try = world_.clock.now();
  }
  failures_ = 0;
  mine_.trouble.clear();
  if (verdict == Verdict::kDelivered) {
    mine_.delivered += found->alerts;
  } else {
    give_up(*found, fmt::format("{} answers {}", endpoint_, answer.status), answer.status);
  }
  close(answer.token);
}

void WebhookSender::put_off(Open& open, const HttpAnswer& answer) {
  const Duration now = world_.clock.now();
  const std::string reason = answer.status != 0
                                 ? fmt::format("{} answers {}", endpoint_, answer.status)
                                 : fmt::format("{}: {}", endpoint_, answer.fault);
  mine_.trouble = reason;
  ++failures_;
  if (failures_ == failing_from()) probe_at_ = now + back_off(failures_, random_());
  const Duration deadline = open.first_attempt + spec_.retry_for;
  if (now >= deadline) {
    give_up(open, fmt::format("gave up after {}: {}", to_string(spec_.retry_for), reason),
            answer.status);
    return close(open.request.first);
  }
  ++mine_.retries;
  is_dirty_ = true;
  open.next_try = std::min(now + back_off(open.request.attempts, random_()), deadline);
  const auto asked = retry_after(answer.retry_after, world_.clock.date());
  if (!asked) return;
  gate_ = std::max(gate_, now + *asked);
  open.next_try = std::max(open.next_try, gate_);
}

// The letters reach the disk before the progress says that these are done with.
void WebhookSender::give_up(const Open& open, const std::string& reason, long status) {
  const Result<Payload> payload = load(open);
  if (!payload || payload->alerts.empty()) return lose(open.request.count);
  mine_.dead += payload->alerts.size();
  for (const std::string& alert : payload->alerts) {
    world_.dead_letters.add({reason, status, open.request.attempts, alert});
  }
  saved_at_ = {};
}

void WebhookSender::lose(uint64_t count) {
  mine_.dead += count;
  mine_.damaged += count;
  const std::string reason = fmt::format("{} in the queue {} damaged",
                                         count == 1 ? "an alert" : fmt::format("{} alerts", count),
                                         count == 1 ? "is" : "are");
  world_.dead_letters.add({.reason = reason, .status = 0, .attempts = 0, .alert = {}});
  is_dirty_ = true;
}

void WebhookSender::close(uint64_t first) {
  std::erase_if(open_, [first](const Open& open) { return open.request.first == first; });
  is_dirty_ = true;
}

void WebhookSender::world_failed(const Error& error) {
  mine_.trouble = error.message;
  gate_ = world_.clock.now() + kFirstBackOff;
}

uint64_t WebhookSender::done_before() const {
  return open_.empty() ? next_.at.number : open_.front().request.first;
}

Result<void> WebhookSender::save() {
  saved_at_ = world_.clock.now();
  Result<void> done = world_.dead_letters.sync();
  if (!done) return done;
  DeliveryProgress progress;
  progress.next = next_.at.number;
  const int64_t ahead = world_.clock.date().micros - world_.clock.now().micros;
  for (const Open& open : open_) {
    progress.open.push_back(open.request);
    progress.open.back().first_attempt = {open.first_attempt.micros + ahead};
  }
  done = world_.progress.save(progress);
  if (!done) return done;
  is_dirty_ = false;
  world_.queue.remove_before(done_before(), !world_.keeps_delivered);
  return done;
}

void WebhookSender::publish() {
  const uint64_t end = world_.queue.end();
  mine_.end = end;
  mine_.queued = end - std::min(next_.at.number, end);
  for (const Open& open : open_) mine_.queued += open.request.count;
  mine_.oldest = {};
  std::optional<eventtime::Timestamp> oldest;
  if (!open_.empty()) {
    oldest = open_.front().queued;
  } else if (mine_.queued > 0) {
    DeliveryQueue::Place at = next_;
    const Result<DeliveryQueue::Entry> entry = world_.queue.read(at);
    if (entry && entry->found == Found::kAlert) oldest = entry->alert.queued;
  }
  if (oldest) mine_.oldest = {std::max<int64_t>(0, (world_.clock.date() - *oldest).micros)};
  const std::lock_guard lock(mutex_);
  published_ = mine_;
}

DeliveryStats WebhookSender::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace tocsin::connectors
