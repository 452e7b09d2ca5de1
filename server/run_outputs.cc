#include "server/run_outputs.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "connectors/file/file_sink.h"
#include "connectors/records.h"
#include "server/make_sink.h"
#include "server/own_patterns.h"

namespace tocsin::server {

using connectors::LineWriter;
using connectors::RunMeta;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr size_t kShownRejects = 3;

// By its name a sink is known again; a file that is called otherwise now, by its path.
std::string position_of(const RunSink& sink, const std::vector<RunSink>& all,
                        const RunMeta& before) {
  for (const RunMeta::Sink& known : before.sinks) {
    if (known.name == sink.name) return known.position;
  }
  const auto* file = std::get_if<connectors::FileSinkSpec>(&sink.spec);
  for (const RunMeta::Sink& known : before.sinks) {
    const bool is_there = std::any_of(all.begin(), all.end(),
                                      [&](const RunSink& each) { return each.name == known.name; });
    const auto position = connectors::parse_output_position(known.position);
    if (file != nullptr && !is_there && position && position->path == file->path) {
      return known.position;
    }
  }
  return {};
}

// So that a record that comes twice is known by it.
std::string id_of(std::string_view what, const std::string& source, uint64_t record) {
  const std::string digest = digest_name(fmt::format("{} {} {}", what, record, source));
  return digest.substr(digest.find('-') + 1);
}

}  // namespace

Result<void> RunOutputs::open(const RunOptions& options, const RunMeta* before) {
  if (before != nullptr) malformed_ = before->malformed;
  late_.name = "late";
  dead_letters_.name = "dead_letter";
  Result<void> opened = open_sinks(options, before);
  if (opened) opened = open_side(options.late, before ? &before->late : nullptr, late_);
  if (opened) {
    opened =
        open_side(options.dead_letter, before ? &before->dead_letters : nullptr, dead_letters_);
  }
  return opened;
}

Result<void> RunOutputs::open_sinks(const RunOptions& options, const RunMeta* before) {
  for (const RunSink& spec : options.sinks) {
    Result<std::unique_ptr<runtime::Sink>> sink = make_sink(spec, options);
    if (!sink) return Unexpected<Error>{sink.error()};
    sinks_.push_back(
        {*std::move(sink), spec.patterns,
         std::find(spec.patterns.begin(), spec.patterns.end(), "*") != spec.patterns.end()});
  }
  taken_.resize(sinks_.size());
  for (size_t i = 0; i < sinks_.size(); ++i) {
    const std::string position =
        before == nullptr ? "" : position_of(options.sinks[i], options.sinks, *before);
    const Result<void> resumed = sinks_[i].sink->resume(position);
    if (!resumed) return resumed;
  }
  return {};
}

// By the path the output is known again: under another name it is another.
Result<void> RunOutputs::open_side(const SideOutput& output,
                                   const std::optional<RunMeta::Output>* before, Side& side) {
  if (output.sink) side.sink = &sinks_[*output.sink];
  if (!output.path) return {};
  const bool known = before != nullptr && *before && (*before)->path == *output.path;
  Result<Writer> opened = known ? LineWriter::open_at(*output.path, (*before)->position)
                                : LineWriter::open(*output.path);
  if (!opened) return Unexpected<Error>{opened.error()};
  side.file = *std::move(opened);
  return {};
}

void RunOutputs::tell(RunMeta& meta) const {
  for (const Sink& sink : sinks_) {
    meta.sinks.push_back({sink.sink->name(), sink.sink->position()});
  }
  if (late_.file != nullptr) meta.late = {late_.file->path(), late_.file->position()};
  if (dead_letters_.file != nullptr) {
    meta.dead_letters = {dead_letters_.file->path(), dead_letters_.file->position()};
  }
  meta.malformed = malformed_;
}

template <class Call>
Result<void> RunOutputs::for_each(const Call& call) {
  for (Sink& sink : sinks_) {
    if (sink.is_abandoned) continue;
    const Result<void> done = call(sink);
    sink.is_abandoned = sink.sink->is_abandoned();
    if (!done && !sink.is_abandoned) return done;
  }
  return {};
}

template <class Call>
Result<void> RunOutputs::for_each_file(const Call& call) {
  for (Side* side : {&late_, &dead_letters_}) {
    if (side->file == nullptr) continue;
    const Result<void> done = call(*side->file);
    if (!done && !side->file->pipe_closed()) return done;
  }
  return {};
}

