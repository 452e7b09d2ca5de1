#include "tests/bench/workloads/rule_set.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "tests/bench/workloads/python_random.h"

namespace tocsin::bench {

namespace {

constexpr std::string_view kActions[] = {
    "logon",      "logoff",      "process_start", "process_end",   "file_read",
    "file_write", "file_delete", "registry_set",  "registry_read", "net_connect",
    "net_listen", "dns_query",   "module_load",   "user_add",      "user_remove",
    "group_add",  "service_new", "task_new",      "script_run",    "policy_set"};
constexpr int64_t kActionCount = std::size(kActions);

constexpr std::string_view kDeclaration = R"(
event Log {
  ts: timestamp,
  user: string,
  host: string,
  action: string,
  process: string,
  command: string,
  ip: string,
  code: int,
} time ts
)";

// Neither letters k, z nor words of the rules.
void make_background(PythonRandom& random, LogEvent& event) {
  event.user = random.below(2'000);
  event.host = random.below(500);
  event.action = random.below(kActionCount);
  event.code = random.below(1'000);
  event.quiet = random() < 0.5;
  const int64_t program = random.below(300);
  event.process = program < 15 ? "powershell.exe" : fmt::format("app{}.exe", program);
  event.command =
      fmt::format("C:\\Windows\\System32\\{} --job {:08x} --mode {}{}", event.process,
                  random.below(int64_t{1} << 32), event.code % 7, event.quiet ? " /quiet" : "");
}

void make_first_step(LogEvent& event, int64_t rule) {
  event.rule = rule;
  switch (rule % 4) {
    case 0:
      event.action = rule % kActionCount;
      event.process = fmt::format("tool{}.exe", rule);
      break;
    case 1:
      event.process = "powershell.exe";
      event.command = fmt::format("powershell.exe -nop -enc k{}z -w hidden", rule);
      event.quiet = false;
      break;
    case 2:
      event.action = 0;
      event.code = 10'000 + rule;
      break;
    default:
      event.command = fmt::format("rundll32.exe tool{}.dll,Start", rule);
      event.quiet = false;
  }
}

int64_t random_rule(PythonRandom& random) {
  return static_cast<int64_t>(std::pow(kLogRules, random())) - 1;
}

std::string first_step(int64_t rule) {
  switch (rule % 4) {
    case 0:
      return fmt::format("action == '{}' and process == 'tool{}.exe'",
                         log_action(rule % kActionCount), rule);
    case 1:
      return fmt::format("process == 'powershell.exe' and command like '%-enc k{}z%'", rule);
    case 2:
      return fmt::format("action == 'logon' and code == {}", 10'000 + rule);
    default:
      return fmt::format("command like '% tool{}.dll,%'", rule);
  }
}

int64_t second_action(int64_t rule) {
  return rule / 4 % kActionCount;
}

bool asks_for_quiet(int64_t rule) {
  return rule % 3 == 0;
}

}  // namespace

std::string_view log_action(int64_t action) {
  return kActions[action];
}

Stream<LogEvent> log_stream(double scale, double first_steps) {
  return [=](const OnEvent<LogEvent>& out) {
    PythonRandom random(808);
    LogEvent event;
    const auto count = static_cast<int64_t>(1'000'000 * scale);
    for (int64_t i = 0; i < count; ++i) {
      event.millis = kFirstMillis + i;
      event.rule = -1;
      make_background(random, event);
      if (random() < first_steps) make_first_step(event, random_rule(random));
      out(event);
    }
  };
}

std::string log_patterns(int64_t rules) {
  std::string text(kDeclaration);
  for (int64_t rule = 0; rule < rules; ++rule) {
    fmt::format_to(std::back_inserter(text),
                   "pattern rule{} {{ by user match a: Log[{}] then b: Log[action == '{}'{}] "
                   "within 1m skip to next }}\n",
                   rule, first_step(rule), log_action(second_action(rule)),
                   asks_for_quiet(rule) ? " and command like '%/quiet'" : "");
  }
  return text;
}

bool ends_rule(int64_t rule, const LogEvent& event) {
  return event.action == second_action(rule) && (!asks_for_quiet(rule) || event.quiet);
}

}  // namespace tocsin::bench
