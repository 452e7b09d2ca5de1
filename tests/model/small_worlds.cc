#include "tests/model/small_worlds.h"

namespace tocsin::model {

namespace {

struct Rounds {
  const char* text;
  bool optional;
};

constexpr Rounds kRounds[] = {
    {"", false},
    {"?", true},
    {"*", true},
    {"* strict", true},
    {"* any", true},
    {"+", false},
    {"+ strict", false},
    {"+ any", false},
    {"{2}", false},
    {"{2} strict", false},
    {"{2} any", false},
    {"{1,2}", false},
    {"{1,2} strict", false},
    {"{1,2} any", false},
};
constexpr const char* kConnectors[] = {" then ", " next ", " then any "};

std::string variable(size_t step) {
  return "v" + std::to_string(step + 1);
}

// Continues `text`, of which `step` steps stand, in all ways.
void extend(const std::string& text, size_t step, size_t steps, bool only_a, bool all_optional,
            std::vector<std::string>& out) {
  if (step == steps) {
    if (!all_optional) out.push_back(text);
    return;
  }
  for (const char* type : {"A", "B"}) {
    if (type[0] == 'B' && only_a) continue;  // the first type named is A
    for (const Rounds& rounds : kRounds) {
      for (const char* connector : kConnectors) {
        const std::string element = variable(step) + ": " + type + rounds.text;
        extend(step == 0 ? element : text + connector + element, step + 1, steps, false,
               all_optional && rounds.optional, out);
        if (step == 0) break;  // nothing to be connected to
      }
    }
  }
}

}  // namespace

std::vector<std::string> small_sequences(size_t steps) {
  std::vector<std::string> out;
  extend("", 0, steps, true, true, out);
  return out;
}

namespace {

std::vector<std::string> strategies_of(size_t steps) {
  std::vector<std::string> strategies{"past last", "to next", "none"};
  for (size_t step = 0; step < steps; ++step) {
    strategies.push_back("to first " + variable(step));
    strategies.push_back("to last " + variable(step));
  }
  return strategies;
}

std::string patterns_of(const std::string& clauses, const std::vector<std::string>& strategies) {
  std::string text;
  for (size_t i = 0; i < strategies.size(); ++i) {
    text += "pattern p" + std::to_string(i) + " { on A, B, X by k match " + clauses + " skip " +
            strategies[i] + " }\n";
  }
  return text;
}

}  // namespace

std::vector<std::string> small_extras() {
  constexpr const char* kExtraRounds[] = {
      "",          "?",         "+",  "+ any",      "+ longest",
      "+? strict", "* longest", "??", "{1,2}? any", "{1,2} longest strict"};
  constexpr const char* kBetween[] = {" then not n: X then ", " next not n: X then ",
                                      " then not n: X for 1ms then any ", " then not n: B next "};
  constexpr const char* kBehind[] = {"", " then not n: X", " next not n: X",
                                     " then not n: B for 1ms", " then not n: A"};
  std::vector<std::string> out;
  for (const std::string first : kExtraRounds) {
    const bool optional = first == "??" || first == "?" || first.starts_with("*");
    for (const char* behind : kBehind) {
      if (!optional) out.push_back("v1: A" + first + behind);
      for (const std::string second : kExtraRounds) {
        const std::string rest = "v2: B" + second + behind;
        if (!optional) out.push_back("v1: A" + first + " then " + rest);
        if (!optional && !second.starts_with("*") && !second.ends_with("?")) {
          out.push_back("( v1: A" + first + " & v2: B" + second + " )" + behind);
        }
      }
    }
    for (const std::string second : kExtraRounds) {
      for (const char* between : kBetween) {
        if (optional) continue;
        out.push_back("v1: A" + first + between + "v2: B" + second);
      }
      if (optional || second.starts_with("*") || second.ends_with("?")) continue;
      out.push_back("( v1: A" + first + " | v2: B" + second + " next not n: B )+");
    }
  }
  return out;
}

std::string small_patterns(const std::string& sequence, size_t steps) {
  return patterns_of(sequence, strategies_of(steps));
}

std::string small_patterns_in_window(const std::string& sequence, size_t steps) {
  std::vector<std::string> strategies = strategies_of(steps);
  strategies.emplace_back("past last leftmost");
  strategies.emplace_back("to next leftmost");
  return patterns_of(sequence + " within 2ms", strategies);
}

std::string small_declarations() {
  std::string text;
  for (const char* name : {"A", "B", "X"}) {
    text += "event " + std::string(name) + " { k: int, at: timestamp } time at\n";
  }
  return text;
}

std::vector<std::string> small_streams(const std::string& types, size_t length) {
  std::vector<std::string> streams{""};
  for (size_t begin = 0, size = 0; size < length; ++size) {
    const size_t end = streams.size();
    for (; begin < end; ++begin) {
      for (const char type : types) streams.push_back(streams[begin] + type);
    }
  }
  std::vector<std::string> records;
  for (size_t place = 0; place < length; ++place) {
    for (size_t stream = 0; stream < streams.size(); ++stream) {
      if (place >= streams[stream].size()) continue;
      records.push_back("{\"type\":\"" + std::string(1, streams[stream][place]) + "\",\"k\":" +
                        std::to_string(stream) + ",\"at\":" + std::to_string(place) + "}");
    }
  }
  return records;
}

}  // namespace tocsin::model