// A run has few patterns: what their names fit is found out once.
bool RunOutputs::takes(const Sink& sink, std::string_view pattern) {
  std::map<std::string, bool, std::less<>>& known =
      taken_[static_cast<size_t>(&sink - sinks_.data())];
  const auto found = known.find(pattern);
  if (found != known.end()) return found->second;
  return known.emplace(pattern, fits_any(sink.patterns, std::string(pattern))).first->second;
}

Result<void> RunOutputs::write_alerts(const AlertBatch& alerts) {
  if (alerts.empty()) return {};
  return for_each([&](Sink& sink) {
    Result<void> written;
    for (size_t i = 0; written && i < alerts.size(); ++i) {
      const runtime::OutgoingAlert alert = alerts[i];
      if (sink.takes_all || takes(sink, alert.pattern)) written = sink.sink->write(alert);
    }
    return written ? sink.sink->flush() : written;
  });
}

Result<void> RunOutputs::write_side(Side& side, const runtime::Source& source, uint64_t record,
                                    eventtime::Timestamp time) {
  if (side.file != nullptr) return side.file->write(line_);
  if (side.sink->is_abandoned) return {};
  const std::string id = id_of(side.name, source.name(), record);
  const Result<void> written =
      side.sink->sink->write({side.name, id, "{}", time, line_, side.name});
  side.sink->is_abandoned = side.sink->sink->is_abandoned();
  return side.sink->is_abandoned ? Result<void>() : written;
}

Result<void> RunOutputs::write_late(const runtime::Source& source,
                                    const runtime::Engine::Late& late) {
  if (!late_.is_kept()) return {};
  line_.clear();
  connectors::append_late_event(line_, source.name(), late.watermark, late.row, source.format());
  return write_side(late_, source, late.row.record, late.row.time);
}

Result<void> RunOutputs::write_rejects(const runtime::Source& source,
                                       const eventtime::Batch& batch) {
  for (const eventtime::Reject& reject : batch.rejects) {
    ++malformed_;
    if (!dead_letters_.is_kept()) {
      if (malformed_ <= kShownRejects) {
        spdlog::warn("{}: record {}: {}", source.name(), reject.record, reject.reason);
      }
      continue;
    }
    line_.clear();
    connectors::append_dead_letter(line_, source.name(), reject);
    const Result<void> written =
        write_side(dead_letters_, source, reject.record, eventtime::kEarliestTimestamp);
    if (!written) return written;
  }
  return {};
}

Result<void> RunOutputs::flush() {
  const Result<void> flushed = for_each([](Sink& sink) { return sink.sink->flush(); });
  return flushed ? for_each_file([](LineWriter& file) { return file.flush(); }) : flushed;
}

Result<void> RunOutputs::sync_here() {
  return for_each(
      [](Sink& sink) { return sink.sink->syncs_anywhere() ? Result<void>() : sink.sink->sync(); });
}

Result<void> RunOutputs::sync_anywhere() {
  const Result<void> synced = for_each(
      [](Sink& sink) { return sink.sink->syncs_anywhere() ? sink.sink->sync() : Result<void>(); });
  return synced ? for_each_file([](LineWriter& file) { return file.sync(); }) : synced;
}

Result<void> RunOutputs::settle(const RunMeta& meta) {
  return for_each([&](Sink& sink) {
    for (const RunMeta::Sink& known : meta.sinks) {
      if (known.name == sink.sink->name()) return sink.sink->settle(known.position);
    }
    return Result<void>();
  });
}

Result<void> RunOutputs::finish() {
  return for_each([](Sink& sink) { return sink.sink->finish(); });
}

Result<void> RunOutputs::close() {
  const Result<void> closed = for_each([](Sink& sink) { return sink.sink->close(); });
  return closed ? for_each_file([](LineWriter& file) { return file.close(); }) : closed;
}

runtime::Metrics RunOutputs::metrics() const {
  runtime::Metrics all;
  for (const Sink& sink : sinks_) {
    for (runtime::Metric& metric : sink.sink->metrics()) {
      metric.labels.insert(metric.labels.begin(), {"sink", sink.sink->name()});
      all.push_back(std::move(metric));
    }
  }
  return all;
}

bool RunOutputs::pipe_closed() const {
  return !sinks_.empty() && std::all_of(sinks_.begin(), sinks_.end(),
                                        [](const Sink& sink) { return sink.is_abandoned; });
}

}  // namespace tocsin::server
