#include "nfa/dump.h"

#include <algorithm>
#include <bit>

#include "eventtime/value.h"
#include "nfa/instance_stack.h"
#include "nfa/match_buffer.h"
#include "nfa/matcher.h"
#include "nfa/stack_plan.h"
#include "nfa/start_plan.h"

namespace tocsin::nfa {
namespace {

using eventtime::append_json_string;

std::string_view name_of(Contiguity contiguity) {
  switch (contiguity) {
    case Contiguity::kStrict:
      return "strict";
    case Contiguity::kAny:
      return "any";
    case Contiguity::kRelaxed:
      break;
  }
  return "relaxed";
}

std::string place_name(const Program& program, uint16_t place) {
  if (place == kStartPlace) return "start";
  return place == kEndPlace ? "match" : program.places[place].text.variable;
}

std::string rounds_text(const Edge& edge) {
  std::string out;
  for (const CounterGuard& guard : edge.guards) {
    if (!out.empty()) out += ", ";
    if (guard.mask != UINT32_MAX) {
      out += "not yet through";
    } else if (guard.minimum > 0 && guard.minimum == guard.maximum) {
      out += "all parts through";
    } else if (guard.minimum > 0) {
      out += "from " + std::to_string(guard.minimum) + " rounds";
    } else {
      out += "up to " + std::to_string(guard.maximum) + " rounds before";
    }
  }
  return out;
}

// When a match that ends by this edge is complete: "" at once.
std::string ending_text(const Edge& edge) {
  if (!edge.ending) return {};
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : " and ") + part; };
  if (edge.ending->wait) add(to_string(*edge.ending->wait) + " have passed");
  if (edge.ending->window) add("the window has passed");
  if (edge.ending->next) add("the next event is seen");
  if (edge.ending->loops != 0) add("the loop cannot go on");
  return "when " + out;
}

// What a watch asks of events, and what it means: "not B[x > 1] before the next step".
std::string watch_text(const Program& program, const Watch& watch) {
  const std::string& test = program.tests[watch.test].text;
  switch (watch.kind) {
    case WatchKind::kBetween:
      return test + " before the next step";
    case WatchKind::kNext:
      return test + " as the next event";
    case WatchKind::kAbsence:
      return test + " for " + to_string(watch.span);
    case WatchKind::kUntil:
      return test + " ends the loop";
    case WatchKind::kWithout:
      return test + " anywhere in the match";
    case WatchKind::kWithoutRange:
      return test + " between two steps";
    case WatchKind::kReach:
      return test + " since the loop's first event";
    case WatchKind::kReachNext:
      return test + " directly after an event of the loop";
    case WatchKind::kLate:
      return test + " since the loop's first event, asked again when the loop goes on";
    case WatchKind::kLateNext:
      return test + " directly after an event of the loop, asked again when the loop goes on";
  }
  return {};
}

