#include "connectors/state/manifest.h"

#include <fmt/core.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include "connectors/state/digest.h"
#include "eventtime/value.h"

namespace tocsin::connectors {

using eventtime::Result;
namespace dom = simdjson::dom;

namespace {

constexpr uint64_t kFormat = 2;  // the newest; 1 has no "spilled"
constexpr std::string_view kHashBegin = "\"hash\":\"";
constexpr std::string_view kHashEnd = "\"}\n";
constexpr std::string_view kMetaBegin = "\"meta\":";
constexpr size_t kHashDigits = 32;
constexpr size_t kLastLineBytes = kHashBegin.size() + kHashDigits + kHashEnd.size();

std::string hash_of(std::string_view text) {
  return to_hex(XXH3_128bits(text.data(), text.size()));
}

eventtime::Unexpected<ManifestError> damaged(std::string message) {
  return {{ManifestFault::kDamaged, std::move(message)}};
}

eventtime::Unexpected<ManifestError> foreign(std::string message) {
  return {{ManifestFault::kForeign, std::move(message)}};
}

bool is_object(std::string_view json) {
  dom::parser parser;
  dom::object object;
  return parser.parse(simdjson::padded_string(json)).get(object) == simdjson::SUCCESS;
}

// Members of an object; ok() is false when one was missing or of another type.
class Members {
 public:
  explicit Members(const dom::element& json) { ok_ = json.get(object_) == simdjson::SUCCESS; }

  bool ok() const { return ok_; }
  uint64_t number(std::string_view name) {
    uint64_t value = 0;
    get(name, value);
    return value;
  }
  std::string text(std::string_view name) {
    std::string_view value;
    get(name, value);
    return std::string(value);
  }
  std::string text_or_null(std::string_view name) {
    return ok_ && object_[name].is_null() ? std::string() : text(name);
  }
  dom::array list(std::string_view name) {
    dom::array value;
    get(name, value);
    return value;
  }

 private:
  template <class T>
  void get(std::string_view name, T& value) {
    ok_ = ok_ && object_[name].get(value) == simdjson::SUCCESS;
  }

