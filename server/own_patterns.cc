#include "server/own_patterns.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <set>
#include <utility>

#include "connectors/state/digest.h"
#include "nfa/compiler.h"
#include "nfa/fingerprint.h"
#include "patterns/binder.h"
#include "patterns/own_text.h"
#include "patterns/parser.h"

namespace tocsin::server {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using patterns::PatternSet;
using patterns::SourceFile;

namespace {

// No name in a text can have this, so that nothing is named twice.
std::string mark_of(size_t number) {
  return fmt::format("\x01{}", number);
}

Result<std::string> automaton_of(const patterns::Pattern& pattern,
                                 const eventtime::Catalog& catalog, nfa::PredicateSet& predicates) {
  const Result<nfa::Program> program = nfa::compile(pattern, catalog, predicates);
  if (!program) return Unexpected<Error>{program.error()};
  return nfa::automaton_fingerprint(*program, pattern, catalog);
}

Unexpected<Error> cannot_go_on(const connectors::StoredPattern& old, const std::string& why) {
  return eventtime::usage_error(fmt::format(
      "the old version of pattern '{}' cannot go on with the events as they are declared "
      "now: {}; declare them as they were until it has finished, or drop its partial "
      "matches by '--on-change reset'",
      old.name, why));
}

const std::string* find_text(const ListTexts& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? nullptr : &found->second;
}

Unexpected<Error> has_no_text(const connectors::StoredPattern& pattern) {
  return eventtime::world_error(
      fmt::format("the checkpoint has no text of pattern '{}': it is damaged", pattern.name));
}

patterns::ReadFile reader_of(const ListTexts& first, const ListTexts& second) {
  return [&first, &second](const std::string& path, size_t) -> Result<std::string> {
    const std::string* text = find_text(first, path);
    if (text == nullptr) text = find_text(second, path);
    if (text == nullptr) {
      return eventtime::world_error(fmt::format("the list '{}' is not there", path));
    }
    return *text;
  };
}

// Old texts as files, each beside the others.
struct OldFiles {
  std::vector<SourceFile> sources;
  std::vector<patterns::ast::File> files;
};

Result<OldFiles> read_old(const std::vector<connectors::StoredPattern>& old,
                          const SavedTexts& texts) {
  OldFiles out;
  for (size_t i = 0; i < old.size(); ++i) {
    const std::string* text = find_text(texts.patterns, old[i].definition);
    if (text == nullptr) return has_no_text(old[i]);
    patterns::Diagnostics diagnostics;
    out.sources.emplace_back(old[i].name, *text);
    out.files.push_back(patterns::parse(out.sources.back(), diagnostics));
    if (diagnostics.has_errors()) return has_no_text(old[i]);
  }
  return out;
}

std::string first_error(const patterns::Diagnostics& diagnostics, size_t file) {
  for (const patterns::Diagnostic& item : diagnostics.items()) {
    if (item.severity == patterns::Severity::kError && item.file == file) return item.message;
  }
  return {};
}

}  // namespace

std::string digest_name(std::string_view text) {
  return "xxh3-" + connectors::to_hex(XXH3_128bits(text.data(), text.size()));
}

Result<OwnPatterns> own_patterns(const patterns::Loaded& loaded, ListTexts list_files) {
  OwnPatterns own;
  own.sources = loaded.sources;
  own.files = loaded.files;
  own.list_files = std::move(list_files);
  std::map<std::string, std::string> digests;
  for (const auto& [path, text] : own.list_files) {
    digests[path] = digest_name(text);
    own.lists[digests[path]] = text;
  }
  const auto texts =
      patterns::own_texts(loaded, [&](const std::string& path) { return digests.at(path); });
  nfa::PredicateSet predicates;
  for (size_t i = 0; i < texts.size(); ++i) {
    const patterns::Pattern& pattern = loaded.patterns->patterns[i];
    Result<std::string> automaton = automaton_of(pattern, loaded.patterns->catalog, predicates);
    if (!automaton) return Unexpected<Error>{automaton.error()};
    OwnPattern& known = own.patterns.emplace_back();
    known.name = pattern.name;
    known.text = texts[i];
    known.definition = digest_name(texts[i]);
    known.automaton = *std::move(automaton);
    if (!own.lists.empty()) known.lists = patterns::lists_of(texts[i]);
  }
  return own;
}

Result<PatternSet> bind_with_old(const OwnPatterns& own,
                                 const std::vector<connectors::StoredPattern>& old,
                                 const SavedTexts& texts) {
  Result<OldFiles> all = read_old(old, texts);
  if (!all) return Unexpected<Error>{all.error()};
  for (size_t i = 0; i < old.size(); ++i) patterns::set_aside(all->files[i], mark_of(i));
  all->sources.insert(all->sources.end(), own.sources.begin(), own.sources.end());
  all->files.insert(all->files.end(), own.files.begin(), own.files.end());
  patterns::Diagnostics diagnostics;
  std::optional<PatternSet> set =
      patterns::bind(all->sources, all->files, reader_of(texts.lists, own.list_files), diagnostics);
  for (size_t i = 0; i < old.size(); ++i) {
    const std::string error = first_error(diagnostics, i);
    if (!error.empty()) return cannot_go_on(old[i], error);
  }
  if (!set) {
    return eventtime::usage_error(
        "old versions of the patterns cannot go on beside the new ones: " +
        diagnostics.items().front().message +
        "; drop their partial matches by '--on-change reset'");
  }
  nfa::PredicateSet predicates;
  for (size_t i = 0; i < old.size(); ++i) {
    set->patterns[i].name = old[i].name;
    const Result<std::string> automaton = automaton_of(set->patterns[i], set->catalog, predicates);
    if (!automaton) return Unexpected<Error>{automaton.error()};
    if (*automaton != old[i].automaton) {
      return cannot_go_on(old[i], "a field that it uses has another type");
    }
  }
  return *std::move(set);
}

Result<PatternSet> bind_saved(const std::vector<connectors::StoredPattern>& saved,
                              const SavedTexts& texts) {
  Result<OldFiles> all = read_old(saved, texts);
  if (!all) return Unexpected<Error>{all.error()};
  // Event types: those of the patterns that do not drain first, for the others were read with them.
  patterns::ast::File events;
  std::set<std::string> known;
  for (const bool drains : {false, true}) {
    for (size_t i = 0; i < saved.size(); ++i) {
      if (saved[i].until.has_value() != drains) continue;
      for (const patterns::ast::Declaration& declaration : all->files[i].declarations) {
        if (declaration.event && known.insert(declaration.event->name.text).second) {
          events.declarations.push_back(declaration);
        }
      }
    }
  }
  for (size_t i = 0; i < saved.size(); ++i) patterns::set_aside(all->files[i], mark_of(i));
  all->sources.emplace_back("events", "");
  all->files.push_back(std::move(events));
  patterns::Diagnostics diagnostics;
  const ListTexts none;
  std::optional<PatternSet> set =
      patterns::bind(all->sources, all->files, reader_of(texts.lists, none), diagnostics);
  if (!set) {
    return eventtime::world_error("the patterns of the checkpoint cannot be read: " +
                                  diagnostics.items().front().message);
  }
  for (size_t i = 0; i < saved.size(); ++i) set->patterns[i].name = saved[i].name;
  return *std::move(set);
}

}  // namespace tocsin::server
