// Card payments and account events with planted fraud: the kind `payments`.
//
// Background: people pay where they live, work or travel, and online, by day more than by night;
// about every twentieth event is one of their account (a login, mostly). Into this, incidents are
// dealt from a deck (payments_incidents.cc): eight kinds of fraud, and legitimate ones that look
// similar. A few of the frauds are subtle and a few of the legitimate ones extreme, on purpose: no
// pattern finds all and only the planted fraud.
//
// The arguments of one call never draw twice from `random_`: compilers differ in their order.
#pragma once

#include <string>
#include <vector>

#include "connectors/synthetic/random.h"
#include "connectors/synthetic/stream.h"
#include "connectors/synthetic/world.h"

namespace tocsin::connectors::synthetic {

struct PaymentEvent : Scheduled {
  enum class Action : uint8_t { kPayment, kLogin, kPasswordChange, kEmailChange, kDeviceAdded };
  enum class Outcome : uint8_t { kApproved, kNoFunds, kWrongCode, kExpired, kDoNotHonor };

  Action action = Action::kPayment;
  Outcome outcome = Outcome::kApproved;
  uint32_t customer = 0;
  uint32_t device = 0;  // of the customer, or of whoever uses the card; none at a terminal
  uint32_t ip = 0;      // not at a terminal
  uint32_t card = 0;    // of payments, as the following
  uint32_t merchant = 0;
  int64_t cents = 0;
};

class PaymentStream final : public ScheduledStream<PaymentEvent> {
 public:
  PaymentStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second);

  void write(RecordWriter& out) const override;

 protected:
  void background(Timestamp now) override;
  Duration gap(Timestamp now) override;
  std::string id_of(const PaymentEvent& event) const override;

 private:
  using Action = PaymentEvent::Action;
  using Outcome = PaymentEvent::Outcome;
  using Events = std::vector<PaymentEvent>;

  // Somebody who is likely to be awake.
  Customer somebody(Timestamp now);
  PaymentEvent purchase(const Customer& customer, Timestamp now);
  PaymentEvent account_event(const Customer& customer, Action action, Timestamp now) const;
  // Amount as usual at that shop for that customer.
  int64_t usual_amount(const Customer& customer, const Merchant& merchant);
  Outcome random_outcome(bool online);
  void write_payment(RecordWriter& out) const;
  void write_account(RecordWriter& out) const;

  // payments_incidents.cc
  void begin_incident(Timestamp now);
  // A device that nobody has used, at an address in a random city: a thief's.
  struct Thief {
    uint32_t device = 0;
    uint32_t ip = 0;
  };
  Thief thief();
  PaymentEvent online_payment(uint32_t card, Thief by, int64_t cents, Timestamp at);
  PaymentEvent terminal_payment(uint32_t card, MerchantId where, int64_t cents, Timestamp at) const;
  Thief own_device(const Customer& customer);
  uint32_t own_card(const Customer& customer);

  void card_testing(Timestamp now);
  void velocity(Timestamp now);
  void impossible_travel(Timestamp now);
  void rising_amounts(Timestamp now);
  void account_takeover(Timestamp now);
  void shared_device(Timestamp now);
  void code_guessing(Timestamp now);
  void cash_out(Timestamp now);
  void small_subscriptions(Timestamp now);
  void shopping_spree(Timestamp now);
  void shared_wallet(Timestamp now);
  void rising_basket(Timestamp now);
  void new_phone(Timestamp now);
  void family_holiday(Timestamp now);
  void mistyped_code(Timestamp now);
  void cash_on_arrival(Timestamp now);

  World world_;
  Random random_;
  Deck deck_;
  uint32_t next_device_;
  int64_t mean_gap_micros_;
  uint32_t until_incident_;  // calls of background() until the next one
};

}  // namespace tocsin::connectors::synthetic
