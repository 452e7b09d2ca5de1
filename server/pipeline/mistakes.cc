#include "server/pipeline/mistakes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin::server {

void Mistakes::add(Place place, std::string code, std::string message, std::string help) {
  items_.push_back({place, std::move(code), std::move(message), std::move(help)});
}

std::vector<Mistake> Mistakes::sorted() const {
  std::vector<Mistake> sorted = items_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Mistake& a, const Mistake& b) { return a.place < b.place; });
  return sorted;
}

std::string render(const Mistakes& mistakes, const std::string& file) {
  std::string out;
  const auto end = std::back_inserter(out);
  for (const Mistake& mistake : mistakes.sorted()) {
    fmt::format_to(end, "{}:{}:{}: error[{}]: {}\n", file, mistake.place.line, mistake.place.column,
                   mistake.code, mistake.message);
    if (!mistake.help.empty()) fmt::format_to(end, "  help: {}\n", mistake.help);
  }
  return out;
}

}  // namespace tocsin::server
