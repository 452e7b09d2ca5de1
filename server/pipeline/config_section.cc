#include "server/pipeline/config_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "patterns/diagnostic.h"
#include "server/flags.h"
#include "server/pattern_files.h"

namespace tocsin::server {
namespace {

namespace fs = std::filesystem;
using ValueKind = ConfigValue::Kind;

constexpr size_t kMaxSecretBytes = size_t{1} << 20;
constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kDurationLooks = R"(a duration in quotes, like "5s" or "1h30m")";
constexpr std::string_view kSizeLooks = R"(a size in quotes, like "512MB" or "2GB")";

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// So that glob() takes it as it is.
std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string path_beside(const ConfigSurroundings& surroundings, const std::string& path) {
  std::string whole = (fs::path(surroundings.directory) / path).string();
  return whole == "-" ? "./-" : whole;  // a file, and no standard input or output
}

bool is_file_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> fitting_files(const ConfigSurroundings& surroundings,
                                       const std::string& pattern) {
  if (!is_file_pattern(pattern)) return {path_beside(surroundings, pattern)};
  std::vector<std::string> files;
  const std::string whole = (fs::path(escaped(surroundings.directory)) / pattern).string();
  glob_t found{};
  if (::glob(whole.c_str(), GLOB_NOSORT | GLOB_MARK, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  std::erase_if(files, [](const std::string& file) { return file.ends_with('/'); });
  std::sort(files.begin(), files.end());
  return files;
}

const ConfigMember* ConfigSection::find(std::string_view key) const {
  for (const ConfigMember& member : table_.members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

Place ConfigSection::place(std::string_view key) const {
  const ConfigMember* member = find(key);
  return member == nullptr ? table_.place : member->place;
}

void ConfigSection::mistake(Place place, std::string code, std::string message, std::string help) {
  context_.mistakes.add(place, std::move(code), std::move(message), std::move(help));
}

void ConfigSection::wrong_type(const ConfigValue& value, const std::string& key,
                               std::string_view looks) {
  mistake(value.place, "wrong-type",
          fmt::format("'{}' is {}, and not {}", key, looks, called(value.kind)));
}

const ConfigValue* ConfigSection::value(const std::string& key, ValueKind kind,
                                        std::string_view looks) {
  know(key);
  const ConfigMember* member = find(key);
  if (member == nullptr) return nullptr;
  if (member->value.kind == kind) return &member->value;
  wrong_type(member->value, key, looks);
  return nullptr;
}

std::optional<std::string> ConfigSection::expanded(const ConfigValue& value) {
  const std::string& text = value.text;
  std::string out;
  bool is_whole = true;
  for (size_t at = 0; at < text.size();) {
    const size_t dollar = text.find('$', at);
    out += text.substr(at, dollar - at);
    if (dollar == std::string::npos) break;
    if (text.compare(dollar, 3, "$${") == 0) {
      out += "${";
      at = dollar + 3;
      continue;
    }
    if (text.compare(dollar, 2, "${") != 0) {
      out += '$';
      at = dollar + 1;
      continue;
    }
    const size_t end = text.find('}', dollar);
    const std::string name =
        end == std::string::npos ? std::string() : text.substr(dollar + 2, end - dollar - 2);
    if (!is_variable_name(name)) {
      mistake(value.place, "variable", "'${' begins a variable, and no name and '}' follow",
              "write '${NAME}', or '$${' for the two characters");
      return std::nullopt;
    }
    const std::optional<std::string> found = context_.surroundings.variable(name);
    if (!found) {
      mistake(value.place, "variable", fmt::format("the environment has no variable '{}'", name),
              "set it, even to nothing");
      is_whole = false;
    }
    out += found.value_or("");
    at = end + 1;
  }
  if (out.find('\0') != std::string::npos) {
    mistake(value.place, "text", "a text holds a character of code 0");
    return std::nullopt;
  }
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> ConfigSection::text_of(const ConfigValue& value,
                                                  const std::string& key) {
  std::optional<std::string> text = expanded(value);
  if (!text || !text->empty()) return text;
  mistake(value.place, "empty", fmt::format("'{}' is empty", key));
  return std::nullopt;
}

std::optional<std::string> ConfigSection::secret_of(const ConfigValue& value,
                                                    const std::string& key) {
  std::optional<std::string> text = text_of(value, key);
  if (!text || !value.text.starts_with(kFilePrefix)) return text;
  const std::string path = path_beside(context_.surroundings, text->substr(kFilePrefix.size()));
  eventtime::Result<std::string> read = read_text(path, kMaxSecretBytes, "secret");
  if (!read) {
    mistake(value.place, "file", fmt::format("'{}': {}", key, read.error().message));
    return std::nullopt;
  }
  while (!read->empty() && (read->back() == '\n' || read->back() == '\r')) read->pop_back();
  if (read->empty()) {
    mistake(value.place, "file", fmt::format("'{}': '{}' is empty", key, path));
    return std::nullopt;
  }
  return *std::move(read);
}

bool ConfigSection::text(const std::string& key, std::string& target) {
  const ConfigValue* found = value(key, ValueKind::kText, "a text in quotes");
  if (found == nullptr) return false;
  const std::optional<std::string> text = text_of(*found, key);
  if (text) target = *text;
  return text.has_value();
}

bool ConfigSection::text(const std::string& key, std::optional<std::string>& target) {
  std::string read;
  if (!text(key, read)) return false;
  target = std::move(read);
  return true;
}

bool ConfigSection::texts(const std::string& key, std::vector<PlacedText>& target) {
  constexpr std::string_view kLooks = "a text in quotes or a list of them";
  know(key);
  const ConfigMember* member = find(key);
  if (member == nullptr) return false;
  const ConfigValue& value = member->value;
  if (value.kind != ValueKind::kText && value.kind != ValueKind::kList) {
    wrong_type(value, key, kLooks);
    return false;
  }
  std::vector<PlacedText> read;
  bool is_right = true;
  const auto add = [&](const ConfigValue& item) {
    if (item.kind != ValueKind::kText) {
      wrong_type(item, key, kLooks);
      is_right = false;
      return;
    }
    const std::optional<std::string> text = expanded(item);
    if (text) read.push_back({*text, item.place});
    is_right = is_right && text;
  };
  if (value.kind == ValueKind::kText) add(value);
  for (const ConfigValue& item : value.items) add(item);
  if (is_right) target = std::move(read);
  return is_right;
}

bool ConfigSection::texts(const std::string& key, std::vector<std::string>& target) {
  std::vector<PlacedText> read;
  if (!texts(key, read)) return false;
  target.clear();
  for (PlacedText& each : read) target.push_back(std::move(each.text));
  return true;
}

bool ConfigSection::path(const std::string& key, std::string& target) {
  std::string read;
  if (!text(key, read)) return false;
  target = path_beside(context_.surroundings, read);
  return true;
}

bool ConfigSection::path(const std::string& key, std::optional<std::string>& target) {
  std::string read;
  if (!path(key, read)) return false;
  target = std::move(read);
  return true;
}

bool ConfigSection::secret(const std::string& key, std::string& target) {
  const ConfigValue* found = value(key, ValueKind::kText, "a text in quotes");
  if (found == nullptr) return false;
  const std::optional<std::string> text = secret_of(*found, key);
  if (text) target = *text;
  return text.has_value();
}

bool ConfigSection::secrets(const std::string& key, std::vector<std::string>& target) {
  const ConfigValue* found = value(key, ValueKind::kList, "a list of texts in quotes");
  if (found == nullptr) return false;
  std::vector<std::string> read;
  for (const ConfigValue& item : found->items) {
    if (item.kind != ValueKind::kText) {
      wrong_type(item, key, "a list of texts in quotes");
      continue;
    }
    if (std::optional<std::string> text = secret_of(item, key)) read.push_back(*std::move(text));
  }
  if (read.size() != found->items.size()) return false;
  target = std::move(read);
  return true;
}

bool ConfigSection::truth(const std::string& key, bool& target) {
  const ConfigValue* found = value(key, ValueKind::kTruth, "true or false");
  if (found != nullptr) target = found->truth;
  return found != nullptr;
}

bool ConfigSection::count(const std::string& key, uint64_t& target, uint64_t least, uint64_t most) {
  const ConfigValue* found = value(key, ValueKind::kInteger, "a whole number");
  if (found == nullptr) return false;
  if (found->integer < 0 || static_cast<uint64_t>(found->integer) < least ||
      static_cast<uint64_t>(found->integer) > most) {
    mistake(found->place, "out-of-range",
            fmt::format("'{}' is {}, and may be from {} to {}", key, found->integer, least, most));
    return false;
  }
  target = static_cast<uint64_t>(found->integer);
  return true;
}

bool ConfigSection::number(const std::string& key, std::optional<double>& target) {
  know(key);
  const ConfigMember* member = find(key);
  if (member == nullptr) return false;
  const ConfigValue& value = member->value;
  if (value.kind != ValueKind::kInteger && value.kind != ValueKind::kFloat) {
    wrong_type(value, key, "a number");
    return false;
  }
  const double read =
      value.kind == ValueKind::kInteger ? static_cast<double>(value.integer) : value.number;
  if (!std::isfinite(read) || read <= 0) {
    mistake(value.place, "out-of-range", fmt::format("'{}' is a number above 0", key));
    return false;
  }
  target = read;
  return true;
}

std::optional<std::string> ConfigSection::checked(
    const std::string& key, std::string_view looks,
    const std::function<std::string(const std::string&)>& check) {
  const ConfigValue* found = value(key, ValueKind::kText, looks);
  if (found == nullptr) return std::nullopt;
  std::optional<std::string> text = expanded(*found);
  if (!text || check(*text).empty()) return text;
  // Shown as it stands in the file: a variable may be a secret at the wrong place.
  const std::string wrong = check(found->text);
  mistake(found->place, "wrong-value",
          wrong.empty() ? fmt::format("'{}' is no {}", found->text, looks)
                        : fmt::format("'{}': {}", key, wrong));
  return std::nullopt;
}

bool ConfigSection::duration(const std::string& key, eventtime::Duration& target) {
  const std::optional<std::string> text = checked(key, kDurationLooks, check_duration);
  if (text) target = *eventtime::parse_duration(*text);
  return text.has_value();
}

bool ConfigSection::duration(const std::string& key, std::optional<eventtime::Duration>& target) {
  eventtime::Duration read;
  if (!duration(key, read)) return false;
  target = read;
  return true;
}

bool ConfigSection::duration_or_never(const std::string& key,
                                      std::optional<eventtime::Duration>& target) {
  const std::optional<std::string> text =
      checked(key, R"(a duration in quotes, like "30s", or "never")", check_duration_or_never);
  if (text) target = eventtime::parse_duration(*text);  // "never" is none
  return text.has_value();
}

bool ConfigSection::size(const std::string& key, uint64_t& target) {
  const std::optional<std::string> text = checked(key, kSizeLooks, check_size);
  if (text) target = parse_size(*text);
  return text.has_value();
}

bool ConfigSection::size(const std::string& key, std::optional<uint64_t>& target) {
  uint64_t read = 0;
  if (!size(key, read)) return false;
  target = read;
  return true;
}

bool ConfigSection::map(const std::string& key, std::map<std::string, PlacedText>& target) {
  const ConfigValue* found = value(key, ValueKind::kTable, "a table of texts");
  if (found == nullptr) return false;
  bool is_right = true;
  for (const ConfigMember& member : found->members) {
    if (member.value.kind != ValueKind::kText) {
      wrong_type(member.value, member.key, "a text in quotes");
      is_right = false;
      continue;
    }
    const std::optional<std::string> text = text_of(member.value, member.key);
    is_right = is_right && text;
    if (text) target[member.key] = {*text, member.value.place};
  }
  return is_right;
}

void ConfigSection::add_settings(const ConfigValue& table, const std::string& prefix,
                                 std::map<std::string, std::string>& target) {
  for (const ConfigMember& member : table.members) {
    const std::string name = prefix + member.key;
    switch (member.value.kind) {
      case ValueKind::kText:
        if (auto text = secret_of(member.value, name)) target[name] = *std::move(text);
        break;
      case ValueKind::kInteger:
        target[name] = fmt::to_string(member.value.integer);
        break;
      case ValueKind::kFloat:
        target[name] = fmt::to_string(member.value.number);
        break;
      case ValueKind::kTruth:
        target[name] = member.value.truth ? "true" : "false";
        break;
      case ValueKind::kTable:
        add_settings(member.value, name + ".", target);
        break;
      case ValueKind::kTime:
      case ValueKind::kList:
        wrong_type(member.value, name, "a text, a number or a truth value");
        break;
    }
  }
}

bool ConfigSection::settings(const std::string& key, std::map<std::string, std::string>& target) {
  const ConfigValue* found = value(key, ValueKind::kTable, "a table of settings");
  if (found == nullptr) return false;
  add_settings(*found, "", target);
  return true;
}

const ConfigValue* ConfigSection::table(const std::string& key) {
  return value(key, ValueKind::kTable, "a table");
}

std::vector<const ConfigValue*> ConfigSection::tables(const std::string& key) {
  const std::string looks = fmt::format("a list of tables, each written [[{}]]", key);
  const ConfigValue* found = value(key, ValueKind::kList, looks);
  std::vector<const ConfigValue*> tables;
  if (found == nullptr) return tables;
  for (const ConfigValue& item : found->items) {
    if (item.kind == ValueKind::kTable) {
      tables.push_back(&item);
    } else {
      wrong_type(item, key, looks);
    }
  }
  return tables;
}

std::optional<size_t> ConfigSection::choose(const std::string& key,
                                            const std::vector<std::string>& words) {
  const ConfigValue* found =
      value(key, ValueKind::kText, fmt::format("one of {}", fmt::join(words, ", ")));
  if (found == nullptr) return std::nullopt;
  const std::optional<std::string> text = expanded(*found);
  if (!text) return std::nullopt;
  const auto word = std::find(words.begin(), words.end(), *text);
  if (word != words.end()) return static_cast<size_t>(word - words.begin());
  mistake(found->place, "wrong-value",
          fmt::format("'{}': '{}' is none of {}", key, found->text, fmt::join(words, ", ")),
          patterns::did_you_mean(found->text, words));
  return std::nullopt;
}

void ConfigSection::require(const std::string& key, std::string_view help) {
  if (has(key)) return;
  mistake(table_.place, "missing-key", fmt::format("{} needs the key '{}'", kind_, key),
          std::string(help));
}

void ConfigSection::at_most_one(const std::vector<std::string>& keys, std::string_view help) {
  std::vector<std::string> there;
  for (const std::string& key : keys) {
    if (has(key)) there.push_back(fmt::format("'{}'", key));
  }
  if (there.size() < 2) return;
  Place last;
  for (const std::string& key : keys) {
    if (has(key)) last = std::max(last, place(key));
  }
  mistake(last, "conflict", fmt::format("{} do not go together", fmt::join(there, " and ")),
          std::string(help));
}

void ConfigSection::finish() {
  for (const ConfigMember& member : table_.members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    std::string help = patterns::did_you_mean(member.key, known_);
    if (help.empty() && !known_.empty()) {
      help = fmt::format("known are {}", fmt::join(known_, ", "));
    }
    mistake(member.place, "unknown-key", fmt::format("{} has no key '{}'", kind_, member.key),
            std::move(help));
  }
}

}  // namespace tocsin::server
