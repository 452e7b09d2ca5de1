// Checks the model, and the engine with it, against answers that two independent programs gave:
// shared/conformance beside the source directory.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/model/case_runner.h"

namespace tocsin::model {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr size_t kConformanceBatchSize = 4;

// A match as the sorted record numbers of its events, and its time of completion.
struct Answer {
  std::vector<uint64_t> records;
  int64_t complete_ms = 0;
  friend auto operator<=>(const Answer&, const Answer&) = default;
};

std::string to_string(const std::vector<Answer>& answers) {
  std::string out;
  for (const Answer& answer : answers) {
    out += " [";
    for (const uint64_t record : answer.records) {
      out += (out.back() == '[' ? "" : " ") + std::to_string(record);
    }
    out += "]@" + std::to_string(answer.complete_ms);
  }
  return out;
}

std::vector<uint64_t> records_of(const array& json) {
  std::vector<uint64_t> records;
  for (const element record : json) records.push_back(record.get_uint64().value());
  return records;
}

Case read_case(const element& json) {
  Case example;
  example.patterns = std::string(json["patterns"].get_string().value());
  example.inputs.emplace_back();
  const array events = json["events"];
  for (const element event : events) {
    example.inputs[0].push_back(simdjson::minify(event));
  }
  return example;
}

std::vector<Answer> answers_of(const std::vector<NaiveAlert>& alerts) {
  std::vector<Answer> answers;
  for (const NaiveAlert& alert : alerts) {
    Answer answer{{}, alert.complete.micros / 1000};
    for (const auto& [variable, records] : alert.events) {
      for (const RecordId& id : records) answer.records.push_back(id.record);
    }
    std::sort(answer.records.begin(), answer.records.end());
    answers.push_back(answer);
  }
  std::sort(answers.begin(), answers.end());
  return answers;
}

// The expected answers; where the file does not state a time of completion, `got` fills it in.
std::vector<Answer> expected_of(const element& json, const std::vector<Answer>& got) {
  std::vector<Answer> expected;
  array complete;
  if (json["complete"].get(complete) == simdjson::SUCCESS) {
    for (const element pair : complete) {
      expected.push_back({records_of(pair.at(0).get_array().value()),
                          pair.at(1).is_null() ? -1 : pair.at(1).get_int64().value()});
    }
  } else {
    const array matches = json["expected"];
    for (const element records : matches) {
      expected.push_back({records_of(records.get_array().value()), -1});
    }
  }
  std::sort(expected.begin(), expected.end());
  for (size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
    if (expected[i].complete_ms == -1) expected[i].complete_ms = got[i].complete_ms;
  }
  return expected;
}

// The model alone, against all cases of a file; returns how many there are.
size_t check_model(const std::string& path) {
  simdjson::dom::parser parser;
  size_t count = 0;
  const array cases = parser.load(path);
  for (const element json : cases) {
    const std::string id(json["id"].get_string().value());
    const Case example = read_case(json);
    const Compiled compiled = compile(example.patterns);
    ++count;
    if (!compiled.set) {
      ADD_FAILURE() << id << "\n" << example.patterns << compiled.error;
      continue;
    }
    const auto got = answers_of(run_model(*compiled.set, example).alerts);
    const auto expected = expected_of(json, got);
    EXPECT_EQ(got, expected) << id << "\n"
                             << to_string(example) << "expected" << to_string(expected)
                             << "\nmodel   " << to_string(got);
  }
  std::cout << path << ": " << count << " cases\n";
  return count;
}

// The engine against the model; returns how many cases there are.
size_t check_engine(const std::string& path) {
  simdjson::dom::parser parser;
  size_t count = 0;
  const array cases = parser.load(path);
  for (const element json : cases) {
    const Case example = read_case(json);
    Verdict verdict = judge(example, kConformanceBatchSize);
    if (!verdict.difference) verdict = judge_state(example, kConformanceBatchSize);
    ++count;
    EXPECT_FALSE(verdict.difference) << json["id"].get_string().value() << "\n"
                                     << to_string(example) << verdict.difference.value_or("");
  }
  std::cout << path << ": " << count << " cases\n";
  return count;
}

std::string conformance_file(std::string_view name) {
  return std::string(TOCSIN_SOURCE_DIR) + "/../shared/conformance/" + std::string(name);
}

class Conformance : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(conformance_file("random.json"))) return;
    std::cout << "*** SKIPPED: ../shared/conformance is not there; NOTHING WAS COMPARED ***\n";
    GTEST_SKIP() << "../shared/conformance is not there";
  }
};

TEST_F(Conformance, ModelHoldsOnRandomCases) {
  EXPECT_EQ(check_model(conformance_file("random.json")), 600u);
}

TEST_F(Conformance, ModelHoldsOnFlinkCases) {
  EXPECT_EQ(check_model(conformance_file("flink_cep.json")), 119u);
}

TEST_F(Conformance, EngineAgreesOnRandomCases) {
  EXPECT_EQ(check_engine(conformance_file("random.json")), 600u);
}

TEST_F(Conformance, EngineAgreesOnFlinkCases) {
  EXPECT_EQ(check_engine(conformance_file("flink_cep.json")), 119u);
}

}  // namespace
}  // namespace tocsin::model
