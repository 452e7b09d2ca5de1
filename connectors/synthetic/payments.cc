#include "connectors/synthetic/payments.h"

#include <array>

namespace tocsin::connectors::synthetic {
namespace {

// How busy the hours of a day are, in 1/100 of the mean: of the world together, and of one person.
constexpr std::array<uint8_t, 24> kWorldRhythm = {62,  52,  47,  47,  55,  70,  90,  106,
                                                  115, 120, 124, 128, 130, 128, 125, 126,
                                                  132, 140, 142, 134, 120, 104, 88,  74};
constexpr std::array<uint8_t, 24> kPersonRhythm = {
    12, 6, 4, 3, 4, 10, 30, 60, 78, 80, 82, 92, 100, 92, 84, 84, 90, 100, 100, 94, 80, 60, 40, 24};

constexpr uint32_t kPaymentsPerIncident = 250;

// As many as make four to five events a day each at that rate.
uint32_t population(double events_per_second) {
  const double wanted = events_per_second * 20'000;
  return wanted < 2000 ? 2000 : wanted > 2e6 ? 2'000'000 : static_cast<uint32_t>(wanted);
}

// Places in the list of begin_incident(): each fraud once, each of the legitimate incidents twice.
std::vector<uint8_t> incident_deck() {
  std::vector<uint8_t> deck;
  for (uint8_t kind = 0; kind < 16; ++kind) deck.insert(deck.end(), kind < 8 ? 1 : 2, kind);
  return deck;
}

}  // namespace

PaymentStream::PaymentStream(uint64_t events, uint64_t seed, Timestamp start,
                             double events_per_second)
    : ScheduledStream(events, start),
      world_(seed, population(events_per_second)),
      random_(mix(seed, 255)),
      deck_(incident_deck()),
      next_device_(world_.first_free_device()),
      mean_gap_micros_(static_cast<int64_t>(1e6 / events_per_second)),
      until_incident_(kPaymentsPerIncident / 2) {}

Duration PaymentStream::gap(Timestamp now) {
  const int hour = eventtime::to_civil(now).hour;
  return random_gap(random_, mean_gap_micros_ * 100 / kWorldRhythm[static_cast<size_t>(hour)]);
}

Customer PaymentStream::somebody(Timestamp now) {
  const uint32_t all = world_.customers();
  for (int attempt = 0;; ++attempt) {
    // A tenth of the people make more than a quarter of all payments.
    const uint32_t id = random_.percent(20) ? random_.below(all / 10) : random_.below(all);
    const Customer customer = world_.customer(id);
    const auto hour = static_cast<size_t>(world_.local_hour(customer, now));
    if (attempt == 8 || random_.below(100) < kPersonRhythm[hour]) return customer;
  }
}

int64_t PaymentStream::usual_amount(const Customer& customer, const Merchant& merchant) {
  const uint64_t factor = uint64_t{customer.level} * long_tail(random_.next());
  const int64_t cents = (merchant.usual_cents * static_cast<int64_t>(factor)) >> 16;
  if (merchant.usual_cents >= 12'000 && random_.one_in(3)) return cents / 1000 * 1000 + 1000;
  return cents < 50 ? 50 : cents;
}

PaymentEvent::Outcome PaymentStream::random_outcome(bool online) {
  const uint32_t at = random_.below(1000);
  if (at < 14) return Outcome::kNoFunds;
  if (at < 17) return Outcome::kExpired;
  if (at < 20) return Outcome::kDoNotHonor;
  if (online && at < 28) return Outcome::kWrongCode;
  return Outcome::kApproved;
}

PaymentEvent PaymentStream::purchase(const Customer& customer, Timestamp now) {
  const std::optional<CityId> place = world_.place(customer, now);
  const bool at_terminal = place && random_.percent(62);
  PaymentEvent event;
  if (at_terminal) {
    const bool usual = *place == customer.home || *place == customer.work;
    MerchantId shop = usual && random_.percent(75)
                          ? world_.usual_shop(customer, *place, random_.next())
                          : World::shop(*place, random_.next());
    if (random_.percent(3)) shop = World::cash_machine(*place, random_.below(kMachinesPerCity));
    event = terminal_payment(own_card(customer), shop, 0, now);
  } else {
    const uint32_t card = own_card(customer);
    event = online_payment(card, own_device(customer), 0, now);
    if (random_.percent(70)) event.merchant = world_.usual_online_shop(customer, random_.next());
  }
  const Merchant merchant = world_.merchant(event.merchant);
  event.cents = usual_amount(customer, merchant);
  if (merchant.category == "6011") event.cents = (event.cents / 2000 + 1) * 2000;
  event.outcome = random_outcome(!at_terminal);
  return event;
}

PaymentEvent PaymentStream::account_event(const Customer& customer, Action action,
                                          Timestamp now) const {
  PaymentEvent event;
  event.time = now;
  event.action = action;
  event.customer = customer.id;
  event.device = world_.device(customer.id, 0);
  event.ip = world_.home_address(customer);
  return event;
}

void PaymentStream::background(Timestamp now) {
  if (--until_incident_ == 0) {
    until_incident_ = kPaymentsPerIncident / 2 + random_.below(kPaymentsPerIncident) + 1;
    begin_incident(now);
    if (room() == 0) return;
  }
  const Customer customer = somebody(now);
  if (random_.percent(5)) {
    const uint32_t what = random_.below(100);
    const Action action = what < 94   ? Action::kLogin
                          : what < 97 ? Action::kPasswordChange
                          : what < 98 ? Action::kEmailChange
                                      : Action::kDeviceAdded;
    schedule(account_event(customer, action, now));
    return;
  }
  PaymentEvent event = purchase(customer, now);
  const bool again = event.outcome != Outcome::kApproved && random_.percent(60);
  schedule(event);
  if (!again || room() == 0) return;
  event.time = now + seconds(random_.between(20, 90));
  event.outcome = Outcome::kApproved;
  schedule(event);
}

std::string PaymentStream::id_of(const PaymentEvent& event) const {
  std::string id = event.action == Action::kPayment ? "p" : "a";
  append_number(id, event.number);
  return id;
}

void PaymentStream::write(RecordWriter& out) const {
  if (event().action == Action::kPayment) {
    write_payment(out);
  } else {
    write_account(out);
  }
}

void PaymentStream::write_payment(RecordWriter& out) const {
  constexpr std::array<std::string_view, 5> kReasons = {"", "insufficient_funds", "wrong_code",
                                                        "expired_card", "do_not_honor"};
  const PaymentEvent& payment = event();
  const Merchant merchant = world_.merchant(payment.merchant);
  out.text("type", "Payment");
  out.code("id", "p", payment.number);
  out.time("at", payment.time);
  out.code("customer", "u", payment.customer);
  out.code("card", "c", payment.card);
  out.decimal("amount", payment.cents, 2);
  out.text("currency", merchant.currency);
  out.begin_object("merchant");
  out.code("id", "m", merchant.id);
  out.text("name", merchant.name);
  out.text("category", merchant.category);
  out.text("country", merchant.country);
  out.end_object();
  out.boolean("card_present", !merchant.online);
  if (merchant.online) {
    out.code("device", "d", payment.device);
    out.address("ip", payment.ip);
    out.absent("lat");
    out.absent("lon");
  } else {
    out.code("device", "t", payment.merchant);
    out.absent("ip");
    out.decimal("lat", merchant.lat_milli, 3);
    out.decimal("lon", merchant.lon_milli, 3);
  }
  const bool approved = payment.outcome == Outcome::kApproved;
  out.text("auth", approved ? "approved" : "declined");
  if (approved) {
    out.absent("reason");
  } else {
    out.text("reason", kReasons[static_cast<size_t>(payment.outcome)]);
  }
  out.absent("action");
  out.absent("email");
  out.finish();
}

void PaymentStream::write_account(RecordWriter& out) const {
  constexpr std::array<std::string_view, 5> kActions = {"", "login", "password_change",
                                                        "email_change", "device_added"};
  const PaymentEvent& account = event();
  out.text("type", "Account");
  out.code("id", "a", account.number);
  out.time("at", account.time);
  out.code("customer", "u", account.customer);
  out.absent("card");
  out.absent("amount");
  out.absent("currency");
  out.absent("merchant.id");
  out.absent("merchant.name");
  out.absent("merchant.category");
  out.absent("merchant.country");
  out.absent("card_present");
  out.code("device", "d", account.device);
  out.address("ip", account.ip);
  out.absent("lat");
  out.absent("lon");
  out.absent("auth");
  out.absent("reason");
  out.text("action", kActions[static_cast<size_t>(account.action)]);
  std::string email;
  world_.append_email(email, account.customer);
  out.text("email", email);
  out.finish();
}

}  // namespace tocsin::connectors::synthetic
