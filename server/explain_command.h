// `tocsin explain`: how a pattern is matched (docs/cli.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tocsin::server {

enum class ExplainFormat : unsigned char { kText, kDot, kJson };

struct ExplainOptions {
  std::vector<std::string> files;      // their declarations see each other
  std::optional<std::string> pattern;  // nothing: all of them
  ExplainFormat format = ExplainFormat::kText;
};

// Returns the exit status (exit_status.h).
int explain(const ExplainOptions& options);

}  // namespace tocsin::server
