// Tocsin inside a program: patterns as text, events pushed one by one, alerts by a callback.
#include <cstdio>
#include <string>

#include "runtime/detector.h"

namespace {

using tocsin::eventtime::Timestamp;
using tocsin::runtime::Alert;

constexpr const char* kPatterns = R"(
event Payment { card: string, amount: float, at: timestamp } time at

pattern card_testing "many small probes, then one large charge on the same card" {
  by card
  match probe: Payment[amount < 2]{3,}
    then hit: Payment[amount > 500 and amount > 100 * avg(probe.amount)]
  within 10m
  emit probes: count(probe), loss: hit.amount
}
)";

struct Payment {
  const char* card;
  double amount;
  int64_t second;
};
constexpr Payment kPayments[] = {{"c42", 1.00, 0},   {"c42", 0.50, 60},   {"c7", 1.20, 90},
                                 {"c42", 1.50, 200}, {"c7", 812.00, 230}, {"c42", 912.50, 250},
                                 {"c42", 20.00, 300}};

void print(const Alert& alert) {
  const std::string card(alert.key()[0].cell.text.view());
  std::printf("%s: card %s lost %.2f after %d probes\n", alert.pattern().name.c_str(), card.c_str(),
              alert.value("loss")->cell.number, static_cast<int>(alert.value(0).cell.integer));
  std::string line;
  alert.append_json(line);  // what `tocsin run` writes
  std::fputs(line.c_str(), stdout);
}

int fail(const tocsin::eventtime::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main() {
  tocsin::runtime::DetectorOptions options;
  options.on_alert = print;
  auto created = tocsin::runtime::Detector::create({{"card_testing.tocsin", kPatterns}}, options);
  if (!created) return fail(created.error());
  tocsin::runtime::Detector& detector = **created;

  const auto type = detector.event_type("Payment");
  if (!type) return fail(type.error());
  const auto card = detector.field(*type, "card");
  const auto amount = detector.field(*type, "amount");
  const auto at = detector.field(*type, "at");
  if (!card) return fail(card.error());
  if (!amount) return fail(amount.error());
  if (!at) return fail(at.error());

  const Timestamp morning = *tocsin::eventtime::parse_timestamp("2026-03-01T10:00:00Z");
  for (const Payment& payment : kPayments) {
    const auto pushed = detector.event(*type)
                            .set(*card, payment.card)
                            .set(*amount, payment.amount)
                            .set(*at, Timestamp{morning.micros + payment.second * 1'000'000})
                            .push();
    if (!pushed) return fail(pushed.error());
  }
  const auto finished = detector.finish();
  return finished ? 0 : fail(finished.error());
}
