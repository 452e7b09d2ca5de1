#include "patterns/regex_size.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace tocsin::patterns {
namespace {

constexpr uint64_t kCharacter = 1;
constexpr uint64_t kAnyCodePoint = 4;
constexpr uint64_t kProperty = 400;
constexpr uint64_t kMost = uint64_t{1} << 30;  // sums and products stop here

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Measure {
 public:
  explicit Measure(std::string_view text) : text_(text), groups_{0} {
    // Verbs such as (*UCP) at the beginning change what `\w` means.
    unicode_ = text.starts_with("(*");
  }

  RegexSize run() {
    while (at_ < text_.size()) step();
    while (groups_.size() > 1) close();
    finish_item();
    return {groups_[0], largest_repeat_};
  }

 private:
  void step() {
    const char c = text_[at_++];
    switch (c) {
      case '\\':
        begin_item(escape());
        break;
      case '[':
        begin_item(character_class());
        break;
      case '.':
        begin_item(kAnyCodePoint);
        break;
      case '(':
        open();
        break;
      case ')':
        if (groups_.size() > 1) close();
        break;
      case '{':
        if (!repeat()) begin_item(kCharacter);
        break;
      case '#':
        if (extended_) {
          skip_to('\n');
        } else {
          begin_item(kCharacter);
        }
        break;
      case '*':
      case '+':
      case '?':
      case '|':
        break;
      default:
        begin_item(kCharacter);
    }
  }

  // The last item may still be repeated, so it is added when the next one begins.
  void begin_item(uint64_t positions) {
    finish_item();
    item_ = positions;
  }
  void finish_item() {
    groups_.back() = std::min(kMost, groups_.back() + item_);
    item_ = 0;
  }

  void open() {
    finish_item();
    if (text_.substr(at_).starts_with("?#")) return skip_to(')');
    if (at_ < text_.size() && text_[at_] == '?') flags();
    groups_.push_back(0);
  }

  // `(?i)`, `(?x-i:`: what of it matters here is whether `#` begins a comment.
  void flags() {
    bool on = true;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '-') {
        on = false;
      } else if (c == 'x') {
        extended_ = on;
      } else if (c < 'a' || c > 'z') {
        break;
      }
    }
  }

  void close() {
    finish_item();
    item_ = groups_.back();
    groups_.pop_back();
  }

  void skip_to(char end) {
    const size_t found = text_.find(end, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + 1;
  }

  std::optional<uint64_t> number() {
    if (at_ >= text_.size() || !is_digit(text_[at_])) return std::nullopt;
    uint64_t value = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      value = std::min(kMost, value * 10 + static_cast<uint64_t>(text_[at_] - '0'));
    }
    return value;
  }

  // Behind a `{`. False, with nothing read: it stands for itself.
  bool repeat() {
    const size_t begin = at_;
    std::optional<uint64_t> rounds = number();
    if (rounds && at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      const std::optional<uint64_t> maximum = number();
      if (maximum) rounds = std::max(*rounds, *maximum);
    }
    if (!rounds || at_ >= text_.size() || text_[at_] != '}') {
      at_ = begin;
      return false;
    }
    ++at_;
    largest_repeat_ = std::max(largest_repeat_, *rounds);
    item_ = std::min(kMost, item_ * std::max<uint64_t>(*rounds, 1));
    return true;
  }

  // Behind a backslash.
  uint64_t escape() {
    if (at_ >= text_.size()) return kCharacter;
    const char c = text_[at_++];
    const bool braces = at_ < text_.size() && text_[at_] == '{';
    switch (c) {
      case 'p':
      case 'P':
        if (braces) skip_to('}');
        return kProperty;
      case 'x':
        if (braces) skip_to('}');
        return kCharacter;
      case 'Q': {  // as it is, up to \E
        const size_t end = std::min(text_.find("\\E", at_), text_.size());
        const uint64_t count = end - at_;
        at_ = std::min(end + 2, text_.size());
        return count;
      }
      case 'w':
      case 'd':
      case 's':
        return unicode_ ? kProperty : kCharacter;
      case 'W':
      case 'D':
      case 'S':
        return unicode_ ? kProperty : kAnyCodePoint;
      case 'C':
      case 'H':
      case 'N':
      case 'R':
      case 'V':
      case 'X':
        return kAnyCodePoint;
      default:
        return kCharacter;
    }
  }

  // Behind a `[`: as much as its largest part.
  uint64_t character_class() {
    uint64_t positions = kCharacter;
    if (at_ < text_.size() && text_[at_] == '^') {
      ++at_;
      positions = kAnyCodePoint;
    }
    bool first = true;  // a `]` here stands for itself
    for (; at_ < text_.size() && (first || text_[at_] != ']'); first = false) {
      const char c = text_[at_++];
      if (c == '\\') {
        positions = std::max(positions, escape());
      } else if (c == '[' && at_ < text_.size() && text_[at_] == ':') {  // [:alpha:]
        const size_t end = text_.find(":]", at_);
        if (end != std::string_view::npos) at_ = end + 2;
        positions = std::max(positions, unicode_ ? kProperty : kAnyCodePoint);
      } else if (static_cast<unsigned char>(c) >= 0x80) {
        positions = std::max(positions, kAnyCodePoint);
      }
    }
    if (at_ < text_.size()) ++at_;
    return positions;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<uint64_t> groups_;  // what each open group has so far; the first is the expression
  uint64_t item_ = 0;             // what a repeat would repeat
  uint64_t largest_repeat_ = 0;
  bool unicode_ = false;
  bool extended_ = false;
};

}  // namespace

RegexSize measure_regex(std::string_view text) {
  return Measure(text).run();
}

}  // namespace tocsin::patterns
