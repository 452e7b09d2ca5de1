// The manifest of a checkpoint: what it consists of, and the caller's own words about it. Three
// lines:
//
//   {"tocsin":"checkpoint","format":1,"number":7,"written":TIME,"records":N,"savepoint":NAME|null,
//    "files":[{"name","bytes","records","deletions","xxh3_128"}, …],
//    "spilled":[{"number","bytes","records","xxh3_128"}, …],               (all of this is line 1)
//   "meta":{…},
//   "hash":"XXH3-128 of all bytes before this line"}
//
// The first two members and the last line stay so in all formats to come: a whole manifest of a
// newer program is told apart from a damaged one. `files` are the base and its deltas, oldest
// first; `spilled` the beginnings of files in which cold keys lie (runtime/spill_files.h): only
// where there are any, and then the format is 2. Nothing but our own file names is accepted in it.
// Tested by tests/unit/connectors/manifest_test.cc, tests/fuzz/manifest_fuzz.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/spill_files.h"

namespace tocsin::connectors {

struct ManifestFile {
  std::string name;
  uint64_t bytes = 0;
  uint64_t records = 0;    // put by it
  uint64_t deletions = 0;  // of records of older files
  std::string xxh3_128;
  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct Manifest {
  uint64_t number = 0;
  eventtime::Timestamp written;  // only for show
  uint64_t records = 0;          // of the whole state
  std::string savepoint;         // its name; "" if it is none
  std::vector<ManifestFile> files;
  std::vector<runtime::SpillSegment> spilled;  // by number
  std::string meta = "{}";                     // a JSON object on one line
};

std::string print_manifest(const Manifest& manifest);

enum class ManifestFault : unsigned char {
  kDamaged,
  kForeign,     // whole, but of another program or a newer format
  kUnreadable,  // the file system says so
};
struct ManifestError {
  ManifestFault fault = ManifestFault::kDamaged;
  std::string message;
};

eventtime::Result<Manifest, ManifestError> parse_manifest(std::string_view text);

// The object without blanks between its tokens; nothing if it is no JSON object.
std::optional<std::string> minify_object(std::string_view json);

// ---- the names of a state directory ----

// base-000001.state, delta-000002.state, spill-000001.state, checkpoint-000002.json,
// savepoint-NAME.json; while it is written a manifest has ".tmp" at its end.
enum class FileKind : unsigned char {
  kBase,
  kDelta,
  kSpill,
  kCheckpoint,
  kSavepoint,
  kTemporary,
  kOther
};
struct FileName {
  FileKind kind = FileKind::kOther;
  uint64_t number = 0;    // of a base, delta, spill file or checkpoint
  std::string savepoint;  // its name
};

std::string base_name(uint64_t number);
std::string delta_name(uint64_t number);
std::string checkpoint_name(uint64_t number);
std::string savepoint_name(std::string_view name);
FileName parse_file_name(std::string_view name);

// Letters, digits, '.', '_' and '-'; 100 at most.
bool is_savepoint_name(std::string_view name);

}  // namespace tocsin::connectors
