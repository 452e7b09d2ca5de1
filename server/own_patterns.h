// The patterns of a run as its state knows them: each with its own text (patterns/own_text.h) and
// what partial matches depend on, so that it can be told what has changed, and what has begun can
// be finished. Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/state/run_meta.h"
#include "eventtime/result.h"
#include "patterns/ast.h"
#include "patterns/front_end.h"
#include "patterns/pattern.h"
#include "patterns/source_file.h"

namespace tocsin::server {

// What lists and texts are called: "xxh3-" and 32 hexadecimal digits of their bytes.
std::string digest_name(std::string_view text);

struct OwnPattern {
  std::string name;
  std::string text;
  std::string definition;          // digest of the text
  std::string automaton;           // nfa/fingerprint.h
  std::vector<std::string> lists;  // digests of those that it uses
};

using ListTexts = std::map<std::string, std::string>;  // by path, or by digest

struct OwnPatterns {
  std::vector<patterns::SourceFile> sources;
  std::vector<patterns::ast::File> files;
  ListTexts list_files;              // as they were read
  ListTexts lists;                   // by digest
  std::vector<OwnPattern> patterns;  // in the order of the set
};

// `loaded` has no errors; its patterns stay in it. An error tells of a pattern beyond the engine's
// limits.
eventtime::Result<OwnPatterns> own_patterns(const patterns::Loaded& loaded, ListTexts list_files);

// Texts that a checkpoint holds, both by digest.
struct SavedTexts {
  ListTexts patterns;
  ListTexts lists;
};

// The old versions that are called for, each as it was, followed by the patterns of today: one set.
// An old one is read with the event types of today. An error, which says what to do, if one cannot
// be read so any more or would match otherwise.
eventtime::Result<patterns::PatternSet> bind_with_old(
    const OwnPatterns& own, const std::vector<connectors::StoredPattern>& old,
    const SavedTexts& texts);

// The patterns of saved state alone, with the event types of their own time: for looking at it.
eventtime::Result<patterns::PatternSet> bind_saved(
    const std::vector<connectors::StoredPattern>& saved, const SavedTexts& texts);

}  // namespace tocsin::server
