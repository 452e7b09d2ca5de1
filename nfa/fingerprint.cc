#include "nfa/fingerprint.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "eventtime/codec.h"
#include "nfa/stack_plan.h"
#include "nfa/start_plan.h"
#include "patterns/pattern_dump.h"

namespace tocsin::nfa {
namespace {

using eventtime::Catalog;
using eventtime::Encoder;
using patterns::Pattern;

constexpr size_t kDigits = 16;

template <typename Enum>
uint64_t number_of_enum(Enum value) {
  return static_cast<uint64_t>(value);
}

void add(Encoder& out, const std::optional<Duration>& duration) {
  out.number(duration ? 1 : 0);
  out.number(duration ? static_cast<uint64_t>(duration->micros) : 0);
}

// Fields and types by name: their numbers depend on what else is declared.
void add_field(Encoder& out, const eventtime::EventSchema& schema, uint32_t column) {
  const bool none = column >= schema.fields.size();
  out.text(none ? std::string_view() : std::string_view(schema.fields[column].name));
  out.number(none ? 0 : number_of_enum(schema.fields[column].type));
}

void add_edge(Encoder& out, const Edge& edge) {
  out.number(edge.target);
  out.number(number_of_enum(edge.contiguity));
  add(out, edge.in);
  add(out, edge.after);
  out.number(edge.guards.size());
  for (const CounterGuard& guard : edge.guards) {
    for (const uint32_t part :
         {uint32_t{guard.counter}, guard.minimum, guard.maximum, guard.mask}) {
      out.number(part);
    }
  }
  out.number(edge.actions.size());
  for (const CounterAction& action : edge.actions) {
    out.number(action.counter);
    out.number(number_of_enum(action.op));
    out.number(action.value);
    out.number(action.saturation);
  }
  out.number(edge.untils.size());
  for (const uint16_t until : edge.untils) out.number(until);
  out.number(edge.longest);
  out.number(edge.kept_flags);
  out.number(edge.ending ? 1 : 0);
  if (!edge.ending) return;
  add(out, edge.ending->wait);
  out.number(edge.ending->window ? 1 : 0);
  out.number(edge.ending->next ? 1 : 0);
  out.number(edge.ending->loops);
}

void add_watch(Encoder& out, const Watch& watch) {
  out.number(number_of_enum(watch.kind));
  out.number(watch.test);
  out.number(watch.flag);
  out.number(watch.edges);
  add(out, watch.span);
  out.number(watch.only_if);
  out.number(watch.log);
}

void add_look_backs(Encoder& out, const std::vector<LookBack>& look_backs) {
  out.number(look_backs.size());
  for (const LookBack& look_back : look_backs) {
    out.number(look_back.test);
    add(out, look_back.span);
    for (const uint32_t column : look_back.columns) add_field(out, look_back.schema, column);
  }
}

void add_key(Encoder& out, const Pattern& pattern, const Catalog& catalog) {
  const auto add_fields = [&](const patterns::KeyPart::FieldByType& fields) {
    for (const TypeId type : pattern.inputs) {
      if (type >= fields.size() || !fields[type]) continue;
      out.text(catalog.types[type].name);
      add_field(out, catalog.types[type], *fields[type]);
    }
  };
  out.number(pattern.by.size());
  for (const patterns::KeyPart& part : pattern.by) {
    out.text(part.name);
    out.number(number_of_enum(part.type));
    add_fields(part.field_by_type);
    out.number(part.by_variable.size());
    for (const auto& fields : part.by_variable) add_fields(fields);
  }
}

void add_places(Encoder& out, const Program& program) {
  for (const Place& place : program.places) {
    out.number(place.variable);
    out.text(place.text.type);
    out.number(place.edges.size());
    for (const Edge& edge : place.edges) add_edge(out, edge);
    out.number(place.watches.size());
    for (const Watch& watch : place.watches) add_watch(out, watch);
    out.number(place.minds_next ? 1 : 0);
    out.number(place.waits_by_time ? 1 : 0);
  }
}

void add_steps(Encoder& out, const Program& program, const Pattern& pattern,
               const Catalog& catalog) {
  std::vector<std::string> inputs = program.input_names;
  std::sort(inputs.begin(), inputs.end());
  for (const std::string& input : inputs) out.text(input);
  out.number(program.places.size());
  add_places(out, program);
  out.number(program.tests.size());
  for (const Test& test : program.tests) {
    out.number(test.variable);
    out.text(catalog.types[test.type].name);
  }
  add_look_backs(out, program.look_backs);
  add_look_backs(out, program.logs);
  for (const RangeFlags& range : program.ranges) {
    out.number(range.test);
    out.number(range.after);
    out.number(range.before);
    out.number(range.open);
    out.number(range.broken);
    out.number(range.closed);
  }
  out.number(program.counters);
  add(out, program.within);
  out.number(number_of_enum(program.skip));
  out.number(program.skip_variable);
  out.number(program.leftmost ? 1 : 0);
  out.number(program.reports_timeout ? 1 : 0);
  out.number(program.timed ? 1 : 0);
  out.number(program.sees_every_event ? 1 : 0);
  out.number(pattern.suppress ? 1 : 0);
  if (!pattern.suppress) return;
  add(out, pattern.suppress->duration);
  for (const patterns::Expr& by : pattern.suppress->by) {
    out.text(patterns::to_string(by, pattern, nullptr));
  }
}

void add_values(Encoder& out, const Program& program, const Catalog& catalog) {
  out.number(program.layout.words());
  for (const Slot& slot : program.layout.slots()) {
    out.number(number_of_enum(slot.kind));
    out.number(slot.variable);
    out.text(slot.field);
    out.number(number_of_enum(slot.field_type));
    out.number(number_of_enum(slot.type));
    out.number(slot.word);
    out.number(slot.companion);
  }
  for (const Place& place : program.places) {
    out.number(place.updates.size());
    for (const SlotUpdate& update : place.updates) {
      out.number(update.slot);
      add_field(out, catalog.types[place.type], update.column);
    }
  }
}

void add_plan(Encoder& out, const Program& program) {
  out.number(program.starts_wait ? 1 : 0);
  const std::optional<StartPlan> plan = plan_starts(program).plan;
  const bool stacks = !plan && plan_stacks(program).plan;
  out.number(plan ? 1 : stacks ? 2 : 0);
  if (!plan) return;
  out.number(number_of_enum(plan->kind));
  for (const uint32_t part : {uint32_t{plan->second}, uint32_t{plan->loop_edge},
                              uint32_t{plan->exit_edge}, plan->minimum, plan->maximum}) {
    out.number(part);
  }
  out.number(plan->stays ? 1 : 0);
  add(out, plan->life);
  for (const uint16_t kill : plan->kills) out.number(kill);
  out.number(plan->sum ? 1 : 0);
}

}  // namespace

std::string automaton_fingerprint(const Program& program, const Pattern& pattern,
                                  const Catalog& catalog) {
  std::string fingerprint;
  std::string bytes;
  const auto hash = [&] {
    if (!fingerprint.empty()) fingerprint += '-';
    fingerprint += fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
    bytes.clear();
  };
  Encoder out(bytes);
  add_key(out, pattern, catalog);
  hash();
  add_steps(out, program, pattern, catalog);
  hash();
  add_values(out, program, catalog);
  hash();
  add_plan(out, program);
  hash();
  return fingerprint;
}

std::string_view automaton_difference(std::string_view before, std::string_view now) {
  if (before == now) return {};
  constexpr std::array<std::string_view, 4> kWords{
      "its key is another", "its steps, their order, times or negations are others",
      "other values of earlier events are kept for its conditions and results",
      "it is evaluated by another plan"};
  for (size_t part = 0; part + 1 < kWords.size(); ++part) {
    const size_t at = part * (kDigits + 1);
    if (before.size() < at || now.size() < at) break;
    if (before.substr(at, kDigits) != now.substr(at, kDigits)) return kWords[part];
  }
  return kWords.back();
}

}  // namespace tocsin::nfa
