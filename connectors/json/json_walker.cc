#include "connectors/json/json_walker.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/field_value.h"
#include "connectors/json/json_string.h"

namespace tocsin::connectors {

bool JsonWalker::walk(const PathTree& paths) {
  paths_ = &paths;
  steps_.clear();
  token_ = 0;
  if (!object(PathTree::kRoot, JsonStep::kEnd, 1)) return false;
  if (record_.tokens[token_] < record_.end) return fail("something follows the object");
  return !duplicate_;
}

bool JsonWalker::skip(uint32_t& token, int depth) {
  token_ = token;
  const bool valid = value(depth);
  token = token_;
  return valid && !duplicate_;
}

bool JsonWalker::check_scalar(uint32_t token) {
  const std::string_view text = record_.text(token);
  switch (text.front()) {
    case '"': {
      const std::string_view inside = text.substr(1, text.size() - 2);
      if (!record_.has_escape(inside)) return true;
      if (scratch_.size() < inside.size()) scratch_.resize(inside.size());
      return unescape_json(inside, scratch_.data()).has_value() || fail("a malformed escape");
    }
    case 't':
      return text == "true" || fail("expected a value");
    case 'f':
      return text == "false" || fail("expected a value");
    case 'n':
      return text == "null" || fail("expected a value");
    default:
      return is_number(text, NumberGrammar::kJson) || fail("expected a value");
  }
}

std::string JsonWalker::reason() const {
  if (!failure_.empty()) return fmt::format("not valid JSON: {}", failure_);
  return duplicate_ ? fmt::format("key {} stands twice", in_quotes(duplicate_->text))
                    : std::string();
}

// Keeps the first failure. Positions count from 1, as columns do.
bool JsonWalker::fail(std::string_view what) {
  if (!failure_.empty()) return false;
  const uint32_t position = std::min(record_.tokens[token_], record_.end);
  failure_ = fmt::format("{} at byte {}", what, position - record_.begin + 1);
  return false;
}

bool JsonWalker::object(PathTree::Node node, uint32_t parent, int depth) {
  if (depth > kMaxJsonDepth) return fail("nested too deep");
  ++token_;
  const size_t first_key = keys_.size();
  if (!at('}')) {
    while (member(node, parent, depth) && at(',')) ++token_;
    if (!failure_.empty()) return false;
    if (!at('}')) return fail("expected ',' or '}'");
    find_duplicate(first_key);
    keys_.resize(first_key);
  }
  ++token_;
  if (node != PathTree::kNone) steps_.emplace_back();
  return true;
}

bool JsonWalker::member(PathTree::Node node, uint32_t parent, int depth) {
  if (!at('"')) return fail("expected a key");
  const std::string_view raw = record_.text(token_);
  std::string_view key;
  if (!read_key(raw, key)) return fail("a malformed escape");
  keys_.push_back({key, record_.tokens[token_]});
  ++token_;
  if (!at(':')) return fail("expected ':'");
  ++token_;
  if (node == PathTree::kNone) return value(depth + 1);
  const PathTree::Node next = paths_->child(node, key);
  const bool entered = next != PathTree::kNone && at('{');
  const auto step = static_cast<uint32_t>(steps_.size());
  steps_.push_back(
      {token_, JsonStep::kEnd, parent, depth, next != PathTree::kNone, entered, raw, key});
  const bool valid = entered ? object(next, step, depth + 1) : value(depth + 1);
  steps_[step].after = token_;
  return valid;
}

bool JsonWalker::array(int depth) {
  if (depth > kMaxJsonDepth) return fail("nested too deep");
  ++token_;
  if (!at(']')) {
    while (value(depth + 1) && at(',')) ++token_;
    if (!failure_.empty()) return false;
    if (!at(']')) return fail("expected ',' or ']'");
  }
  ++token_;
  return true;
}

bool JsonWalker::value(int depth) {
  if (record_.tokens[token_] >= record_.end) return fail("expected a value");
  switch (record_.first(token_)) {
    case '{':
      return object(PathTree::kNone, JsonStep::kEnd, depth);
    case '[':
      return array(depth);
    default:
      if (!check_scalar(token_)) return false;
      ++token_;
      return true;
  }
}

bool JsonWalker::read_key(std::string_view raw, std::string_view& key) {
  key = raw.substr(1, raw.size() - 2);
  if (!record_.has_escape(key)) return true;
  std::string& unescaped = unescaped_keys_.emplace_back(key.size(), '\0');
  const std::optional<size_t> size = unescape_json(key, unescaped.data());
  if (!size) return false;
  key = std::string_view(unescaped).substr(0, *size);
  return true;
}

// The key of the object just ended that is the first to stand a second time, if there is one.
void JsonWalker::find_duplicate(size_t first_key) {
  constexpr size_t kFewKeys = 12;
  const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first_key);
  if (keys_.size() - first_key <= kFewKeys) {
    for (auto key = begin; key != keys_.end(); ++key) {
      const auto same = [&](const Key& other) { return other.text == key->text; };
      if (std::any_of(begin, key, same)) return note_duplicate(*key);
    }
    return;
  }
  std::sort(begin, keys_.end(), [](const Key& left, const Key& right) {
    const int order = left.text.compare(right.text);
    return order != 0 ? order < 0 : left.position < right.position;
  });
  for (auto key = begin + 1; key != keys_.end(); ++key) {
    if (key->text == (key - 1)->text) note_duplicate(*key);
  }
}

void JsonWalker::note_duplicate(const Key& key) {
  if (!duplicate_ || key.position < duplicate_->position) duplicate_ = key;
}

}  // namespace tocsin::connectors
