#include "tests/bench/workloads/streams.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <tuple>

#include "tests/bench/workloads/python_random.h"

namespace tocsin::bench {

namespace {

constexpr std::string_view kKinds[] = {"E00", "E01", "E02", "E03", "E04", "E05",
                                       "E06", "E07", "E08", "E09", "E10", "E11"};

int64_t scaled(double count, double scale) {
  return static_cast<int64_t>(count * scale);
}

// Time, card, amount.
using Charge = std::tuple<int64_t, int64_t, double>;

std::vector<Charge> card_testing(PythonRandom& random, int64_t span) {
  std::vector<Charge> charges;
  for (int64_t card = 0; card < 50'000; card += 200) {
    int64_t time = random.below(std::max<int64_t>(1, span - 400'000));
    const int64_t probes = 3 + random.below(6);
    for (int64_t i = 0; i < probes; ++i) {
      charges.emplace_back(kFirstMillis + (time | 1), card, 0.5 + random());
      time += 5'000 + random.below(35'000);
    }
    charges.emplace_back(kFirstMillis + (time | 1), card, 300.0 + 500.0 * random());
  }
  std::ranges::sort(charges);
  return charges;
}

Charge background_charge(PythonRandom& random, int64_t i) {
  const int64_t card = random.below(50'000);
  const double u = random();
  double amount = 0;
  if (u < 0.05) {
    amount = 0.1 + 1.8 * u / 0.05;
  } else if (u < 0.10) {
    amount = 201.0 + 300.0 * random();
  } else {
    amount = 2.0 + 198.0 * random();
  }
  return {kFirstMillis + 2 * i, card, amount};
}

// The answers that are still to come, the earliest first.
using Answer = std::pair<int64_t, int64_t>;  // time, key
using Answers = std::priority_queue<Answer, std::vector<Answer>, std::greater<>>;

void add_answer(PythonRandom& random, int64_t asked, int64_t key, Answers& answers) {
  const double u = random();
  if (u < 0.90) {
    answers.emplace(asked + 1 + random.below(29'999), key);
  } else if (u < 0.95) {
    answers.emplace(asked + 30'001 + random.below(30'000), key);
  }
}

std::string_view payment_kind(double u) {
  if (u < 0.11) return "withdraw";
  return u < 0.31 ? "view" : "pay";
}

}  // namespace

double rounded(double x, int digits) {
  const double unit = digits == 2 ? 100.0 : 1000.0;
  const double product = x * unit;
  const double below = std::floor(product);
  // The product is rounded too, so near the middle only the printer knows.
  if (std::abs(product - below - 0.5) > 1e-3) return std::round(product) / unit;
  char text[40];
  std::snprintf(text, sizeof(text), "%.*f", digits, x);
  return std::strtod(text, nullptr);
}

Stream<Event> keyed_payments(double scale) {
  return [count = scaled(5'000'000, scale)](const OnEvent<Event>& out) {
    PythonRandom random(101);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t key = random.below(10'000);
      const double u = random();
      const double v = random();
      const bool large = u < 0.01;
      out({kFirstMillis + i, large ? "pay" : payment_kind(u), key, i,
           rounded(large ? 900.01 + 99.0 * v : 900.0 * v, 2)});
    }
  };
}

Stream<Event> card_charges(double scale) {
  return [count = scaled(2'000'000, scale)](const OnEvent<Event>& out) {
    PythonRandom random(202);
    const std::vector<Charge> planted = card_testing(random, 2 * count);
    auto next = planted.begin();
    int64_t id = 0;
    const auto put = [&](const Charge& charge) {
      const auto& [time, card, amount] = charge;
      out({time, "pay", card, id++, rounded(amount, 2)});
    };
    for (int64_t i = 0; i < count; ++i) {
      const Charge charge = background_charge(random, i);
      while (next != planted.end() && *next < charge) put(*next++);
      put(charge);
    }
    while (next != planted.end()) put(*next++);
  };
}

Stream<Event> twelve_kinds(double scale) {
  return [count = scaled(1'000'000, scale)](const OnEvent<Event>& out) {
    PythonRandom random(20220509);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t kind = random.below(12);
      const int64_t key = random.below(1000);
      const int64_t amount = random.below(1000);
      out({kFirstMillis + i, kKinds[kind], key, i, static_cast<double>(amount)});
    }
  };
}

Stream<Event> starts_and_ends(double scale, double rare_end) {
  return [count = scaled(5'000'000, scale), rare_end](const OnEvent<Event>& out) {
    PythonRandom random(404);
    PythonRandom amounts(405);
    const bool with_amounts = rare_end > 0;
    const double ln = std::log(3'600'000.0);
    for (int64_t i = 0; i < count; ++i) {
      out({kFirstMillis + i, "start", 0, i, with_amounts ? 999.0 + amounts() : 0.0});
      if (i % 10 != 9) continue;
      const auto age = static_cast<int64_t>(std::exp(random() * ln));
      const bool known = random() < 0.5 && i >= age;
      double amount = 0;
      if (with_amounts) {
        const double u = amounts();
        const double v = amounts();
        amount = u < rare_end ? 999.0 + v : 999.0 * v;
      }
      out({kFirstMillis + i, "end", 0, known ? i - age : -1 - i, amount});
    }
  };
}

Stream<Event> answered_calls(double scale) {
  return [count = scaled(1'000'000, scale)](const OnEvent<Event>& out) {
    PythonRandom random(505);
    Answers answers;
    int64_t id = 0;
    const auto answer_next = [&] {
      const auto [time, key] = answers.top();
      answers.pop();
      out({time, "B", key, id++, 0});
    };
    for (int64_t key = 0; key < count; ++key) {
      const int64_t asked = kFirstMillis + key / 10;
      while (!answers.empty() && answers.top().first <= asked) answer_next();
      out({asked, "A", key, id++, 0});
      add_answer(random, asked, key, answers);
    }
    while (!answers.empty()) answer_next();
  };
}

Stream<Event> plain_payments(double scale) {
  return [count = scaled(1'000'000, scale)](const OnEvent<Event>& out) {
    PythonRandom random(606);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t key = random.below(1000);
      const double u = random();
      out({kFirstMillis + i, u < 0.1 ? "withdraw" : "pay", key, i, rounded(1000.0 * random(), 3)});
    }
  };
}

std::vector<AmountRule> amount_rules(size_t count) {
  PythonRandom random(607);
  std::vector<AmountRule> rules;
  while (rules.size() < count) {
    const double low = rounded(998.0 * random(), 3);
    const double threshold = rounded(900.0 + 99.0 * random(), 3);
    rules.push_back({low, rounded(low + 1.0, 3), threshold});
  }
  return rules;
}

Stream<Event> steady_charges(double scale) {
  return [count = scaled(2'500'000, scale)](const OnEvent<Event>& out) {
    constexpr int64_t kSpan = int64_t{48} * 3'600'000;
    const int64_t keys = std::max<int64_t>(1, count / 480);
    PythonRandom random(707);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t key = random.below(keys);
      const int64_t id = random.below(1000);
      const int64_t quarters = random.below(400);
      out({kFirstMillis + i * kSpan / count, "pay", key, id, 0.25 * static_cast<double>(quarters)});
    }
  };
}

Stream<Event> one_chain(int rounds) {
  return [rounds](const OnEvent<Event>& out) {
    out({kFirstMillis, "A", 0, 0, 0});
    for (int i = 1; i <= rounds; ++i) out({kFirstMillis + i, "B", 0, i, 0});
    out({kFirstMillis + rounds + 1, "C", 0, rounds + 1, 0});
  };
}

Stream<Event> three_blocks(int rounds) {
  return [rounds](const OnEvent<Event>& out) {
    int64_t id = 0;
    for (const std::string_view kind : {"A", "B", "C"}) {
      for (int i = 0; i < rounds; ++i, ++id) out({kFirstMillis + id, kind, 0, id, 0});
    }
  };
}

}  // namespace tocsin::bench
