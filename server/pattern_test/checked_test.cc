#include "server/pattern_test/checked_test.h"

#include <algorithm>
#include <map>
#include <utility>

#include "patterns/names.h"
#include "server/pattern_test/test_literal.h"

namespace tocsin::server {

namespace {

using connectors::AlertScalar;
using eventtime::EventSchema;
using eventtime::Field;
using eventtime::Type;
using patterns::help_for_unknown;
using patterns::in_quotes;
using patterns::Pattern;
using patterns::ast::Name;

const patterns::Capture* collected(const Pattern& pattern, const patterns::Result& result) {
  if (result.value.op != patterns::Op::kCapture) return nullptr;
  const patterns::Capture& capture = pattern.captures[result.value.index];
  return capture.kind == patterns::CaptureKind::kCollect ? &capture : nullptr;
}

const patterns::Result* find_result(const Pattern& pattern, std::string_view name) {
  for (const auto* results : {&pattern.emit, &pattern.on_timeout}) {
    for (const patterns::Result& result : *results) {
      if (result.name == name) return &result;
    }
  }
  return nullptr;
}

bool binds(const patterns::Variable& variable, std::string_view name) {
  return !variable.negated && variable.name == name;
}

// "'amount' is float, 'abc' is a string".
std::string wrong_type(std::string_view name, std::string_view type, const TestValue& value) {
  return in_quotes(name) + " is " + std::string(type) + ", not " +
         std::string(kind_name(value.kind));
}

class TestChecker {
 public:
  TestChecker(const patterns::PatternSet& set, patterns::Diagnostics& diagnostics)
      : set_(set), diagnostics_(diagnostics), type_field_(type_field_of(set.catalog)) {}

  std::optional<CheckedTest> check(const PatternTest& test) {
    const size_t before = diagnostics_.items().size();
    CheckedTest checked;
    checked.name = test.name.text;
    checked.out_of_order = test.out_of_order;
    checked.open_end = test.open_end;
    checked.absolute = test.absolute;
    checked.expect_here = test.expect_here;
    checked.span = test.span;
    events_.clear();
    for (const TestLine& line : test.lines) {
      checked.arrivals.push_back(arrival(line, checked.arrivals.size()));
    }
    for (const TestExpectation& expectation : test.expectations) {
      checked.expectations.push_back(check_expectation(expectation));
    }
    if (diagnostics_.items().size() > before) return std::nullopt;
    return checked;
  }

 private:
  void unknown(const Name& name, const std::string& message, std::span<const std::string> known,
               std::string_view owner) {
    diagnostics_.error(name.span, "unknown-name", message,
                       help_for_unknown(name.text, known, owner));
  }

  void repeated(const Name& name, const std::string& what) {
    diagnostics_.error(name.span, "duplicate-name",
                       what + in_quotes(name.text) + " is written twice");
  }

  void check_repeated(const TestValue& map, const std::string& what) {
    for (size_t i = 0; i < map.names.size(); ++i) {
      const auto end = map.names.begin() + static_cast<std::ptrdiff_t>(i);
      const bool again = std::any_of(
          map.names.begin(), end, [&](const Name& name) { return name.text == map.names[i].text; });
      if (again) repeated(map.names[i], what);
    }
  }

  // ---- arrivals ----

  CheckedArrival arrival(const TestLine& line, size_t place) {
    CheckedArrival checked;
    checked.time = line.time;
    checked.span = line.span;
    if (!line.type) return checked;
    checked.is_event = true;
    if (line.name) {
      checked.name = line.name->text;
      const bool added = events_.emplace(checked.name, place).second;
      if (!added) {
        diagnostics_.error(
            line.name->span, "duplicate-name",
            "there is already an event " + in_quotes(checked.name) + " in this test");
      }
    }
    const auto type = set_.catalog.find(line.type->text);
    if (!type) {
      std::vector<std::string> names;
      for (const EventSchema& schema : set_.catalog.types) names.push_back(schema.name);
      unknown(*line.type, "there is no event " + in_quotes(line.type->text), names,
              "the events are");
      return checked;
    }
    write_record(set_.catalog.types[*type], line, checked);
    return checked;
  }

  void write_record(const EventSchema& schema, const TestLine& line, CheckedArrival& checked) {
    check_repeated(line.fields, "field ");
    std::vector<std::optional<std::string>> written(schema.fields.size());
    for (size_t i = 0; i < line.fields.names.size(); ++i) {
      const Name& name = line.fields.names[i];
      const auto field = schema.find(name.text);
      if (field) {
        written[*field] = field_json(schema.fields[*field], name, line.fields.items[i]);
        if (*field == schema.time_field) checked.time = read_time_;
        continue;
      }
      std::vector<std::string> names;
      for (const Field& known : schema.fields) names.push_back(known.name);
      diagnostics_.error(name.span, "unknown-field",
                         in_quotes(schema.name) + " has no field " + in_quotes(name.text),
                         help_for_unknown(name.text, names, in_quotes(schema.name) + " has"));
    }
    std::optional<std::string>& time = written[schema.time_field];
    if (!time) time = to_json({true, to_string(line.time)});
    checked.record = record_json(schema, written);
  }

