// Walks the tokens of one record and proves that it is valid: grammar, escapes, depth, and that no
// key stands twice at one level. Objects that declared paths lead into are written down as steps;
// everything else is checked and passed over.
//
// Tested by tests/unit/connectors/json_decoder_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/json/path_tree.h"

namespace tocsin::connectors {

inline constexpr int kMaxJsonDepth = 512;

// The tokens of a record: positions in `data`, ascending; those at `end` or behind it belong to
// what comes after the record.
struct JsonRecord {
  const char* data = nullptr;
  const uint32_t* tokens = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  bool escapes = true;  // a backslash stands somewhere in it

  std::string_view line() const { return {data + begin, end - begin}; }
  char first(uint32_t token) const { return data[tokens[token]]; }
  // The bytes of a scalar; of a string with its quotes.
  std::string_view text(uint32_t token) const {
    const uint32_t at = tokens[token];
    uint32_t stop = tokens[token + 1] < end ? tokens[token + 1] : end;
    while (stop > at && data[stop - 1] <= ' ' && is_space(data[stop - 1])) --stop;
    return {data + at, stop - at};
  }

  bool has_escape(std::string_view string) const {
    return escapes && string.find('\\') != std::string_view::npos;
  }

  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
};

// A key with its value, or the end of an object, in the order of the record.
struct JsonStep {
  static constexpr uint32_t kEnd = UINT32_MAX;

  uint32_t token = kEnd;     // of the value; kEnd: the end of an object
  uint32_t after = kEnd;     // the token behind the value
  uint32_t parent = kEnd;    // the step whose object this key stands in; kEnd: the record
  int depth = 0;             // of that object, from 1
  bool on_path = false;      // a declared path leads through the key
  bool entered = false;      // and its value is an object: its keys are steps
  std::string_view raw_key;  // as it is written, with its quotes
  std::string_view key;      // what it stands for

  // Neither the end of an object nor the key of an object that is entered.
  bool is_value() const { return token != kEnd && !entered; }
};

class JsonWalker {
 public:
  // Begins another record, which must outlive what is read from the walker.
  void start(const JsonRecord& record) {
    record_ = record;
    failure_.clear();
    duplicate_.reset();
    keys_.clear();
    if (!unescaped_keys_.empty()) unescaped_keys_.clear();
  }

  // The whole record, into steps(). False if it is not valid; then reason() says why.
  bool walk(const PathTree& paths);
  // The array or object at `token`, which moves behind it. False if it is not valid.
  bool skip(uint32_t& token, int depth);
  // A scalar at `token`: grammar and escapes.
  bool check_scalar(uint32_t token);

  const std::vector<JsonStep>& steps() const { return steps_; }
  std::string reason() const;

 private:
  struct Key {
    std::string_view text;
    uint32_t position;
  };

  bool at(char c) const {
    return record_.tokens[token_] < record_.end && record_.first(token_) == c;
  }
  bool fail(std::string_view what);
  bool object(PathTree::Node node, uint32_t parent, int depth);
  bool member(PathTree::Node node, uint32_t parent, int depth);
  bool array(int depth);
  bool value(int depth);
  bool read_key(std::string_view raw, std::string_view& key);
  void find_duplicate(size_t first_key);
  void note_duplicate(const Key& key);

  JsonRecord record_;
  const PathTree* paths_ = nullptr;
  uint32_t token_ = 0;
  std::vector<JsonStep> steps_;
  std::vector<Key> keys_;  // of the objects that are open
  std::deque<std::string> unescaped_keys_;
  std::string scratch_;
  std::string failure_;
  std::optional<Key> duplicate_;
};

}  // namespace tocsin::connectors
