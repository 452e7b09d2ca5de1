// Regular expressions: `x matches '...'`. A search in linear time, by Hyperscan, which regex.cc
// alone knows: its syntax, over UTF-8, without look-around and back-references.
//
// An expression is checked when patterns are loaded and compiled when it is first asked for; a set
// of them decides a text in one pass. Both are immutable for whoever asks and may be asked by any
// number of threads: the memory for a search belongs to the thread. Tested by
// tests/unit/patterns/regex_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"
#include "patterns/names.h"

struct hs_database;

namespace tocsin::patterns {

namespace internal {
struct FreeDatabase {
  void operator()(hs_database* database) const;
};
using Database = std::unique_ptr<hs_database, FreeDatabase>;
}  // namespace internal

class Regex {
 public:
  // The error says what is wrong with it and where ("missing close parenthesis ... at index 0"), or
  // that it is larger than it may be.
  static eventtime::Result<std::shared_ptr<const Regex>> check(std::string text);

  const std::string& text() const { return text_; }
  // Whether some part of `subject`, which is valid UTF-8, matches.
  bool matches(std::string_view subject) const;

 private:
  explicit Regex(std::string text) : text_(std::move(text)) {}
  const internal::Database& database() const;

  std::string text_;
  mutable std::once_flag compiled_;
  mutable internal::Database database_;
};

class RegexSet {
 public:
  // Expressions that were checked. Plain ones have no operators: they are texts, quoted where need
  // be.
  explicit RegexSet(std::span<const std::string> texts, bool plain = false);

  // Appends the index of each expression that matches to `found`,
  // in no order.
  void search(std::string_view subject, std::vector<uint32_t>& found) const;

 private:
  void compile(std::span<const std::string> texts, uint32_t first);

  std::vector<internal::Database> shards_;
};

// Checks each expression once, however many patterns have it.
class RegexCache {
 public:
  const eventtime::Result<std::shared_ptr<const Regex>>& check(const std::string& text);

 private:
  NameMap<eventtime::Result<std::shared_ptr<const Regex>>> checked_;
};

}  // namespace tocsin::patterns
