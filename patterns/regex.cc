#include "patterns/regex.h"

#include <hs/hs.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <utility>

#include "eventtime/check.h"
#include "patterns/regex_size.h"

namespace tocsin::patterns {
namespace {

using eventtime::input_error;
using eventtime::Result;
using internal::Database;

// One report for each expression is enough; one that matches the empty text is as good as others.
constexpr unsigned kFlags = HS_FLAG_UTF8 | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
// A larger set takes longer to compile than its parts, and little less to search.
constexpr size_t kMaxShard = 1000;
// Of texts 10,000 are searched for in hardly more time than 1,000.
constexpr size_t kMaxPlainShard = 20'000;
// From here on it is compiled to see whether it can be: Hyperscan has limits of its own.
constexpr uint64_t kCertainPositions = 200;

// Memory for searches. Hyperscan makes it large enough for one database after the other; each
// thread has its copy of the largest.
class Scratch {
 public:
  static void grow_for(const hs_database* database) {
    Shared& all = shared();
    const std::lock_guard lock(all.mutex);
    TOCSIN_CHECK(hs_alloc_scratch(database, &all.largest) == HS_SUCCESS, "out of memory");
    all.generation.fetch_add(1, std::memory_order_release);
  }

  static hs_scratch_t* of_this_thread() {
    thread_local Scratch mine;
    Shared& all = shared();
    if (mine.generation_ != all.generation.load(std::memory_order_acquire)) mine.copy(all);
    return mine.memory_;
  }

  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { hs_free_scratch(memory_); }

 private:
  struct Shared {
    std::mutex mutex;
    hs_scratch_t* largest = nullptr;
    std::atomic<uint64_t> generation = 0;
  };
  static Shared& shared() {
    static Shared all;
    return all;
  }

  void copy(Shared& all) {
    const std::lock_guard lock(all.mutex);
    hs_free_scratch(memory_);
    memory_ = nullptr;
    TOCSIN_CHECK(hs_clone_scratch(all.largest, &memory_) == HS_SUCCESS, "out of memory");
    generation_ = all.generation.load(std::memory_order_relaxed);
  }

  hs_scratch_t* memory_ = nullptr;
  uint64_t generation_ = 0;
};

// "missing close parenthesis for group started at index 0".
std::string take_message(hs_compile_error_t* error) {
  std::string message = error->message == nullptr ? "it cannot be compiled" : error->message;
  hs_free_compile_error(error);
  if (!message.empty() && message.back() == '.') message.pop_back();
  if (message[0] >= 'A' && message[0] <= 'Z') message[0] = static_cast<char>(message[0] + 32);
  return message;
}

Result<Database> compile_one(const std::string& text) {
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile(text.c_str(), kFlags, HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS) {
    return input_error(take_message(error));
  }
  Scratch::grow_for(database);
  return Database(database);
}

// What is wrong before anything is compiled.
std::optional<std::string> mistake_in(const std::string& text, const RegexSize& size) {
  if (text.find('\0') != std::string::npos) return "it holds the character U+0000; write \\x00";
  if (text.size() > kMaxRegexBytes) {
    return "it has " + std::to_string(text.size()) + " bytes, " + std::to_string(kMaxRegexBytes) +
           " are allowed";
  }
  if (size.largest_repeat > kMaxRegexRepeat) {
    return "it repeats up to " + std::to_string(size.largest_repeat) + " times, " +
           std::to_string(kMaxRegexRepeat) + " are allowed";
  }
  if (size.positions > kMaxRegexPositions) {
    return "with its repeats written out it is " + std::to_string(size.positions) +
           " characters long, " + std::to_string(kMaxRegexPositions) +
           " are allowed ('.' counts 4, '\\p{...}' 400)";
  }
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(text.c_str(), kFlags, &info, &error) != HS_SUCCESS) {
    return take_message(error);
  }
  std::free(info);  // NOLINT(cppcoreguidelines-no-malloc): Hyperscan's
  return std::nullopt;
}

template <class Handler>
void scan(const Database& database, std::string_view subject, Handler on_match, void* context) {
  const char* bytes = subject.empty() ? "" : subject.data();
  const hs_error_t result = hs_scan(database.get(), bytes, static_cast<unsigned>(subject.size()), 0,
                                    Scratch::of_this_thread(), on_match, context);
  TOCSIN_CHECK(result == HS_SUCCESS || result == HS_SCAN_TERMINATED, "a search cannot fail");
}

}  // namespace

void internal::FreeDatabase::operator()(hs_database* database) const {
  hs_free_database(database);
}

Result<std::shared_ptr<const Regex>> Regex::check(std::string text) {
  const RegexSize size = measure_regex(text);
  std::optional<std::string> mistake = mistake_in(text, size);
  if (mistake) return input_error(*std::move(mistake));
  std::shared_ptr<Regex> regex(new Regex(std::move(text)));
  if (size.positions > kCertainPositions) {
    Result<Database> database = compile_one(regex->text_);
    if (!database) return input_error(database.error().message);
    std::call_once(regex->compiled_, [&] { regex->database_ = *std::move(database); });
  }
  return std::shared_ptr<const Regex>(std::move(regex));
}

const Database& Regex::database() const {
  std::call_once(compiled_, [&] {
    Result<Database> database = compile_one(text_);
    TOCSIN_CHECK(database, "small expressions without mistakes compile");
    database_ = *std::move(database);
  });
  return database_;
}

bool Regex::matches(std::string_view subject) const {
  bool found = false;
  const auto stop = [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
    *static_cast<bool*>(context) = true;
    return 1;
  };
  scan(database(), subject, +stop, &found);
  return found;
}

RegexSet::RegexSet(std::span<const std::string> texts, bool plain) {
  const size_t shard = plain ? kMaxPlainShard : kMaxShard;
  for (size_t first = 0; first < texts.size(); first += shard) {
    compile(texts.subspan(first, std::min(shard, texts.size() - first)),
            static_cast<uint32_t>(first));
  }
}

// In halves where together they are larger than Hyperscan takes.
void RegexSet::compile(std::span<const std::string> texts, uint32_t first) {
  std::vector<const char*> expressions;
  std::vector<uint32_t> ids;
  for (const std::string& text : texts) {
    ids.push_back(first + static_cast<uint32_t>(expressions.size()));
    expressions.push_back(text.c_str());
  }
  const std::vector<unsigned> flags(texts.size(), kFlags);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const hs_error_t result = hs_compile_multi(expressions.data(), flags.data(), ids.data(),
                                             static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                                             nullptr, &database, &error);
  if (result == HS_SUCCESS) {
    Scratch::grow_for(database);
    shards_.emplace_back(database);
    return;
  }
  static_cast<void>(take_message(error));  // frees it
  TOCSIN_CHECK(texts.size() > 1, "expressions were checked");
  const size_t half = texts.size() / 2;
  compile(texts.first(half), first);
  compile(texts.subspan(half), first + static_cast<uint32_t>(half));
}

void RegexSet::search(std::string_view subject, std::vector<uint32_t>& found) const {
  const auto add = [](unsigned id, unsigned long long, unsigned long long, unsigned,
                      void* context) {
    static_cast<std::vector<uint32_t>*>(context)->push_back(id);
    return 0;
  };
  for (const Database& database : shards_) scan(database, subject, +add, &found);
}

const Result<std::shared_ptr<const Regex>>& RegexCache::check(const std::string& text) {
  auto found = checked_.find(text);
  if (found == checked_.end()) found = checked_.emplace(text, Regex::check(text)).first;
  return found->second;
}

}  // namespace tocsin::patterns