  dom::object object_;
  bool ok_ = false;
};

// As to_hex() writes it.
bool is_digest(std::string_view text) {
  return text.size() == kHashDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool read_file_entry(const dom::element& json, ManifestFile& file) {
  Members members(json);
  file.name = members.text("name");
  file.bytes = members.number("bytes");
  file.records = members.number("records");
  file.deletions = members.number("deletions");
  file.xxh3_128 = members.text("xxh3_128");
  return members.ok() && is_digest(file.xxh3_128);
}

bool read_segment(const dom::element& json, runtime::SpillSegment& segment) {
  Members members(json);
  segment.number = members.number("number");
  segment.bytes = members.number("bytes");
  segment.records = members.number("records");
  segment.xxh3_128 = members.text("xxh3_128");
  return members.ok() && segment.number > 0 && is_digest(segment.xxh3_128);
}

bool rise(const std::vector<runtime::SpillSegment>& segments) {
  return std::is_sorted(segments.begin(), segments.end(), [](const auto& left, const auto& right) {
    return left.number <= right.number;
  });
}

// A base, then deltas, with numbers that rise up to the checkpoint's.
bool is_chain(const Manifest& manifest) {
  uint64_t last = 0;
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    const FileName name = parse_file_name(manifest.files[i].name);
    if (name.kind != (i == 0 ? FileKind::kBase : FileKind::kDelta)) return false;
    if (name.number <= last || name.number > manifest.number) return false;
    last = name.number;
  }
  return !manifest.files.empty();
}

bool read_members(const dom::element& json, Manifest& manifest) {
  Members members(json);
  manifest.number = members.number("number");
  manifest.records = members.number("records");
  manifest.savepoint = members.text_or_null("savepoint");
  const std::string written = members.text("written");
  const dom::array files = members.list("files");
  if (!members.ok()) return false;
  const std::optional<eventtime::Timestamp> time = eventtime::parse_timestamp(written);
  if (!time) return false;
  manifest.written = *time;
  for (const dom::element file : files) {
    if (!read_file_entry(file, manifest.files.emplace_back())) return false;
  }
  if (members.number("format") > 1) {
    const dom::array spilled = members.list("spilled");
    if (!members.ok()) return false;
    for (const dom::element segment : spilled) {
      if (!read_segment(segment, manifest.spilled.emplace_back())) return false;
    }
  }
  if (!rise(manifest.spilled)) return false;
  const bool named = manifest.savepoint.empty() || is_savepoint_name(manifest.savepoint);
  return named && is_chain(manifest);
}

// What all formats have; how the rest is to be read.
Result<void, ManifestError> check_kind(const dom::element& json) {
  Members members(json);
  const std::string kind = members.text("tocsin");
  const uint64_t format = members.number("format");
  if (!members.ok() || kind != "checkpoint") return foreign("it is no checkpoint of tocsin");
  if (format >= 1 && format <= kFormat) return {};
  return foreign(fmt::format("its format has version {}, this program knows {}", format, kFormat));
}

}  // namespace

std::string print_manifest(const Manifest& manifest) {
  std::string text = fmt::format(
      R"({{"tocsin":"checkpoint","format":{},"number":{},"written":"{}","records":{},"savepoint":)",
      manifest.spilled.empty() ? 1 : kFormat, manifest.number,
      eventtime::to_string(manifest.written), manifest.records);
  if (manifest.savepoint.empty()) {
    text += "null";
  } else {
    eventtime::append_json_string(text, manifest.savepoint);
  }
  text += R"(,"files":[)";
  for (const ManifestFile& file : manifest.files) {
    if (text.back() == '}') text += ',';
    text += fmt::format(R"({{"name":"{}","bytes":{},"records":{},"deletions":{},"xxh3_128":"{}"}})",
                        file.name, file.bytes, file.records, file.deletions, file.xxh3_128);
  }
  text += ']';
  for (const runtime::SpillSegment& segment : manifest.spilled) {
    text += text.back() == ']' ? R"(,"spilled":[)" : ",";
    text += fmt::format(R"({{"number":{},"bytes":{},"records":{},"xxh3_128":"{}"}})",
                        segment.number, segment.bytes, segment.records, segment.xxh3_128);
  }
  if (!manifest.spilled.empty()) text += ']';
  text += fmt::format(",\n{}{},\n", kMetaBegin, manifest.meta);
  const std::string hash = hash_of(text);
  return text.append(kHashBegin).append(hash).append(kHashEnd);
}

Result<Manifest, ManifestError> parse_manifest(std::string_view text) {
  if (text.size() < kLastLineBytes) return damaged("it ends too early");
  const std::string_view body = text.substr(0, text.size() - kLastLineBytes);
  const std::string expected = std::string(kHashBegin) + hash_of(body) + std::string(kHashEnd);
  if (text.substr(body.size()) != expected) return damaged("its hash is wrong");
  dom::parser parser;
  dom::element json;
  if (parser.parse(simdjson::padded_string(text)).get(json) != simdjson::SUCCESS) {
    return damaged("it is no JSON");
  }
  if (auto known = check_kind(json); !known) return {{known.error()}};
  Manifest manifest;
  if (!read_members(json, manifest)) return damaged("a member is missing or wrong");
  const size_t first_end = body.find('\n');
  std::string_view meta = body.substr(std::min(first_end, body.size() - 1) + 1);
  if (!meta.starts_with(kMetaBegin) || !meta.ends_with(",\n")) return damaged("it has no meta");
  meta.remove_prefix(kMetaBegin.size());
  meta.remove_suffix(2);
  if (!is_object(meta)) return damaged("its meta is no object");
  manifest.meta = meta;
  return manifest;
}

std::optional<std::string> minify_object(std::string_view json) {
  if (!is_object(json)) return std::nullopt;
  std::string small(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  size_t size = 0;
  const simdjson::padded_string padded(json);
  if (simdjson::minify(padded.data(), padded.size(), small.data(), size) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  small.resize(size);
  return small;
}

std::string base_name(uint64_t number) {
  return fmt::format("base-{:06}.state", number);
}

std::string delta_name(uint64_t number) {
  return fmt::format("delta-{:06}.state", number);
}

std::string checkpoint_name(uint64_t number) {
  return fmt::format("checkpoint-{:06}.json", number);
}

std::string savepoint_name(std::string_view name) {
  return fmt::format("savepoint-{}.json", name);
}

FileName parse_file_name(std::string_view name) {
  FileName parsed;
  const auto between = [name](std::string_view begin, std::string_view end) {
    const bool fits =
        name.size() > begin.size() + end.size() && name.starts_with(begin) && name.ends_with(end);
    return fits ? name.substr(begin.size(), name.size() - begin.size() - end.size()) : "";
  };
  const auto numbered = [&](std::string_view begin, std::string_view end, FileKind kind) {
    constexpr size_t kMaxDigits = 18;
    const std::string_view digits = between(begin, end);
    if (digits.size() < 6 || digits.size() > kMaxDigits) return;
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return;
    if (digits.size() > 6 && digits.front() == '0') return;  // one name for each number
    parsed.kind = kind;
    std::from_chars(digits.data(), digits.data() + digits.size(), parsed.number);
  };
  numbered("base-", ".state", FileKind::kBase);
  numbered("delta-", ".state", FileKind::kDelta);
  numbered("spill-", ".state", FileKind::kSpill);
  numbered("checkpoint-", ".json", FileKind::kCheckpoint);
  if (is_savepoint_name(between("savepoint-", ".json"))) {
    parsed.kind = FileKind::kSavepoint;
    parsed.savepoint = between("savepoint-", ".json");
  }
  const bool of_manifest = name.starts_with("checkpoint-") || name.starts_with("savepoint-");
  if (of_manifest && name.ends_with(".tmp")) parsed.kind = FileKind::kTemporary;
  return parsed;
}

bool is_savepoint_name(std::string_view name) {
  constexpr size_t kMaxLength = 100;
  return !name.empty() && name.size() <= kMaxLength &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace tocsin::connectors
