// An input that grows from run to run: each goes on where the one before stopped, and what comes
// out is that of one run over all there is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::faults {
namespace {

// The text up to the line end behind so many percent of it.
std::string_view part(std::string_view text, size_t percent) {
  const size_t end = text.find('\n', text.size() * percent / 100);
  return text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
}

class Growing : public testing::TestWithParam<const char*> {};

TEST_P(Growing, EachRunGivesWhatOneRunGives) {
  const Rig rig(scenario(GetParam()));
  for (const size_t percent : {0, 1, 40, 41, 99, 100}) {
    SCOPED_TRACE(testing::Message() << percent << " percent");
    rig.set_text(0, part(rig.text(0), percent));
    const Written wanted = rig.undisturbed();
    rig.finish();
    ASSERT_EQ(difference(wanted, rig.written()), "");
    rig.finish();
    ASSERT_EQ(difference(wanted, rig.written()), "") << "a second run over the same has added";
  }
}

// It had ended while the other went on.
TEST(GrowingInputs, OneThatEndedBeforeAnotherIsTakenUpAgain) {
  const tests::TemporaryDirectory directory;
  const std::string patterns =
      directory.write("p.tocsin",
                      "event E { k: string, at: timestamp } time at\n"
                      "pattern p { match a: E[k == 'a'] then b: E[k == 'b'] within 1h }\n");
  const auto event = [](const std::string& k, const std::string& second) {
    return R"({"k":")" + k + R"(","at":"2026-03-01T10:00:)" + second + "Z\"}\n";
  };
  const std::string first = event("a", "01");
  const std::string other = directory.write("other", event("x", "02") + event("x", "03"));
  const std::vector<std::string> words = {"run",
                                          "-p",
                                          patterns,
                                          "-i",
                                          directory.write("first", first),
                                          "-i",
                                          other,
                                          "-o",
                                          directory.path("out"),
                                          "--state",
                                          directory.path("state")};
  EXPECT_EQ(tests::run_tocsin(words).status, 0);
  EXPECT_EQ(tests::read_file(directory.path("out")), "");
  directory.write("first", first + event("b", "04"));
  EXPECT_EQ(tests::run_tocsin(words).status, 0);
  EXPECT_NE(tests::read_file(directory.path("out")), "");
}

INSTANTIATE_TEST_SUITE_P(Faults, Growing,
                         testing::Values("Orders", "OrdersRunByRun", "LoginsAsCsv"),
                         [](const auto& made) { return made.param; });

}  // namespace
}  // namespace tocsin::faults
