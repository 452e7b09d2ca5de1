#include "server/metrics/prometheus.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace tocsin::server {
namespace {

using runtime::Metric;

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

void append_head(std::string& out, const Metric& metric) {
  fmt::format_to(std::back_inserter(out), "# HELP tocsin_{} ", metric.name);
  append_escaped(out, metric.help, false);
  fmt::format_to(std::back_inserter(out), "\n# TYPE tocsin_{} {}\n", metric.name,
                 metric.kind == Metric::Kind::kCounter ? "counter" : "gauge");
}

void append_sample(std::string& out, const Metric& metric) {
  out += "tocsin_" + metric.name;
  for (size_t i = 0; i < metric.labels.size(); ++i) {
    out += i == 0 ? '{' : ',';
    out += metric.labels[i].first + "=\"";
    append_escaped(out, metric.labels[i].second, true);
    out += '"';
  }
  if (!metric.labels.empty()) out += '}';
  // Whole numbers in full: they are counted exactly.
  constexpr double kExact = 0x1p53;
  if (std::abs(metric.value) < kExact && std::trunc(metric.value) == metric.value) {
    fmt::format_to(std::back_inserter(out), " {}\n", static_cast<int64_t>(metric.value));
  } else {
    fmt::format_to(std::back_inserter(out), " {}\n", metric.value);
  }
}

}  // namespace

std::string prometheus_text(const runtime::Metrics& metrics) {
  std::map<std::string_view, std::vector<const Metric*>> by_name;
  for (const Metric& metric : metrics) by_name[metric.name].push_back(&metric);
  std::string out;
  for (const Metric& metric : metrics) {
    const auto found = by_name.find(metric.name);
    if (found == by_name.end()) continue;
    append_head(out, metric);
    for (const Metric* each : found->second) append_sample(out, *each);
    by_name.erase(found);
  }
  return out;
}

}  // namespace tocsin::server
