// An input that grows from run to run: each goes on where the one before stopped, and what comes
// out is that of one run over all there is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"

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

INSTANTIATE_TEST_SUITE_P(Faults, Growing,
                         testing::Values("Orders", "OrdersRunByRun", "LoginsAsCsv"),
                         [](const auto& made) { return made.param; });

}  // namespace
}  // namespace tocsin::faults