  // A whole record is decoded as any other: dotted paths stand as they are, for a field that is
  // called so wins. Two fields of one path are one member.
  std::string record_json(const EventSchema& schema,
                          const std::vector<std::optional<std::string>>& written) const {
    std::map<std::string, std::string> members;
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      if (written[i]) members.emplace(schema.fields[i].path, *written[i]);
    }
    for (const Field& field : schema.fields) members.emplace(field.path, default_json(field));
    std::string record = "{" + to_json({true, type_field_}) + ":" + to_json({true, schema.name});
    for (const auto& [path, json] : members) record += "," + to_json({true, path}) + ":" + json;
    return record + "}";
  }

  std::string field_json(const Field& field, const Name& name, const TestValue& value) {
    const std::string type(to_string(field.type));
    if (value.kind == TestKind::kNull && !field.nullable) {
      diagnostics_.error(value.span, "type", in_quotes(name.text) + " cannot be null",
                         "it is declared as " + type + ", not " + type + "?");
    }
    if (field.type == Type::kTimestamp && value.kind == TestKind::kInt) {
      if (const auto time = eventtime::timestamp_from_integer(value.integer, field.unit)) {
        read_time_ = *time;
        return std::to_string(value.integer);
      }
    }
    const auto scalar = scalar_of(value, field.type);
    if (!scalar) {
      diagnostics_.error(value.span, "type", wrong_type(name.text, type, value));
      return "null";
    }
    if (field.type == Type::kTimestamp && scalar->is_string) {
      read_time_ = eventtime::parse_timestamp(scalar->text).value_or(read_time_);
    }
    return to_json(*scalar);
  }

  // ---- expectations ----

  CheckedExpectation check_expectation(const TestExpectation& expectation) {
    CheckedExpectation checked;
    checked.pattern = expectation.pattern.text;
    checked.at = expectation.at;
    checked.span = expectation.span;
    const auto pattern =
        std::find_if(set_.patterns.begin(), set_.patterns.end(),
                     [&](const Pattern& candidate) { return candidate.name == checked.pattern; });
    if (pattern == set_.patterns.end()) {
      std::vector<std::string> names;
      for (const Pattern& known : set_.patterns) names.push_back(known.name);
      unknown(expectation.pattern, "there is no pattern " + in_quotes(checked.pattern), names,
              "the patterns are");
      return checked;
    }
    check_repeated(expectation.values, "");
    for (size_t i = 0; i < expectation.values.names.size(); ++i) {
      demand(*pattern, expectation.values.names[i], expectation.values.items[i], checked.demands);
    }
    return checked;
  }

  // The pattern's own names come first; of a variable and a value of one name the written value
  // tells which is meant.
  void demand(const Pattern& pattern, const Name& name, const TestValue& value,
              std::vector<Demand>& demands) {
    const bool is_variable =
        std::any_of(pattern.variables.begin(), pattern.variables.end(),
                    [&](const patterns::Variable& known) { return binds(known, name.text); });
    const patterns::Result* result = find_result(pattern, name.text);
    if (name.text == "key" &&
        (value.kind == TestKind::kMap || (!is_variable && result == nullptr))) {
      return demand_key(pattern, value, demands);
    }
    if (is_variable && (result == nullptr || names_events(value))) {
      return demand_events(name, value, demands);
    }
    if (result != nullptr) return demand_value(pattern, *result, name, value, demands);
    if (name.text == "timeout" || name.text == "suppressed") {
      return demand_mark(name, value, demands);
    }
    std::vector<std::string> known;
    for (const patterns::Variable& variable : pattern.variables) {
      if (!variable.negated) known.push_back(variable.name);
    }
    for (const auto* results : {&pattern.emit, &pattern.on_timeout}) {
      for (const patterns::Result& each : *results) known.push_back(each.name);
    }
    for (const char* word : {"key", "timeout", "suppressed"}) known.emplace_back(word);
    unknown(name, "alerts of " + in_quotes(pattern.name) + " have no " + in_quotes(name.text),
            known, "they have");
  }

  bool names_events(const TestValue& value) const {
    if (value.kind == TestKind::kName) return events_.contains(value.text);
    return value.kind == TestKind::kList &&
           std::all_of(value.items.begin(), value.items.end(),
                       [&](const TestValue& item) { return item.kind == TestKind::kName; });
  }

