// The incidents of the kind `payments`. Each fraud has the legitimate incident that looks most
// like it; one in twenty or so crosses the line on either side.
#include <array>
#include <utility>

#include "connectors/synthetic/payments.h"

namespace tocsin::connectors::synthetic {

void PaymentStream::begin_incident(Timestamp now) {
  // In the order of incident_deck(): the frauds first.
  using Plant = void (PaymentStream::*)(Timestamp);
  constexpr std::array<Plant, 16> kPlants = {
      &PaymentStream::card_testing,        &PaymentStream::velocity,
      &PaymentStream::impossible_travel,   &PaymentStream::rising_amounts,
      &PaymentStream::account_takeover,    &PaymentStream::shared_device,
      &PaymentStream::code_guessing,       &PaymentStream::cash_out,
      &PaymentStream::small_subscriptions, &PaymentStream::shopping_spree,
      &PaymentStream::shared_wallet,       &PaymentStream::rising_basket,
      &PaymentStream::new_phone,           &PaymentStream::family_holiday,
      &PaymentStream::mistyped_code,       &PaymentStream::cash_on_arrival};
  (this->*kPlants[deck_.deal(random_)])(now);
}

PaymentStream::Thief PaymentStream::thief() {
  const CityId where = random_city(random_.next());
  return {next_device_++, World::stranger_address(where, random_.next())};
}

PaymentStream::Thief PaymentStream::own_device(const Customer& customer) {
  return {world_.device(customer.id, random_.below(customer.devices)),
          world_.home_address(customer)};
}

uint32_t PaymentStream::own_card(const Customer& customer) {
  return world_.card(customer.id, customer.cards == 1 ? 0 : random_.below(2));
}

PaymentEvent PaymentStream::online_payment(uint32_t card, Thief by, int64_t cents, Timestamp at) {
  PaymentEvent event;
  event.time = at;
  event.customer = card / 2;
  event.card = card;
  event.device = by.device;
  event.ip = by.ip;
  event.merchant = World::online_shop(random_.next());
  event.cents = cents;
  return event;
}

PaymentEvent PaymentStream::terminal_payment(uint32_t card, MerchantId where, int64_t cents,
                                             Timestamp at) const {
  PaymentEvent event;
  event.time = at;
  event.customer = card / 2;
  event.card = card;
  event.merchant = where;
  event.cents = cents;
  return event;
}

// A thief tries whether a stolen card works with charges that nobody notices, then takes much.
void PaymentStream::card_testing(Timestamp now) {
  const uint32_t card = own_card(somebody(now));
  const Thief by = thief();
  const int64_t probes = random_.one_in(20) ? 2 : random_.between(3, 8);
  Events events;
  for (int64_t i = 0; i < probes; ++i) {
    events.push_back(online_payment(card, by, random_.between(50, 199), now));
    if (random_.percent(15)) events.back().outcome = Outcome::kDoNotHonor;
    now = now + seconds(random_.between(5, 60));
  }
  events.push_back(online_payment(card, by, random_.between(40'000, 200'000), now));
  schedule_incident(make_label("card_testing", true, "card", "c", card), std::move(events));
}

// Small purchases in an app over an hour, then an ordinary one.
void PaymentStream::small_subscriptions(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const Thief by = own_device(customer);
  const bool extreme = random_.one_in(25);
  Events events;
  for (int64_t i = random_.between(3, 5); i > 0; --i) {
    events.push_back(online_payment(card, by, random_.between(0, 3) * 50 + 49, now));
    now = now + seconds(extreme ? random_.between(20, 120) : random_.between(60, 900));
  }
  const int64_t cents = extreme ? random_.between(35'000, 80'000) : random_.between(1500, 9000);
  events.push_back(online_payment(card, by, cents, now));
  schedule_incident(make_label("small_subscriptions", false, "card", "c", card), std::move(events));
}

// A stolen card is emptied in minutes with purchases of ordinary size.
void PaymentStream::velocity(Timestamp now) {
  const uint32_t card = own_card(somebody(now));
  const Thief by = thief();
  const bool subtle = random_.one_in(20);
  Events events;
  for (int64_t i = random_.between(7, 13); i > 0; --i) {
    events.push_back(online_payment(card, by, random_.between(3500, 9400), now));
    if (random_.percent(4)) events.back().outcome = Outcome::kNoFunds;
    now = now + seconds(subtle ? random_.between(80, 150) : random_.between(5, 30));
  }
  schedule_incident(make_label("velocity", true, "card", "c", card), std::move(events));
}

// Pay day: several purchases within half an hour.
void PaymentStream::shopping_spree(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const CityId where = world_.place(customer, now).value_or(customer.home);
  const bool extreme = random_.one_in(20);  // at a fair: from stall to stall
  Events events;
  for (int64_t i = extreme ? random_.between(6, 8) : random_.between(3, 5); i > 0; --i) {
    const int64_t cents = random_.between(1200, 9000);
    events.push_back(terminal_payment(card, World::shop(where, random_.next()), cents, now));
    now = now + seconds(extreme ? random_.between(20, 45) : random_.between(60, 420));
  }
  schedule_incident(make_label("shopping_spree", false, "card", "c", card), std::move(events));
}

// The owner pays at a till at home; a copy of the card pays on another continent.
void PaymentStream::impossible_travel(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const CityId here = world_.place(customer, now).value_or(customer.home);
  const CityId there = city_far_from(here, random_.next());
  const bool subtle = random_.one_in(20);  // with a flight's time between
  const MerchantId shop = World::shop(here, random_.next());
  Events events;
  events.push_back(terminal_payment(card, shop, random_.between(600, 6000), now));
  now = now + minutes(subtle ? random_.between(900, 1300) : random_.between(10, 90));
  for (int64_t i = random_.between(1, 3); i > 0; --i) {
    const int64_t cents = random_.between(8000, 90'000);
    events.push_back(terminal_payment(card, World::shop(there, random_.next()), cents, now));
    now = now + minutes(random_.between(2, 20));
  }
  schedule_incident(make_label("impossible_travel", true, "card", "c", card), std::move(events));
}

// A partner pays with the same card by telephone, in the same town; now and then from a journey.
void PaymentStream::shared_wallet(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const CityId here = world_.place(customer, now).value_or(customer.home);
  CityId there = city(here).twin;
  if (random_.one_in(20)) there = city_of_region(here, random_.next());
  Events events;
  for (int64_t i = random_.between(2, 4); i > 0; --i) {
    const CityId where = i % 2 == 0 ? here : there;
    const int64_t cents = random_.between(400, 5500);
    events.push_back(terminal_payment(card, World::shop(where, random_.next()), cents, now));
    now = now + minutes(random_.between(5, 40));
  }
  schedule_incident(make_label("shared_wallet", false, "card", "c", card), std::move(events));
}

// Each purchase larger than the last: a thief feels for the card's limit.
void PaymentStream::rising_amounts(Timestamp now) {
  const uint32_t card = own_card(somebody(now));
  const Thief by = thief();
  int64_t cents = random_.between(800, 3000);
  Events events;
  for (int64_t i = random_.one_in(20) ? 4 : random_.between(5, 7); i > 0; --i) {
    events.push_back(online_payment(card, by, cents, now));
    cents = cents * random_.between(140, 200) / 100;
    now = now + seconds(random_.between(60, 400));
  }
  schedule_incident(make_label("rising_amounts", true, "card", "c", card), std::move(events));
}

// Three purchases that happen to rise.
void PaymentStream::rising_basket(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const Thief by = own_device(customer);
  int64_t cents = random_.between(800, 2500);
  Events events;
  for (int64_t i = random_.one_in(20) ? 5 : 3; i > 0; --i) {
    events.push_back(online_payment(card, by, cents, now));
    cents = cents * random_.between(130, 200) / 100;
    now = now + seconds(random_.between(60, 600));
  }
  schedule_incident(make_label("rising_basket", false, "card", "c", card), std::move(events));
}

// A thief enters an account, shuts the owner out, adds a device and buys with it.
void PaymentStream::account_takeover(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const Thief by = thief();
  const bool subtle = random_.one_in(20);  // patient
  Events events;
  const auto step = [&](Action action) {
    events.push_back(account_event(customer, action, now));
    events.back().device = by.device;
    events.back().ip = by.ip;
    now = now + seconds(random_.between(30, 400));
  };
  step(Action::kLogin);
  step(Action::kPasswordChange);
  if (random_.percent(40)) step(Action::kEmailChange);
  step(Action::kDeviceAdded);
  if (subtle) now = now + minutes(random_.between(200, 300));
  for (int64_t i = random_.between(1, 3); i > 0; --i) {
    events.push_back(online_payment(card, by, random_.between(40'000, 250'000), now));
    now = now + seconds(random_.between(60, 900));
  }
  schedule_incident(make_label("account_takeover", true, "customer", "u", customer.id),
                    std::move(events));
}

// The owner's new telephone: the same steps, then small purchases.
void PaymentStream::new_phone(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const Thief by = {next_device_++, world_.home_address(customer)};
  const bool extreme = random_.one_in(20);
  Events events;
  if (extreme || random_.percent(50)) {
    events.push_back(account_event(customer, Action::kPasswordChange, now));
    now = now + seconds(random_.between(30, 400));
  }
  events.push_back(account_event(customer, Action::kDeviceAdded, now));
  events.back().device = by.device;
  for (int64_t i = random_.between(1, 3); i > 0; --i) {
    now = now + minutes(random_.between(2, 30));
    const int64_t cents = extreme ? random_.between(35'000, 90'000) : random_.between(400, 15'000);
    events.push_back(online_payment(card, by, cents, now));
  }
  schedule_incident(make_label("new_phone", false, "customer", "u", customer.id),
                    std::move(events));
}

// One device pays with the stolen cards of many people.
void PaymentStream::shared_device(Timestamp now) {
  const Thief by = thief();
  Events events;
  for (int64_t i = random_.one_in(20) ? 4 : random_.between(5, 9); i > 0; --i) {
    const uint32_t card = own_card(somebody(now));
    events.push_back(online_payment(card, by, random_.between(3000, 30'000), now));
    now = now + seconds(random_.between(60, 400));
  }
  schedule_incident(make_label("shared_device", true, "device", "d", by.device), std::move(events));
}

// A family abroad with one tablet: a few cards, slowly.
void PaymentStream::family_holiday(Timestamp now) {
  const Thief tablet = thief();
  const bool extreme = random_.one_in(20);  // a group books an outing
  std::vector<uint32_t> cards;
  for (int64_t i = extreme ? 6 : random_.between(3, 4); i > 0; --i) {
    cards.push_back(own_card(somebody(now)));
  }
  Events events;
  for (size_t i = 0; i < cards.size() * (extreme ? 1 : 2); ++i) {
    events.push_back(
        online_payment(cards[i % cards.size()], tablet, random_.between(500, 12'000), now));
    now = now + minutes(extreme ? random_.between(1, 8) : random_.between(10, 50));
  }
  schedule_incident(make_label("family_holiday", false, "device", "d", tablet.device),
                    std::move(events));
}

// A thief has the number of a card but not its code, and tries codes until one is right.
void PaymentStream::code_guessing(Timestamp now) {
  const uint32_t card = own_card(somebody(now));
  const Thief by = thief();
  const int64_t cents = random_.between(15'000, 90'000);
  Events events;
  for (int64_t i = random_.one_in(20) ? 2 : random_.between(4, 9); i > 0; --i) {
    events.push_back(online_payment(card, by, cents, now));
    events.back().outcome = Outcome::kWrongCode;
    now = now + seconds(random_.between(4, 25));
  }
  events.push_back(online_payment(card, by, cents, now));
  schedule_incident(make_label("code_guessing", true, "card", "c", card), std::move(events));
}

// The owner mistypes the code once or twice.
void PaymentStream::mistyped_code(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const Thief by = own_device(customer);
  const bool extreme = random_.one_in(20);
  const int64_t cents = extreme ? random_.between(12'000, 40'000) : random_.between(900, 20'000);
  const MerchantId shop = World::online_shop(random_.next());
  Events events;
  for (int64_t i = extreme ? 4 : random_.between(1, 2); i >= 0; --i) {
    events.push_back(online_payment(card, by, cents, now));
    events.back().merchant = shop;
    if (i > 0) events.back().outcome = Outcome::kWrongCode;
    now = now + seconds(random_.between(15, 60));
  }
  schedule_incident(make_label("mistyped_code", false, "card", "c", card), std::move(events));
}

// A copied card with its code goes from cash machine to cash machine.
void PaymentStream::cash_out(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const CityId where = world_.place(customer, now).value_or(customer.home);
  const uint32_t first = random_.below(kMachinesPerCity);
  const auto machines = static_cast<uint32_t>(random_.one_in(30) ? 2 : random_.between(3, 5));
  Events events;
  for (uint32_t i = 0; i < machines; ++i) {
    const int64_t cents = random_.between(10, 25) * 2000;
    events.push_back(terminal_payment(card, World::cash_machine(where, first + i), cents, now));
    now = now + seconds(random_.between(60, 300));
  }
  schedule_incident(make_label("cash_out", true, "card", "c", card), std::move(events));
}

// A traveller's first machine gives no money, the second does.
void PaymentStream::cash_on_arrival(Timestamp now) {
  const Customer customer = somebody(now);
  const uint32_t card = own_card(customer);
  const CityId where = world_.place(customer, now).value_or(customer.home);
  const uint32_t first = random_.below(kMachinesPerCity);
  const int64_t cents = random_.between(3, 15) * 2000;
  const bool extreme = random_.one_in(20);  // three machines with a low limit each
  const uint32_t machines = extreme ? 3 : 2;
  Events events;
  for (uint32_t i = 0; i < machines; ++i) {
    events.push_back(terminal_payment(card, World::cash_machine(where, first + i), cents, now));
    if (!extreme && i == 0) events.back().outcome = Outcome::kNoFunds;
    now = now + seconds(random_.between(60, 400));
  }
  schedule_incident(make_label("cash_on_arrival", false, "card", "c", card), std::move(events));
}

}  // namespace tocsin::connectors::synthetic
