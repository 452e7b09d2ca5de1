// Delivers the alerts of a queue to an endpoint: what is sent when, what is tried again, and what
// is given up.
//
// Requests are begun in the order of the queue. One that fails waits for its turn beside later
// ones, so an alert that the endpoint cannot digest does not stop the others; at most
// kMaxOpenRequests are begun and not done with. While the endpoint fails altogether (as many
// failures one after the other as requests may be under way, and at least two) new ones are begun
// at the pace of the back-off only. "Retry-After" holds all requests back.
//
// INVARIANT: an alert is done with when the endpoint has answered 2xx, or when it is in the dead
// letters; the progress file says so after that only. A kill in between sends it again, with the
// same id. Tested by tests/unit/connectors/webhook_sender_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "connectors/webhook/dead_letter_file.h"
#include "connectors/webhook/delivery_progress.h"
#include "connectors/webhook/delivery_queue.h"
#include "connectors/webhook/http_client.h"
#include "connectors/webhook/webhook_spec.h"
#include "runtime/clock.h"

namespace tocsin::connectors {

struct DeliveryStats {
  uint64_t end = 0;     // of the queue, when this was so
  uint64_t queued = 0;  // alerts that are not done with
  eventtime::Duration oldest;
  uint64_t delivered = 0;
  uint64_t dead = 0;
  uint64_t damaged = 0;               // of the dead: could not be read from the queue
  uint64_t retries = 0;               // requests that will be tried again, each time
  std::map<long, uint64_t> requests;  // by status; 0: no whole answer
  std::string trouble;                // why nothing gets through at the moment; "" if all is well
};

class WebhookSender {
 public:
  static constexpr size_t kMaxOpenRequests = 256;
  // Progress is written at most so often.
  static constexpr eventtime::Duration kSaveEvery{10'000};

  struct World {
    DeliveryQueue& queue;
    ProgressFile& progress;
    DeadLetterFile& dead_letters;
    const runtime::Clock& clock;
    uint64_t seed = 0;
    bool keeps_delivered = true;  // in the queue until no checkpoint needs them
  };
  // A spec that has been checked; it must outlive the sender.
  WebhookSender(const WebhookSpec& spec, const World& world);

  // Where the last run stood. Before anything is appended to the queue.
  eventtime::Result<void> begin();
  // One round, by one thread: begins what can be begun, waits for news at most so long, and takes
  // what has come.
  void step(eventtime::Duration longest);
  // How long nothing will happen by itself, by the clock; at most kLongestStep.
  eventtime::Duration until_next() const;
  static constexpr eventtime::Duration kLongestStep{60'000'000};
  // What is known of the deliveries survives the end of this program.
  eventtime::Result<void> save();

  size_t requests_under_way() const { return client_.in_flight(); }

  // From any thread.
  void wake() { client_.wake(); }
  DeliveryStats stats() const;

 private:
  struct Open {
    OpenRequest request;
    DeliveryQueue::Place place;
    eventtime::Timestamp queued;  // its first alert
    eventtime::Duration first_attempt;
    eventtime::Duration next_try;
    bool in_flight = false;
    uint64_t alerts = 0;  // of the last attempt
  };
  struct Payload {
    std::vector<std::string> ids;
    std::vector<std::string> alerts;
  };

  uint32_t failing_from() const { return std::max(spec_.max_in_flight, 2U); }
  bool is_failing() const { return failures_ >= failing_from(); }
  void start_requests();
  Open* next_retry();
  bool start_new();
  // The next alerts of the queue; false if there are none.
  eventtime::Result<bool> take_next(Open& open, Payload& payload);
  eventtime::Result<Payload> load(const Open& open);
  void start(Open& open, Payload payload);
  void settle(const HttpAnswer& answer);
  void put_off(Open& open, const HttpAnswer& answer);
  void give_up(const Open& open, const std::string& reason, long status);
  void lose(uint64_t count);
  void close(uint64_t first);
  void world_failed(const eventtime::Error& error);
  uint64_t done_before() const;
  void publish();

  const WebhookSpec& spec_;
  World world_;
  std::string endpoint_;
  std::vector<std::string> keys_;
  HttpClient client_;
  std::mt19937_64 random_;

  DeliveryQueue::Place next_;
  std::vector<Open> open_;        // by first
  uint32_t failures_ = 0;         // one after the other, of any requests
  eventtime::Duration probe_at_;  // while failing: when the next new request may begin
  eventtime::Duration gate_;      // no request before
  eventtime::Duration pace_;      // the next request by max_per_second
  eventtime::Duration saved_at_;
  bool is_dirty_ = false;  // something is done with and not saved

  DeliveryStats mine_;
  mutable std::mutex mutex_;
  DeliveryStats published_;  // guarded
};

}  // namespace tocsin::connectors