// "relaxed, in 5m, from 3 rounds"; the first edges of a pattern and its end are connected to
// nothing.
std::string edge_text(const Program& program, uint16_t from, const Edge& edge) {
  std::string out;
  const auto add = [&](const std::string& part) {
    if (part.empty()) return;
    if (!out.empty()) out += ", ";
    out += part;
  };
  if (from != kStartPlace && edge.target != kEndPlace) add(std::string(name_of(edge.contiguity)));
  if (edge.in) add("in " + to_string(*edge.in));
  if (edge.after && edge.target != kEndPlace) add("later than " + to_string(*edge.after));
  if (edge.longest != 0) add("preferred to leaving the loop");
  for (const uint16_t test : edge.untils) add("not " + program.tests[test].text);
  add(ending_text(edge));
  add(rounds_text(edge));
  return out;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

bool by_stacks(const Program& program) {
  return !plan_starts(program).plan && plan_stacks(program).plan;
}

// What one bound event costs, without the event itself.
size_t binding_bytes(const Program& program) {
  if (by_stacks(program)) {
    size_t most = 0;
    for (const Place& place : program.places) most = std::max(most, place.updates.size());
    return sizeof(InstanceStack::Instance) + most * sizeof(uint64_t);
  }
  return sizeof(Node) + program.layout.words() * sizeof(uint64_t) +
         (program.counters + 1) / 2 * sizeof(uint64_t);
}

std::string life_text(const Program& program) {
  if (program.within) return "at most " + to_string(*program.within) + " after its first event";
  const bool bounded =
      std::all_of(program.places.begin() + 1, program.places.end(), [](const Place& place) {
        const bool waits = place.edges.size() > static_cast<size_t>(std::popcount(place.end_edges));
        return !waits || place.life.has_value();
      });
  return bounded ? "as long as its bounds 'in' allow" : "for ever: there is no 'within'";
}

// What the engine does with an event, and why not something cheaper.
std::string plan_text(const Program& program) {
  const StartPlanning planning = plan_starts(program);
  if (!planning.plan) {
    const StackPlanning stacks = plan_stacks(program);
    if (stacks.plan) {
      return "by stacks: of each key the events that each step has taken; one that the last step "
             "takes finds its matches there, and looks at no partial match";
    }
    const bool few_steps = program.places.size() <= 3;
    return "run by run: an event looks at each partial match of its key; " +
           (few_steps ? planning.why_not : stacks.why_not);
  }
  switch (planning.plan->kind) {
    case StartPlan::Kind::kPair:
      if (planning.plan->equal_column && !planning.plan->kill_by_value) {
        return "by first event: those of a key wait in a table by " +
               program.capture_texts[*planning.plan->value_slot] +
               ", where an event of the last step finds its own";
      }
      if (planning.plan->order) {
        return "by first event: those of a key wait in a list, many of them in the order of " +
               program.capture_texts[planning.plan->order->slot] +
               ", where an event of the last step finds its own";
      }
      if (pair_kind(program, *planning.plan)) {
        return "by first event: those of a key wait in a list, which an event of the last step "
               "reads; patterns of the same first event type, key and window share it";
      }
      return "by first event: those of a key wait in a list, which an event of the last step reads";
    case StartPlan::Kind::kAbsence:
      return "by first event: those of a key wait in a list until their time is over";
    case StartPlan::Kind::kLoop:
      return "by first event: those of a key stand in a list until it is long enough";
    case StartPlan::Kind::kLoopThen:
      return "by first event: those of a key stand in a list; the last step asks how long it is";
  }
  return {};
}

size_t bytes_per_run(const Program& program) {
  if (plan_starts(program).plan) return kStartBytes;
  return by_stacks(program) ? 0 : sizeof(Run);
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
}

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& items) {
  append_json_string(out, name);
  out += ":[";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, items[i]);
  }
  out += ']';
}

void append_edge(std::string& out, uint16_t from, const Edge& edge) {
  out += "{\"to\":" + (edge.target == kEndPlace ? "\"match\"" : std::to_string(edge.target));
  if (from != kStartPlace && edge.target != kEndPlace) {
    out += ',';
    append_field(out, "contiguity", name_of(edge.contiguity));
  }
  if (edge.in) {
    out += ',';
    append_field(out, "in", to_string(*edge.in));
  }
  if (edge.after && edge.target != kEndPlace) {
    out += ',';
    append_field(out, "later_than", to_string(*edge.after));
  }
  if (edge.ending) {
    out += ',';
    append_field(out, "complete", ending_text(edge));
  }
  if (!edge.guards.empty()) {
    out += ',';
    append_field(out, "rounds", rounds_text(edge));
  }
  out += '}';
}

}  // namespace

