#include "connectors/synthetic/logins.h"

#include <utility>
#include <vector>

namespace tocsin::connectors::synthetic {
namespace {

constexpr uint32_t kLoginsPerIncident = 600;
constexpr uint32_t kUsers = 50'000;

}  // namespace

LoginStream::LoginStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second)
    : ScheduledStream(events, start),
      world_(seed, kUsers),
      random_(mix(seed, 254)),
      deck_({0, 1, 2, 2, 3}),
      next_device_(world_.first_free_device()),
      mean_gap_micros_(static_cast<int64_t>(1e6 / events_per_second)) {}

Duration LoginStream::gap(Timestamp /*now*/) {
  return random_gap(random_, mean_gap_micros_);
}

Customer LoginStream::somebody() {
  return world_.customer(random_.below(kUsers));
}

LoginEvent LoginStream::login(const Customer& user, Timestamp now) const {
  LoginEvent event;
  event.time = now;
  event.user = user.id;
  event.device = world_.device(user.id, 0);
  event.ip = world_.home_address(user);
  event.city = user.home;
  return event;
}

// Where an attack comes from.
LoginEvent LoginStream::stranger() {
  LoginEvent event;
  event.device = next_device_++;
  event.city = random_city(random_.next());
  event.ip = World::stranger_address(event.city, random_.next());
  return event;
}

void LoginStream::background(Timestamp now) {
  if (random_.one_in(kLoginsPerIncident)) begin_incident(now);
  if (room() == 0) return;
  LoginEvent event = login(somebody(), now);
  event.success = !random_.one_in(25);
  const bool again = !event.success;
  schedule(event);
  if (!again || room() == 0) return;
  event.time = now + seconds(random_.between(4, 40));
  event.success = true;
  schedule(event);
}

void LoginStream::begin_incident(Timestamp now) {
  switch (deck_.deal(random_)) {
    case 0:
      return brute_force(now);
    case 1:
      return password_spraying(now);
    case 2:
      return forgotten_password(now);
    default:
      return office_address(now);
  }
}

void LoginStream::brute_force(Timestamp now) {
  LoginEvent event = stranger();
  event.user = somebody().id;
  std::vector<LoginEvent> events;
  for (int64_t i = random_.between(10, 30); i >= 0; --i) {
    event.time = now;
    event.success = i == 0;
    events.push_back(event);
    now = now + milliseconds(random_.between(300, 9000));
  }
  schedule_incident(make_label("brute_force", true, "user", "u", event.user), std::move(events));
}

void LoginStream::password_spraying(Timestamp now) {
  LoginEvent event = stranger();
  std::vector<LoginEvent> events;
  for (int64_t i = random_.between(25, 40); i > 0; --i) {
    event.time = now;
    event.user = somebody().id;
    event.success = random_.one_in(40);
    events.push_back(event);
    now = now + seconds(random_.between(1, 12));
  }
  schedule_incident(make_label("password_spraying", true, "device", "d", event.device),
                    std::move(events));
}

void LoginStream::forgotten_password(Timestamp now) {
  LoginEvent event = login(somebody(), now);
  std::vector<LoginEvent> events;
  for (int64_t i = random_.between(2, 5); i >= 0; --i) {
    event.time = now;
    event.success = i == 0;
    events.push_back(event);
    now = now + seconds(random_.between(5, 60));
  }
  schedule_incident(make_label("forgotten_password", false, "user", "u", event.user),
                    std::move(events));
}

// A company's people behind one address, in the morning.
void LoginStream::office_address(Timestamp now) {
  const LoginEvent office = stranger();
  std::vector<LoginEvent> events;
  for (int64_t i = random_.between(20, 40); i > 0; --i) {
    LoginEvent event = login(somebody(), now);
    event.ip = office.ip;
    event.city = office.city;
    event.success = !random_.one_in(12);
    events.push_back(event);
    now = now + seconds(random_.between(1, 60));
  }
  schedule_incident(make_label("office_address", false, "device", "d", office.device),
                    std::move(events));
}

std::string LoginStream::id_of(const LoginEvent& event) const {
  std::string id = "l";
  append_number(id, event.number);
  return id;
}

void LoginStream::write(RecordWriter& out) const {
  out.text("type", "Login");
  out.code("id", "l", event().number);
  out.time("at", event().time);
  out.code("user", "u", event().user);
  out.text("result", event().success ? "success" : "failure");
  if (event().success) {
    out.absent("reason");
  } else {
    out.text("reason", "wrong_password");
  }
  out.address("ip", event().ip);
  out.text("country", city(event().city).country);
  out.code("device", "d", event().device);
  out.finish();
}

}  // namespace tocsin::connectors::synthetic
