// What is wrong, or looks wrong, in a file of declarations, and how it is shown:
//
//   fraud.tocsin:3:18: error[unknown-field]: 'Payment' has no field 'amont'
//     3 | match p: Payment[amont > 1000]
//       |                  ^^^^^
//     help: did you mean 'amount'? 'Payment' has account, amount, currency
//
// All mistakes of a file are reported in one go, in the order of the text. Wording is golden:
// tests/golden/diagnostics.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/source_file.h"

namespace tocsin::patterns {

enum class Severity : unsigned char { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;     // "unknown-field"
  Span span;            // the whole token or construct that is meant
  std::string message;  // lower case, no final period, names in quotes
  std::string help;     // may be empty
  uint32_t file = 0;    // index into the files that were read together
};

// Collects diagnostics of one file; the front end passes it down.
class Diagnostics {
 public:
  explicit Diagnostics(uint32_t file = 0) : file_(file) {}

  void error(Span span, std::string code, std::string message, std::string help = {});
  void warning(Span span, std::string code, std::string message, std::string help = {});

  void set_file(uint32_t file) { file_ = file; }
  bool has_errors() const { return errors_ > 0; }
  const std::vector<Diagnostic>& items() const { return items_; }

 private:
  std::vector<Diagnostic> items_;
  size_t errors_ = 0;
  uint32_t file_ = 0;
};

// The text above, ending in a line end. Tabs in the source line are shown as one blank; a line
// longer than 200 bytes is shown around the caret.
std::string render(const Diagnostic& diagnostic, const SourceFile& file);
// All of them, by file and position in it, duplicates once.
std::string render(const Diagnostics& diagnostics, std::span<const SourceFile> files);

// "did you mean 'amount'?" for a misspelt name, or "" if none of the candidates is near
// (optimal string alignment distance of at most a third of the name's length, at least 1).
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace tocsin::patterns