std::string dump_text(const Program& program) {
  std::string out = "pattern " + program.name + "\n";
  out += "  input   " + joined(program.input_names, ", ") + "\n";
  out += "  key     " +
         (program.key.empty() ? "none: all events belong to one key" : joined(program.key, ", ")) +
         "\n";
  out += "  skip    " + program.skip_text + "\n";
  for (const LookBack& look_back : program.look_backs) {
    out += "  before  " + program.tests[look_back.test].text + " for " + to_string(look_back.span) +
           "\n";
  }
  if (program.reports_timeout) out += "  timeout reported with the furthest partial match\n";
  out += "  steps\n";
  for (size_t i = 0; i < program.places.size(); ++i) {
    const Place& place = program.places[i];
    const auto number = static_cast<uint16_t>(i);
    out += "    " + std::to_string(i) + " " + place_name(program, number);
    if (i > 0) out += ": " + place.text.type;
    out += "\n";
    if (!place.text.local.empty()) out += "        event alone   " + place.text.local + "\n";
    if (!place.text.correlated.empty()) {
      out += "        with the run  " + place.text.correlated + "\n";
    }
    for (const Edge& edge : place.edges) {
      const std::string how = edge_text(program, number, edge);
      out += "        -> " + (edge.target == kEndPlace ? "match"
                                                       : std::to_string(edge.target) + " " +
                                                             place_name(program, edge.target));
      out += how.empty() ? "\n" : "  (" + how + ")\n";
    }
    for (const Watch& watch : place.watches) {
      out += "        watches " + watch_text(program, watch) + "\n";
    }
  }
  if (!program.having_text.empty()) out += "  having  " + program.having_text + "\n";
  out += "  plan    " + plan_text(program) + "\n";
  out += "  keeps   a partial match " + life_text(program) + "\n";
  out += "          " + std::to_string(bytes_per_run(program)) + " bytes a partial match, " +
         std::to_string(binding_bytes(program)) + " a bound event, besides the event\n";
  if (!program.capture_texts.empty()) {
    out += "          " + joined(program.capture_texts, ", ") + "\n";
  }
  return out;
}

std::string dump_dot(const Program& program) {
  std::string out = "digraph ";
  append_json_string(out, program.name);
  out += " {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  out += "  match [shape=doublecircle, label=\"match\"];\n";
  for (size_t i = 0; i < program.places.size(); ++i) {
    const Place& place = program.places[i];
    std::string label = place_name(program, static_cast<uint16_t>(i));
    if (i > 0) label += ": " + place.text.type;
    if (!place.text.local.empty()) label += "\n" + place.text.local;
    if (!place.text.correlated.empty()) label += "\n" + place.text.correlated;
    out += "  p" + std::to_string(i) + " [label=";
    append_json_string(out, label);
    out += i == 0 ? ", shape=circle];\n" : "];\n";
  }
  for (size_t i = 0; i < program.places.size(); ++i) {
    const auto number = static_cast<uint16_t>(i);
    for (const Edge& edge : program.places[i].edges) {
      out += "  p" + std::to_string(i) + " -> " +
             (edge.target == kEndPlace ? "match" : "p" + std::to_string(edge.target)) + " [label=";
      append_json_string(out, edge_text(program, number, edge));
      out += "];\n";
    }
  }
  return out + "}\n";
}

std::string dump_json(const Program& program) {
  std::string out = "{";
  append_field(out, "pattern", program.name);
  out += ',';
  append_list(out, "input", program.input_names);
  out += ',';
  append_list(out, "key", program.key);
  out += ',';
  append_field(out, "skip", program.skip_text);
  out += ',';
  std::vector<std::string> before;
  for (const LookBack& look_back : program.look_backs) {
    before.push_back(program.tests[look_back.test].text + " for " + to_string(look_back.span));
  }
  append_list(out, "before", before);
  out += ",\"steps\":[";
  for (size_t i = 0; i < program.places.size(); ++i) {
    const Place& place = program.places[i];
    const auto number = static_cast<uint16_t>(i);
    if (i > 0) out += ',';
    out += "{\"place\":" + std::to_string(i) + ",";
    append_field(out, "name", place_name(program, number));
    if (i > 0) {
      out += ',';
      append_field(out, "type", place.text.type);
      out += ',';
      append_field(out, "event_alone", place.text.local);
      out += ',';
      append_field(out, "with_the_run", place.text.correlated);
    }
    out += ",\"edges\":[";
    for (size_t j = 0; j < place.edges.size(); ++j) {
      if (j > 0) out += ',';
      append_edge(out, number, place.edges[j]);
    }
    out += "],";
    std::vector<std::string> watches;
    for (const Watch& watch : place.watches) watches.push_back(watch_text(program, watch));
    append_list(out, "watches", watches);
    out += '}';
  }
  out += "],";
  append_field(out, "having", program.having_text);
  out += ',';
  append_field(out, "plan", plan_text(program));
  out += ',';
  append_field(out, "partial_match_lives", life_text(program));
  out += ",\"bytes_per_partial_match\":" + std::to_string(bytes_per_run(program)) +
         ",\"bytes_per_bound_event\":" + std::to_string(binding_bytes(program)) + ",";
  append_list(out, "keeps", program.capture_texts);
  return out + "}\n";
}

}  // namespace tocsin::nfa
