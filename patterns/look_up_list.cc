#include "patterns/look_up_list.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "eventtime/timestamp.h"
#include "patterns/declarations.h"
#include "patterns/lexer.h"
#include "patterns/names.h"

namespace tocsin::patterns {
namespace {

constexpr size_t kMaxShownMistakes = 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view without_blanks(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

// Plus and minus zero are one number.
int64_t bits_of(double number) {
  return std::bit_cast<int64_t>(number == 0 ? 0.0 : number);
}

template <class Number>
std::string parse_number(std::string_view text, std::string_view type, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool whole = rest == end;
  if (whole && error == std::errc::result_out_of_range)
    return "does not fit into " + std::string(type);
  if (!whole || error != std::errc() || !std::isfinite(static_cast<double>(number))) {
    return "is no " + std::string(type);
  }
  return {};
}

// The value as a message shows it: not all of a very long one.
std::string short_text(std::string_view value) {
  constexpr size_t kMaxShown = 60;
  if (value.size() <= kMaxShown) return in_quotes(value);
  size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return in_quotes(std::string(value.substr(0, end)) + "...");
}

}  // namespace

std::optional<ListType> list_type_of_name(std::string_view name) {
  if (name == "cidr") return ListType{Type::kString, true};
  const std::optional<Type> type = type_of_name(name);
  if (!type || *type == Type::kBool) return std::nullopt;
  return ListType{*type, false};
}

std::string_view to_string(ListType type) {
  return type.networks ? "cidr" : eventtime::to_string(type.asked);
}

// What is wrong with the value, or "".
std::string LookUpList::add(std::string_view value) {
  int64_t integer = 0;
  switch (type_.asked) {
    case Type::kString:
      if (type_.networks) return networks_.add(value);
      texts_.insert(value);
      return {};
    case Type::kFloat: {
      double number = 0;
      std::string mistake = parse_number(value, "float", number);
      if (mistake.empty()) integers_.insert(bits_of(number));
      return mistake;
    }
    case Type::kTimestamp: {
      const std::optional<eventtime::Timestamp> time = eventtime::parse_timestamp(value);
      if (!time) return "is no timestamp, as 2026-03-01T10:00:00Z";
      integer = time->micros;
      break;
    }
    case Type::kDuration: {
      const std::optional<eventtime::Duration> duration = eventtime::parse_duration(value);
      if (!duration) return "is no duration, as 1h30m";
      integer = duration->micros;
      break;
    }
    default: {
      std::string mistake = parse_number(value, "int", integer);
      if (!mistake.empty()) return mistake;
    }
  }
  integers_.insert(integer);
  return {};
}

size_t LookUpList::read(ListType type, std::string text, std::vector<ListMistake>& mistakes) {
  type_ = type;
  text_ = std::move(text);
  std::string_view rest = text_;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  size_t count = 0;
  for (size_t line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    const std::string_view value = without_blanks(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (value.empty() || value.front() == '#') continue;
    const bool valid = find_invalid_utf8(value) == value.size();
    std::string mistake = valid ? add(value) : "is not UTF-8";
    if (mistake.empty() || ++count > kMaxShownMistakes) continue;
    mistakes.push_back({line, (valid ? short_text(value) : "the value") + ' ' + mistake});
  }
  networks_.merge();
  if (texts_.empty()) text_ = std::string();
  return count;
}

size_t LookUpList::size() const {
  return texts_.size() + integers_.size() + networks_.ranges();
}

bool LookUpList::contains(double number) const {
  if (type_.asked == Type::kFloat) return integers_.contains(bits_of(number));
  constexpr double kEnd = 0x1p63;  // the first whole number that is no int
  if (number != std::floor(number) || number < -kEnd || number >= kEnd) return false;
  return integers_.contains(static_cast<int64_t>(number));
}

}  // namespace tocsin::patterns
