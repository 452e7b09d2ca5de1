// One table of a pipeline file, read key by key. What is asked for is a known key; when all has
// been asked for, finish() tells the others, each with the known key that it may have meant.
//
// Each reader leaves its target as it is where the key is missing, or wrong, which is a mistake.
// Texts may hold ${NAME}, a variable of the environment ("$${" is "${"); paths are relative to the
// file. Tested by tests/unit/server/pipeline_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/timestamp.h"
#include "server/pipeline/config_tree.h"
#include "server/pipeline/mistakes.h"

namespace tocsin::server {

// What a pipeline file refers to.
struct ConfigSurroundings {
  std::string directory;  // of the file; "" is the working directory
  std::function<std::optional<std::string>(const std::string& name)>
      variable;  // of the environment
};

struct ConfigContext {
  const ConfigSurroundings& surroundings;
  Mistakes& mistakes;
};

// A path below the folder of the file, or an absolute one, as it is.
std::string path_beside(const ConfigSurroundings& surroundings, const std::string& path);
// The files that a pattern of names fits, in the order of their bytes; a path without '*', '?' and
// '[' is itself.
bool is_file_pattern(std::string_view path);
std::vector<std::string> fitting_files(const ConfigSurroundings& surroundings,
                                       const std::string& pattern);

class ConfigSection {
 public:
  // `kind`: "a file source", "[state]"; for messages.
  ConfigSection(const ConfigValue& table, std::string kind, ConfigContext context)
      : table_(table), kind_(std::move(kind)), context_(context) {}

  // What it is called may become known when some of it has been read.
  void set_kind(std::string kind) { kind_ = std::move(kind); }
  Place place() const { return table_.place; }
  // Of the key; of the table where it is missing.
  Place place(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  // Each tells whether the target was set.
  bool text(const std::string& key, std::string& target);
  bool text(const std::string& key, std::optional<std::string>& target);
  // One text, or a list of them.
  bool texts(const std::string& key, std::vector<std::string>& target);
  // Their places, too.
  struct PlacedText {
    std::string text;
    Place place;
  };
  bool texts(const std::string& key, std::vector<PlacedText>& target);
  bool path(const std::string& key, std::string& target);
  bool path(const std::string& key, std::optional<std::string>& target);
  // "file:PATH" stands for what is in that file, without the line end.
  bool secret(const std::string& key, std::string& target);
  bool secrets(const std::string& key, std::vector<std::string>& target);
  bool truth(const std::string& key, bool& target);
  bool count(const std::string& key, uint64_t& target, uint64_t least, uint64_t most);
  bool number(const std::string& key, std::optional<double>& target);
  bool duration(const std::string& key, eventtime::Duration& target);
  bool duration(const std::string& key, std::optional<eventtime::Duration>& target);
  // "never": nothing.
  bool duration_or_never(const std::string& key, std::optional<eventtime::Duration>& target);
  bool size(const std::string& key, uint64_t& target);
  bool size(const std::string& key, std::optional<uint64_t>& target);
  // A table of texts.
  bool map(const std::string& key, std::map<std::string, PlacedText>& target);
  // A table of texts, numbers and truth values, as texts: secrets, which nothing shows. Tables in
  // it are names with dots.
  bool settings(const std::string& key, std::map<std::string, std::string>& target);
  // A table; null if there is none.
  const ConfigValue* table(const std::string& key);
  // Tables, as [[key]] writes them.
  std::vector<const ConfigValue*> tables(const std::string& key);

  // One of a few words.
  template <class T>
  bool choice(const std::string& key, T& target,
              const std::vector<std::pair<std::string, T>>& choices) {
    std::vector<std::string> words;
    for (const auto& choice : choices) words.push_back(choice.first);
    const std::optional<size_t> chosen = choose(key, words);
    if (chosen) target = choices[*chosen].second;
    return chosen.has_value();
  }
  // Which of the words stands there.
  std::optional<size_t> choose(const std::string& key, const std::vector<std::string>& words);

  // A known key that was asked for in another way.
  void know(const std::string& key) { known_.push_back(key); }
  // Adds a mistake if the key is missing.
  void require(const std::string& key, std::string_view help = {});
  // A mistake if more than one of the keys is there.
  void at_most_one(const std::vector<std::string>& keys, std::string_view help);
  void mistake(Place place, std::string code, std::string message, std::string help = {});
  // After all that can be asked for: the other keys are mistakes.
  void finish();

 private:
  const ConfigMember* find(std::string_view key) const;
  // The value, if it is of the kind; another kind is a mistake.
  const ConfigValue* value(const std::string& key, ConfigValue::Kind kind, std::string_view looks);
  std::optional<std::string> expanded(const ConfigValue& value);
  std::optional<std::string> secret_of(const ConfigValue& value, const std::string& key);
  std::optional<std::string> text_of(const ConfigValue& value, const std::string& key);
  // `check` tells what is wrong with the text, "" if nothing.
  std::optional<std::string> checked(const std::string& key, std::string_view looks,
                                     const std::function<std::string(const std::string&)>& check);
  void add_settings(const ConfigValue& table, const std::string& prefix,
                    std::map<std::string, std::string>& target);
  void wrong_type(const ConfigValue& value, const std::string& key, std::string_view looks);

  const ConfigValue& table_;
  std::string kind_;
  ConfigContext context_;
  std::vector<std::string> known_;
};

}  // namespace tocsin::server
