#include "connectors/state/run_marks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string_view>
#include <system_error>

namespace tocsin::connectors {

namespace dom = simdjson::dom;
using eventtime::Result;

namespace {

constexpr uint64_t kLargeBytes = uint64_t{1} << 20;

std::string line_of(uint64_t patterns, std::span<const uint64_t> records,
                    std::span<const uint64_t> digests) {
  std::string line = fmt::format(R"({{"patterns":{},"records":[{}],"digests":[{}])", patterns,
                                 fmt::join(records, ","), fmt::join(digests, ","));
  line += fmt::format(R"(,"hash":{}}})", XXH3_64bits(line.data(), line.size()));
  return line + "\n";
}

bool read_numbers(const dom::element& json, std::string_view name, std::vector<uint64_t>& out) {
  dom::array numbers;
  if (json[name].get(numbers) != simdjson::SUCCESS) return false;
  for (const dom::element element : numbers) {
    uint64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS) return false;
    out.push_back(number);
  }
  return true;
}

}  // namespace

RunMarks::RunMarks(const std::string& directory, std::string_view patterns)
    : path_(directory + "/marks"), patterns_(XXH3_64bits(patterns.data(), patterns.size())) {}

std::optional<RunMarks::Mark> RunMarks::parse(std::string_view line) const {
  const size_t end = line.rfind(",\"hash\":");
  if (end == std::string_view::npos) return std::nullopt;
  dom::parser parser;
  dom::element json;
  Mark mark;
  uint64_t patterns = 0;
  uint64_t hash = 0;
  const simdjson::padded_string padded(line);
  const bool whole = parser.parse(padded).get(json) == simdjson::SUCCESS &&
                     json["patterns"].get(patterns) == simdjson::SUCCESS &&
                     json["hash"].get(hash) == simdjson::SUCCESS &&
                     hash == XXH3_64bits(line.data(), end) && patterns == patterns_ &&
                     read_numbers(json, "records", mark.records) &&
                     read_numbers(json, "digests", mark.digests);
  return whole ? std::optional(std::move(mark)) : std::nullopt;
}

void RunMarks::open(std::span<const uint64_t> records) {
  compared_.assign(records.begin(), records.end());
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    std::optional<Mark> mark = parse(line);
    if (!mark || mark->records.size() != records.size()) continue;
    const bool behind = std::equal(records.begin(), records.end(), mark->records.begin(),
                                   std::less_equal<uint64_t>());
    if (behind && !std::ranges::equal(records, mark->records)) known_.push_back(std::move(*mark));
  }
}

Result<void> RunMarks::pass(std::span<const uint64_t> records, std::span<const uint64_t> digests) {
  const auto is_passed = [&](const Mark& mark) {
    return std::equal(records.begin(), records.end(), mark.records.begin(),
                      std::greater_equal<uint64_t>());
  };
  for (; !known_.empty() && is_passed(known_.front()); known_.pop_front()) {
    const Mark& mark = known_.front();
    if (!std::ranges::equal(records, mark.records)) continue;  // batches end elsewhere now
    const auto [now, then] = std::ranges::mismatch(digests, mark.digests);
    if (now == digests.end()) {
      compared_ = mark.records;
      continue;
    }
    return eventtime::world_error(fmt::format(
        "the alerts are not those that the run before this one found in the same inputs: they part "
        "between records {} and {}, first in key group {}; an input, the program or the machine is "
        "not what it was; what was written up to the first of these records is not in doubt",
        fmt::join(compared_, ","), fmt::join(records, ","), now - digests.begin()));
  }
  return {};
}

void RunMarks::write(std::span<const uint64_t> records, std::span<const uint64_t> digests) {
  std::error_code failed;
  const uint64_t bytes = std::filesystem::file_size(path_, failed);
  const bool anew = known_.empty() && !failed && bytes > kLargeBytes;
  std::ofstream file(path_, anew ? std::ios::trunc : std::ios::app);
  file << line_of(patterns_, records, digests);
}

}  // namespace tocsin::connectors
