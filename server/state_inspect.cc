#include "server/state_inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "connectors/file/file_sink.h"
#include "eventtime/value.h"
#include "runtime/engine.h"
#include "server/stored_state.h"

namespace tocsin::server {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using patterns::Pattern;
using runtime::Engine;
using runtime::PendingKey;
using runtime::PendingMatch;

namespace {

std::string json_text(std::string_view text) {
  std::string out;
  eventtime::append_json_string(out, text);
  return out;
}

std::string json_time(eventtime::Timestamp time) {
  const bool none = time == eventtime::kMaxTimestamp || time == eventtime::kMinTimestamp;
  return none ? "null" : "\"" + to_string(time) + "\"";
}

std::string shown_time(eventtime::Timestamp time) {
  if (time == eventtime::kMinTimestamp) return "none yet";
  return time == eventtime::kMaxTimestamp ? "never" : to_string(time);
}

// A value as people write it: a string without quotes.
std::string plain(const eventtime::Value& value) {
  if (value.type == eventtime::Type::kString) return std::string(value.cell.text.view());
  std::string out;
  eventtime::append_json(out, value);
  if (out.size() > 1 && out.front() == '"') out = out.substr(1, out.size() - 2);
  return out;
}

struct PatternCount {
  uint64_t keys = 0;
  uint64_t matches = 0;
};

class Inspection {
 public:
  Inspection(const StoredRun& run, const Engine& engine, const InspectOptions& options)
      : run_(run), engine_(engine), options_(options), counts_(run.meta.patterns.size()) {}

  std::string print() {
    engine_.visit_pending([&](const PendingKey& key) { take(key); });
    std::sort_heap(keys_.begin(), keys_.end());
    std::string out = options_.json ? head_json() : head_text();
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (is_wanted(i)) out += options_.json ? pattern_json(i) : pattern_text(i);
    }
    if (!options_.json && !keys_.empty()) out += "pending\n";
    for (const Shown& key : keys_) out += key.text;
    const uint64_t left = wanted_keys_ - keys_.size();
    if (!options_.json && left > 0) {
      out += fmt::format("  and {} more keys; --limit shows more\n", left);
    }
    return out;
  }

 private:
  struct Shown {
    size_t pattern = 0;
    std::string key;
    std::string text;
    bool operator<(const Shown& other) const {
      return pattern != other.pattern ? pattern < other.pattern : key < other.key;
    }
  };

  bool is_wanted(size_t pattern) const {
    return !options_.pattern || *options_.pattern == run_.meta.patterns[pattern].name;
  }
  const Pattern& pattern_of(size_t number) const { return engine_.patterns().patterns[number]; }
  const std::string& input(uint32_t number) const {
    static const std::string derived = "a pattern";
    return number < run_.meta.inputs.size() ? run_.meta.inputs[number].first : derived;
  }

  void take(const PendingKey& key) {
    ++counts_[key.pattern].keys;
    counts_[key.pattern].matches += key.matches.size();
    if (!is_wanted(key.pattern)) return;
    std::string values;
    std::string named;
    const Pattern& pattern = pattern_of(key.pattern);
    for (size_t i = 0; i < key.key.size(); ++i) {
      const std::string value = plain(key.key[i]);
      values += (i > 0 ? "," : "") + value;
      named += (i > 0 ? "," : "") + pattern.by[i].name + "=" + value;
    }
    if (options_.key && *options_.key != values && *options_.key != named) return;
    ++wanted_keys_;
    show(key, std::move(named));
  }

  // There may be more keys than memory has room for: those beyond the limit are not kept.
  void show(const PendingKey& key, std::string named) {
    Shown shown{key.pattern, std::move(named), {}};
    if (keys_.size() >= options_.limit) {
      if (!(shown < keys_.front())) return;
      std::pop_heap(keys_.begin(), keys_.end());
      keys_.pop_back();
    }
    shown.text = options_.json ? key_json(key) : key_text(key, shown.key);
    keys_.push_back(std::move(shown));
    std::push_heap(keys_.begin(), keys_.end());
  }

  // ---- text ----

  std::string head_text() const {
    std::string out = fmt::format("checkpoint {} of {}\ninputs\n", run_.manifest.number,
                                  to_string(run_.manifest.written));
    for (uint32_t i = 0; i < run_.meta.inputs.size(); ++i) {
      const auto& [name, position] = run_.meta.inputs[i];
      out += fmt::format("  {}: {} records, {} bytes, watermark {}\n", name, position.records,
                         position.bytes, shown_time(engine_.watermark(i)));
    }
    out += "outputs\n";
    const auto add = [&](std::string_view what, const connectors::RunMeta::Output& output) {
      out += fmt::format("  {}: {}, {} bytes\n", what, output.path, output.position.bytes);
    };
    for (const connectors::RunMeta::Sink& sink : run_.meta.sinks) {
      if (const auto file = connectors::parse_output_position(sink.position)) {
        add(sink.name, {file->path, file->position});
      } else {
        out += fmt::format("  {}: at {}\n", sink.name, sink.position);
      }
    }
    if (run_.meta.late) add("late", *run_.meta.late);
    if (run_.meta.dead_letters) add("dead letters", *run_.meta.dead_letters);
    return out + "patterns\n";
  }

  std::string pattern_text(size_t number) const {
    const connectors::StoredPattern& pattern = run_.meta.patterns[number];
    return fmt::format("  {}{}: keys {}, partial matches {}\n", pattern.name,
                       pattern.until ? " (an old version, which finishes what it has)" : "",
                       counts_[number].keys, counts_[number].matches);
  }

