#include "patterns/diagnostic.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "eventtime/check.h"
#include "eventtime/value.h"

namespace tocsin::patterns {
namespace {

constexpr size_t kMaxShownBytes = 200;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// A piece of the source line with the caret's place in it, in code points.
struct Excerpt {
  std::string text;
  size_t caret = 0;
  size_t carets = 1;
};

// Control characters would move the caret, or worse; they and broken UTF-8 become U+FFFD.
std::string printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t bytes = eventtime::utf8_length(text, at);
    if (byte == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F || bytes == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(at, bytes);
    }
    at += std::max<size_t>(bytes, 1);
  }
  return out;
}

// The nearest place at or before `at` that cuts no code point in two.
size_t boundary(std::string_view line, size_t at) {
  for (int i = 0; i < 3 && at > 0 && at < line.size() && continues(line[at]); ++i) --at;
  return at;
}

size_t code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

// `begin` and `end` are bytes of the line; a span over several lines ends with its first.
Excerpt excerpt(std::string_view line, size_t begin, size_t end) {
  begin = std::min(begin, line.size());
  end = std::clamp(end, begin, line.size());
  size_t from = 0;
  size_t to = line.size();
  if (line.size() > kMaxShownBytes) {
    // Two thirds of the room before the end of the token, which may itself be too long.
    from = begin - std::min(begin, kMaxShownBytes / 3);
    to = std::min(line.size(), from + kMaxShownBytes);
    if (to == line.size()) from = std::min(begin, to - kMaxShownBytes);
    from = boundary(line, from);
    to = boundary(line, to);
    end = std::min(end, to);
  }
  Excerpt out;
  const std::string_view before = from > 0 ? "..." : "";
  out.text = std::string(before) + printable(line.substr(from, to - from));
  if (to < line.size()) out.text += "...";
  out.caret = before.size() + code_points(line.substr(from, begin - from));
  out.carets = std::max<size_t>(1, code_points(line.substr(begin, end - begin)));
  return out;
}

// Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours.
size_t distance(std::string_view left, std::string_view right) {
  std::array<std::vector<size_t>, 3> rows;
  for (auto& row : rows) row.resize(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& last = rows[(i + 2) % 3];
    const auto& before = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t change = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return rows[left.size() % 3][right.size()];
}

}  // namespace

void Diagnostics::error(Span span, std::string code, std::string message, std::string help) {
  items_.push_back(
      {Severity::kError, std::move(code), span, std::move(message), std::move(help), file_});
  ++errors_;
}

void Diagnostics::warning(Span span, std::string code, std::string message, std::string help) {
  items_.push_back(
      {Severity::kWarning, std::move(code), span, std::move(message), std::move(help), file_});
}

std::string render(const Diagnostic& diagnostic, const SourceFile& file) {
  const Position position = file.position(diagnostic.span.begin);
  const std::string_view line = file.line(position.line);
  const size_t line_begin =
      file.text().empty() ? 0 : static_cast<size_t>(line.data() - file.text().data());
  const Excerpt shown = excerpt(line, diagnostic.span.begin - line_begin,
                                std::max(diagnostic.span.end, diagnostic.span.begin) - line_begin);
  const std::string number = std::to_string(position.line);

  std::string out = file.name() + ":" + number + ":" + std::to_string(position.column) + ": ";
  out += diagnostic.severity == Severity::kError ? "error" : "warning";
  out += "[" + diagnostic.code + "]: " + diagnostic.message + "\n";
  out += "  " + number + " | " + shown.text + "\n";
  out += "  " + std::string(number.size(), ' ') + " | " + std::string(shown.caret, ' ') +
         std::string(shown.carets, '^') + "\n";
  if (!diagnostic.help.empty()) out += "  help: " + diagnostic.help + "\n";
  return out;
}

std::string render(const Diagnostics& diagnostics, std::span<const SourceFile> files) {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& item : diagnostics.items()) sorted.push_back(&item);
  const auto place = [](const Diagnostic* item) {
    return std::tie(item->file, item->span.begin, item->span.end, item->severity, item->code,
                    item->message, item->help);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const Diagnostic* a, const Diagnostic* b) { return place(a) < place(b); });
  std::string out;
  const Diagnostic* last = nullptr;
  for (const Diagnostic* item : sorted) {
    if (last != nullptr && place(last) == place(item)) continue;
    TOCSIN_CHECK(item->file < files.size(), "a diagnostic names one of the files");
    out += render(*item, files[item->file]);
    last = item;
  }
  return out;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  constexpr size_t kMaxNameBytes = 100;  // nobody misspells a longer one
  if (name.empty() || name.size() > kMaxNameBytes) return {};
  const std::string* nearest = nullptr;
  size_t best = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() >= name.size() + best || name.size() >= candidate.size() + best) continue;
    const size_t edits = distance(name, candidate);
    if (edits == 0) return {};  // it is there: something else is wrong with it
    if (edits < best) {
      best = edits;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : "did you mean '" + *nearest + "'?";
}

}  // namespace tocsin::patterns
