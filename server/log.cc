#include "server/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "eventtime/check.h"

namespace tocsin::server {

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> kLevels = {"debug", "info", "warning", "error", "off"};
  return kLevels;
}

void start_log(const std::string& level) {
  const spdlog::level::level_enum parsed = spdlog::level::from_str(level);
  TOCSIN_CHECK(parsed != spdlog::level::off || level == "off", "the level is one of log_levels()");
  // Libraries of connectors log from threads of their own.
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("tocsin", std::move(sink));
  logger->set_level(parsed);
  // On a terminal a line may have to replace a progress bar.
  const std::string erase = isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "";
  logger->set_pattern(erase + "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace tocsin::server
