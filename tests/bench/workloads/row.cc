#include "tests/bench/workloads/row.h"

#include <fmt/format.h>

namespace tocsin::bench {

namespace {

std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.1f} k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

double nanoseconds_per_event(const Row& row) {
  return row.events > 0 ? 1e9 * row.seconds / static_cast<double>(row.events) : 0;
}

std::string remarks(const Row& row) {
  std::string text = row.whole ? "" : "cut short; ";
  for (const auto& [name, value] : row.extras) {
    if (value >= 0.005) text += fmt::format("{} {:.{}f}; ", name, value, value < 100 ? 2 : 0);
  }
  if (!row.right) text += fmt::format("{} alerts expected; ", row.expected);
  text += row.note;
  if (text.ends_with("; ")) text.resize(text.size() - 2);
  return text;
}

}  // namespace

std::string table_head() {
  return fmt::format("{:8} {:14} {:>10} {:>10} {:>10} {:>9} {:>5} {:>9} {:>7}  {}\n", "workload",
                     "variant", "events", "events/s", "ns/event", "alerts", "ok", "peer", "ratio",
                     "remarks");
}

std::string table_line(const Row& row) {
  const bool rated = row.peer > 0 && row.events > 0;
  return fmt::format(
      "{:8} {:14} {:>10} {:>10} {:>10.1f} {:>9} {:>5} {:>9} {:>7}  {}\n", row.workload, row.variant,
      row.events, short_number(row.events_per_second()), nanoseconds_per_event(row), row.alerts,
      row.right ? "ok" : "WRONG", row.peer > 0 ? short_number(row.peer) : "-",
      rated ? fmt::format("{:.2f}", row.events_per_second() / row.peer) : "-", remarks(row));
}

std::string to_json(const std::vector<Row>& rows, const Settings& settings) {
  std::string text = fmt::format(R"({{"scale":{},"repeat":{},"budget":{},"rows":[)", settings.scale,
                                 settings.repeat, settings.budget);
  for (const Row& row : rows) {
    text += fmt::format(
        R"({}{{"workload":"{}","variant":"{}","events":{},"seconds":{},"events_per_second":{:.1f},)"
        R"("alerts":{},"expected":{},"right":{},"whole":{},"peer":{})",
        &row == rows.data() ? "\n" : ",\n", row.workload, row.variant, row.events, row.seconds,
        row.events_per_second(), row.alerts, row.expected, row.right, row.whole, row.peer);
    for (const auto& [name, value] : row.extras) text += fmt::format(R"(,"{}":{})", name, value);
    text += fmt::format(R"(,"note":"{}"}})", row.note);
  }
  return text + "\n]}\n";
}

}  // namespace tocsin::bench