  std::string key_text(const PendingKey& key, const std::string& named) const {
    const connectors::StoredPattern& pattern = run_.meta.patterns[key.pattern];
    std::string out = fmt::format("  {}{} {}\n", pattern.name, pattern.until ? " (old)" : "",
                                  named.empty() ? "(one key for all events)" : named);
    if (key.matches.empty()) out += "    nothing but events that it looks back on\n";
    for (const PendingMatch& match : key.matches) {
      out += fmt::format("    since {}, next {}, expires {}{}\n", to_string(match.since()),
                         fmt::join(match.next, " or "), shown_time(match.expires),
                         match.rounds > 0 ? fmt::format(", rounds {}", match.rounds) : "");
      for (const runtime::PendingEvent& event : match.events) {
        out +=
            fmt::format("      {}: {} {} record {} of {}{}{}\n", event.variable,
                        engine_.patterns().catalog.types[event.type].name, to_string(event.time),
                        event.record, input(event.input), event.raw.empty() ? "" : "  ", event.raw);
      }
    }
    return out;
  }

  // ---- JSON ----

  std::string head_json() const {
    std::string out = fmt::format(R"({{"checkpoint":{},"written":"{}","inputs":[)",
                                  run_.manifest.number, to_string(run_.manifest.written));
    for (uint32_t i = 0; i < run_.meta.inputs.size(); ++i) {
      const auto& [name, position] = run_.meta.inputs[i];
      out += fmt::format(R"({}{{"name":{},"records":{},"bytes":{},"watermark":{}}})",
                         i > 0 ? "," : "", json_text(name), position.records, position.bytes,
                         json_time(engine_.watermark(i)));
    }
    out += R"(],"outputs":[)";
    const auto add = [&](std::string_view what, const connectors::RunMeta::Output& output) {
      out += fmt::format(R"({}{{"output":{},"path":{},"bytes":{}}})", out.back() == '}' ? "," : "",
                         json_text(what), json_text(output.path), output.position.bytes);
    };
    for (const connectors::RunMeta::Sink& sink : run_.meta.sinks) {
      if (const auto file = connectors::parse_output_position(sink.position)) {
        add(sink.name, {file->path, file->position});
      } else {
        out += fmt::format(R"({}{{"output":{},"position":{}}})", out.back() == '}' ? "," : "",
                           json_text(sink.name), json_text(sink.position));
      }
    }
    if (run_.meta.late) add("late", *run_.meta.late);
    if (run_.meta.dead_letters) add("dead_letters", *run_.meta.dead_letters);
    return out + "]}\n";
  }

  std::string pattern_json(size_t number) const {
    const connectors::StoredPattern& pattern = run_.meta.patterns[number];
    return fmt::format(R"({{"pattern":{},"state":{},"drains":{},"keys":{},"partial_matches":{}}})",
                       json_text(pattern.name), json_text(pattern.state), pattern.until.has_value(),
                       counts_[number].keys, counts_[number].matches) +
           "\n";
  }

  std::string key_json(const PendingKey& key) const {
    const connectors::StoredPattern& stored = run_.meta.patterns[key.pattern];
    const Pattern& pattern = pattern_of(key.pattern);
    std::string out =
        fmt::format(R"({{"pattern":{},"state":{},"drains":{},"key":{{)", json_text(stored.name),
                    json_text(stored.state), stored.until.has_value());
    for (size_t i = 0; i < key.key.size(); ++i) {
      out += (i > 0 ? "," : "") + json_text(pattern.by[i].name) + ":";
      eventtime::append_json(out, key.key[i]);
    }
    out += R"(},"matches":[)";
    for (const PendingMatch& match : key.matches) {
      if (out.back() == '}') out += ',';
      out += match_json(match);
    }
    return out + "]}\n";
  }

  std::string match_json(const PendingMatch& match) const {
    std::string out = fmt::format(R"({{"since":{},"expires":{},"next":[)", json_time(match.since()),
                                  json_time(match.expires));
    for (const std::string_view next : match.next) {
      out += (out.back() == '"' ? "," : "") + json_text(next);
    }
    out += ']';
    if (match.rounds > 0) out += fmt::format(R"(,"rounds":{})", match.rounds);
    out += R"(,"events":[)";
    for (const runtime::PendingEvent& event : match.events) {
      out += fmt::format(R"({}{{"variable":{},"type":{},"time":{},"input":{},"record":{}{}{}}})",
                         out.back() == '}' ? "," : "", json_text(event.variable),
                         json_text(engine_.patterns().catalog.types[event.type].name),
                         json_time(event.time), json_text(input(event.input)), event.record,
                         event.raw.empty() ? "" : R"(,"raw":)",
                         event.raw.empty() ? "" : json_text(event.raw));
    }
    return out + "]}";
  }

  const StoredRun& run_;
  const Engine& engine_;
  const InspectOptions& options_;
  std::vector<PatternCount> counts_;  // by pattern
  uint64_t wanted_keys_ = 0;
  std::vector<Shown> keys_;  // the first of those, as a heap: the last on top
};

}  // namespace

Result<std::string> inspect(runtime::Storage& storage, const InspectOptions& options) {
  const Result<StoredRun> run = read_run(storage, options.checkpoint);
  if (!run) return Unexpected<Error>{run.error()};
  const auto& patterns = run->meta.patterns;
  const bool known = std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
    return pattern.name == options.pattern;
  });
  if (options.pattern && !known) {
    return eventtime::usage_error(
        fmt::format("the checkpoint has no pattern '{}'", *options.pattern));
  }
  const auto engine = read_engine(storage, *run);
  if (!engine) return Unexpected<Error>{engine.error()};
  return Inspection(*run, **engine, options).print();
}

}  // namespace tocsin::server