  void demand_events(const Name& name, const TestValue& value, std::vector<Demand>& demands) {
    Demand demand;
    demand.kind = Demand::Kind::kVariable;
    demand.name = name.text;
    const std::vector<TestValue> alone = {value};
    for (const TestValue& item : value.kind == TestKind::kList ? value.items : alone) {
      const auto known = item.kind == TestKind::kName ? events_.find(item.text) : events_.end();
      if (known != events_.end()) {
        demand.events.push_back(known->second);
        continue;
      }
      if (item.kind != TestKind::kName) {
        diagnostics_.error(
            item.span, "type",
            in_quotes(name.text) + " holds events, not " + std::string(kind_name(item.kind)),
            "name the events: " + name.text + ": [p1, p2]");
        continue;
      }
      std::vector<std::string> names;
      for (const auto& [known_name, place] : events_) names.push_back(known_name);
      unknown({item.text, item.span}, "no event of this test is called " + in_quotes(item.text),
              names, "there are");
    }
    demands.push_back(std::move(demand));
  }

  void demand_value(const Pattern& pattern, const patterns::Result& result, const Name& name,
                    const TestValue& value, std::vector<Demand>& demands) {
    Demand demand;
    demand.name = name.text;
    demand.type = value_type(pattern, name.text).value_or(Type::kNull);
    const bool list = value.kind == TestKind::kList;
    if (list != (collected(pattern, result) != nullptr)) {
      const std::string type(to_string(demand.type));
      const std::string wanted = list ? type : "a list of " + type;
      diagnostics_.error(value.span, "type", wrong_type(name.text, wanted, value));
      return;
    }
    demand.value.is_list = list;
    const std::vector<TestValue> alone = {value};
    for (const TestValue& item : list ? value.items : alone) {
      demand.value.items.push_back(scalar(name, item, demand.type));
    }
    demands.push_back(std::move(demand));
  }

  AlertScalar scalar(const Name& name, const TestValue& value, Type type) {
    auto scalar = scalar_of(value, type);
    if (scalar) return *std::move(scalar);
    const std::string wanted = type == Type::kNull ? "a value" : std::string(to_string(type));
    diagnostics_.error(value.span, "type", wrong_type(name.text, wanted, value));
    return {};
  }

  void demand_key(const Pattern& pattern, const TestValue& value, std::vector<Demand>& demands) {
    if (value.kind != TestKind::kMap) {
      diagnostics_.error(
          value.span, "type", "the key is written with its fields",
          "write key: {" + (pattern.by.empty() ? "" : pattern.by.front().name + ": ...") + "}");
      return;
    }
    check_repeated(value, "");
    for (size_t i = 0; i < value.names.size(); ++i) {
      const Name& name = value.names[i];
      const auto part =
          std::find_if(pattern.by.begin(), pattern.by.end(),
                       [&](const patterns::KeyPart& known) { return known.name == name.text; });
      if (part == pattern.by.end()) {
        std::vector<std::string> names;
        for (const patterns::KeyPart& known : pattern.by) names.push_back(known.name);
        unknown(name, "the key of " + in_quotes(pattern.name) + " has no " + in_quotes(name.text),
                names, "it has");
        continue;
      }
      Demand demand;
      demand.kind = Demand::Kind::kKey;
      demand.name = name.text;
      demand.type = part->type;
      demand.value.items.push_back(scalar(name, value.items[i], part->type));
      demands.push_back(std::move(demand));
    }
  }

  void demand_mark(const Name& name, const TestValue& value, std::vector<Demand>& demands) {
    Demand demand;
    demand.name = name.text;
    const bool timeout = name.text == "timeout";
    demand.kind = timeout ? Demand::Kind::kTimeout : Demand::Kind::kSuppressed;
    demand.type = timeout ? Type::kBool : Type::kInt;
    demand.value.items.push_back(scalar(name, value, demand.type));
    demands.push_back(std::move(demand));
  }

  const patterns::PatternSet& set_;
  patterns::Diagnostics& diagnostics_;
  std::string type_field_;
  std::map<std::string, size_t> events_;  // of the test that is checked, by name
  eventtime::Timestamp read_time_;        // the timestamp that was read last
};

}  // namespace

std::string type_field_of(const eventtime::Catalog& catalog) {
  std::string field = "type";
  const auto is_taken = [&] {
    for (const EventSchema& schema : catalog.types) {
      for (const Field& declared : schema.fields) {
        if (declared.path.starts_with(field)) return true;
      }
    }
    return false;
  };
  while (is_taken()) field += '_';
  return field;
}

std::optional<Type> value_type(const Pattern& pattern, std::string_view name) {
  const patterns::Result* result = find_result(pattern, name);
  if (result == nullptr) return std::nullopt;
  const patterns::Capture* list = collected(pattern, *result);
  return list != nullptr ? list->field_type : result->value.type;
}

std::vector<CheckedTest> check_tests(const TestFile& file, const patterns::PatternSet& set,
                                     patterns::Diagnostics& diagnostics) {
  std::vector<CheckedTest> checked;
  TestChecker checker(set, diagnostics);
  for (const PatternTest& test : file.tests) {
    if (auto one = checker.check(test)) checked.push_back(*std::move(one));
  }
  return checked;
}

}  // namespace tocsin::server
