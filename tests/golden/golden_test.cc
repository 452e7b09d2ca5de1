// Runs every `*.test` file below this folder: the alerts of the engine and of the model must both
// be the ones that the test expects, each once. The end of a test is the end of its input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/model/case_runner.h"
#include "tests/support/test_file.h"

namespace tocsin::tests {
namespace {

namespace fs = std::filesystem;
using eventtime::Field;
using eventtime::Type;
using model::NaiveAlert;
using model::RecordId;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " cannot be read";
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// ---- arrivals to records ----

std::string json_string(std::string_view text) {
  std::string out;
  eventtime::append_json_string(out, text);
  return out;
}

// Numbers, true, false and null as they are; times and durations as alerts write them.
std::string to_json(const TestValue& value) {
  if (value.kind == TestValue::Kind::kString) return json_string(value.text);
  if (value.kind == TestValue::Kind::kList) {
    std::string list;
    for (const TestValue& item : value.items) list += (list.empty() ? "" : ",") + to_json(item);
    return "[" + list + "]";
  }
  if (const auto time = eventtime::parse_timestamp(value.text))
    return json_string(to_string(*time));
  if (const auto span = eventtime::parse_duration(value.text)) return json_string(to_string(*span));
  return value.text;
}

std::string default_json(const Field& field) {
  if (field.nullable) return "null";
  switch (field.type) {
    case Type::kBool:
      return "false";
    case Type::kString:
      return "\"\"";
    case Type::kDuration:
      return "\"0s\"";
    default:
      return "0";
  }
}

std::string record_of(const TestLine& line, const eventtime::Catalog& catalog) {
  const auto type = catalog.find(line.type);
  EXPECT_TRUE(type) << "no event is called '" << line.type << "'";
  const eventtime::EventSchema& schema = catalog.types[type.value_or(0)];
  for (const std::string& name : line.fields.names) {
    EXPECT_TRUE(schema.find(name)) << line.type << " has no field '" << name << "'";
  }
  std::string record = "{\"type\":" + json_string(line.type);
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    std::string json =
        i == schema.time_field ? json_string(to_string(line.time)) : default_json(field);
    const auto written = std::ranges::find(line.fields.names, field.name);
    if (written != line.fields.names.end()) {
      json = to_json(line.fields.items[static_cast<size_t>(written - line.fields.names.begin())]);
    }
    record += "," + json_string(field.path) + ":" + json;
  }
  return record + "}";
}

// ---- alerts against expectations ----

using EventNames = std::map<std::string, RecordId>;

bool same_json(const std::string& left, const std::string& right) {
  const auto number = [](const std::string& text) -> std::optional<double> {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  const auto value = number(left);
  return left == right || (value && value == number(right));
}

std::vector<RecordId> records_named(const TestValue& value, const EventNames& names) {
  std::vector<RecordId> records;
  const bool is_list = value.kind == TestValue::Kind::kList;
  for (const TestValue& item : is_list ? value.items : std::vector{value}) {
    const auto named = names.find(item.text);
    EXPECT_TRUE(named != names.end()) << "no arrival is called '" << item.text << "'";
    if (named != names.end()) records.push_back(named->second);
  }
  return records;
}

bool has_key(const NaiveAlert& alert, const TestValue& key) {
  for (size_t i = 0; i < key.names.size(); ++i) {
    const std::string part = json_string(key.names[i]) + ":" + to_json(key.items[i]);
    if (alert.key.find(part + ",") == std::string::npos && !alert.key.ends_with(part + "}")) {
      return false;
    }
  }
  return true;
}

bool has_value(const NaiveAlert& alert, const std::string& name, const TestValue& wanted,
               const EventNames& names) {
  if (name == "key") return has_key(alert, wanted);
  for (const auto& [variable, records] : alert.events) {
    if (variable == name) return records == records_named(wanted, names);
  }
  for (const auto& [value, json] : alert.values) {
    if (value == name) return same_json(json, to_json(wanted));
  }
  return false;
}

bool fits(const NaiveAlert& alert, const TestExpectation& expected, const EventNames& names) {
  if (alert.pattern != expected.pattern) return false;
  if (expected.at && alert.complete != *expected.at) return false;
  for (size_t i = 0; i < expected.values.names.size(); ++i) {
    const TestValue& wanted = expected.values.items[i];
    if (!has_value(alert, expected.values.names[i], wanted, names)) return false;
  }
  return true;
}

// Whether the expectations from `next` on can each have an alert of their own.
bool pair_up(const std::vector<NaiveAlert>& alerts, const PatternTest& test,
             const EventNames& names, size_t next, std::vector<bool>& taken) {
  if (next == test.expectations.size()) return true;
  for (size_t i = 0; i < alerts.size(); ++i) {
    if (taken[i] || !fits(alerts[i], test.expectations[next], names)) continue;
    taken[i] = true;
    if (pair_up(alerts, test, names, next + 1, taken)) return true;
    taken[i] = false;
  }
  return false;
}

void check_alerts(const std::string& who, const std::vector<NaiveAlert>& alerts,
                  const PatternTest& test, const EventNames& names) {
  std::vector<bool> taken(alerts.size(), false);
  if (alerts.size() == test.expectations.size() && pair_up(alerts, test, names, 0, taken)) return;
  std::string shown;
  for (const NaiveAlert& alert : alerts) shown += "  " + to_string(alert) + "\n";
  ADD_FAILURE() << "line " << test.line << ", \"" << test.name << "\": the " << who << " gives\n"
                << shown << "but " << test.expectations.size() << " other alerts are expected";
}

void run_test(const patterns::PatternSet& set, const PatternTest& test) {
  model::Case example;
  example.inputs.emplace_back();
  example.out_of_order = test.out_of_order;
  EventNames names;
  for (const TestLine& line : test.lines) {
    if (line.type.empty()) continue;
    std::vector<std::string>& records = example.inputs[0];
    if (!line.name.empty()) names[line.name] = {0, records.size()};
    records.push_back(record_of(line, set.catalog));
  }
  ASSERT_FALSE(test.open_end) << "a run over files has an end";
  check_alerts("model", run_model(set, example).alerts, test, names);
  constexpr size_t kBatchSize = 3;
  check_alerts("engine", run_engine(set, example, kBatchSize).alerts, test, names);
}

class Golden : public testing::TestWithParam<std::string> {};

fs::path folder() {
  return fs::path(TOCSIN_SOURCE_DIR) / "tests" / "golden";
}

std::vector<std::string> test_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder())) {
    if (entry.path().extension() != ".test") continue;
    files.push_back(fs::relative(entry.path(), folder()).generic_string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST_P(Golden, Holds) {
  const fs::path path = folder() / GetParam();
  const auto file = parse_test_file(read_file(path));
  ASSERT_TRUE(file) << GetParam() << ": " << file.error().message;
  std::string declarations = file->declarations;
  for (const std::string& used : file->uses) {
    declarations += "\n" + read_file(path.parent_path() / used);
  }
  const model::Compiled compiled = model::compile(declarations);
  ASSERT_TRUE(compiled.set) << GetParam() << "\n" << compiled.error;
  EXPECT_FALSE(file->tests.empty()) << "a file without tests proves nothing";
  for (const PatternTest& test : file->tests) run_test(*compiled.set, test);
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(test_files()), [](const auto& file) {
  std::string name = file.param;
  std::replace_if(name.begin(), name.end(), [](char byte) { return std::isalnum(byte) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace tocsin::tests
