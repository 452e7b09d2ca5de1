#include "server/run_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

#include "connectors/file/file_source.h"
#include "connectors/file/line_writer.h"
#include "connectors/records.h"
#include "patterns/diagnostic.h"
#include "runtime/batch_pool.h"
#include "runtime/engine.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"
#include "server/progress.h"
#include "server/run_summary.h"

namespace tocsin::server {
namespace {

using connectors::LineWriter;
using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::Engine;

constexpr size_t kShownRejects =
    3;  // reasons told on standard error where no dead letters are kept

using Writer = std::unique_ptr<LineWriter>;

Result<Writer> open_optional(const std::optional<std::string>& path) {
  if (!path) return Writer();
  return LineWriter::open(*path);
}

// One run, from open inputs to closed outputs.
class Run {
 public:
  explicit Run(const RunOptions& options) : options_(options) {}

  Result<void> open(patterns::PatternSet set) {
    runtime::EngineOptions engine_options;
    engine_options.max_starts = options_.max_starts;
    engine_options.plan = options_.plan;
    if (options_.events == EventsMode::kNone) engine_options.events = runtime::EventDetail::kNone;
    Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(set), engine_options);
    if (!engine) return Unexpected<Error>{engine.error()};
    engine_ = std::move(*engine);
    pool_.emplace(engine_->patterns().catalog);
    for (const RunInput& input : options_.inputs) {
      const Result<void> opened = open_input(input);
      if (!opened) return opened;
    }
    return open_outputs();
  }

  // Reads all inputs to their ends. What had been read before an error has been matched.
  Result<void> read_all() {
    Progress progress("run", total_bytes());
    while (const std::optional<uint32_t> input = engine_->next_input()) {
      const Result<void> read = read_some(*input);
      if (!read) return read;
      if (alerts_out_->pipe_closed()) return {};
      progress.update(done_bytes(), summary_.events_read);
    }
    return {};
  }

  Result<void> close() {
    for (const Writer* writer : {&alerts_out_, &late_out_, &dead_out_}) {
      if (*writer == nullptr) continue;
      const Result<void> closed = (*writer)->close();
      if (!closed && !(*writer)->pipe_closed()) return closed;
    }
    return {};
  }

  bool pipe_closed() const { return alerts_out_ != nullptr && alerts_out_->pipe_closed(); }
  RunSummary summary() const {
    RunSummary summary = summary_;
    summary.engine = engine_->stats();
    return summary;
  }

 private:
  Result<void> open_input(const RunInput& input) {
    const eventtime::Catalog& catalog = engine_->patterns().catalog;
    connectors::SourceSpec spec;
    spec.path = input.path;
    if (options_.format) {
      spec.format = *options_.format == InputFormat::kCsv ? connectors::Format::kCsv
                                                          : connectors::Format::kJson;
    }
    spec.decoding.type_field = options_.type_field;
    const std::optional<std::string>& type = input.type ? input.type : options_.type;
    if (type) {
      spec.decoding.type = catalog.find(*type);
      if (!spec.decoding.type) return unknown_type(*type, catalog);
    }
    Result<std::unique_ptr<runtime::Source>> source = connectors::open_source(spec, catalog);
    if (!source) return Unexpected<Error>{source.error()};
    engine_->add_input(options_.out_of_order, (*source)->format());
    sources_.push_back(std::move(*source));
    return {};
  }

  static Unexpected<Error> unknown_type(const std::string& type,
                                        const eventtime::Catalog& catalog) {
    std::vector<std::string> names;
    for (const eventtime::EventSchema& schema : catalog.types) names.push_back(schema.name);
    std::string help = patterns::did_you_mean(type, names);
    if (help.empty()) help = fmt::format("declared are {}", fmt::join(names, ", "));
    return eventtime::usage_error(fmt::format("there is no event type '{}'; {}", type, help));
  }

  Result<void> open_outputs() {
    Result<Writer> late = open_optional(options_.late);
    if (!late) return Unexpected<Error>{late.error()};
    Result<Writer> dead = open_optional(options_.dead_letter);
    if (!dead) return Unexpected<Error>{dead.error()};
    Result<Writer> alerts = LineWriter::open(options_.out);
    if (!alerts) return Unexpected<Error>{alerts.error()};
    late_out_ = std::move(*late);
    dead_out_ = std::move(*dead);
    alerts_out_ = std::move(*alerts);
    return {};
  }

  Result<void> read_some(uint32_t input) {
    std::shared_ptr<Batch> batch = pool_->take();
    batch->input = input;
    const Result<bool> more = sources_[input]->read(*batch, options_.batch_size);
    summary_.events_read += batch->rows.size();
    Result<void> written = write_rejects(input, *batch);
    if (!written) return written;
    alerts_.clear();
    Result<void> late_written;
    engine_->push(std::move(batch), alerts_, [&](const Engine::Late& late) {
      if (late_written) late_written = write_late(late);
    });
    if (!late_written) return late_written;
    if (more && !*more) engine_->finish(input, alerts_);
    written = write_alerts();
    if (!written) return written;
    if (!more) return Unexpected<Error>{more.error()};
    return {};
  }

  Result<void> write_alerts() {
    if (alerts_.empty()) return {};
    Result<void> written = alerts_out_->write_lines(alerts_);
    if (written) written = alerts_out_->flush();
    if (!written && alerts_out_->pipe_closed()) return {};
    return written;
  }

  Result<void> write_late(const Engine::Late& late) {
    if (late_out_ == nullptr) return {};
    line_.clear();
    connectors::append_late_event(line_, sources_[late.input]->name(), late.watermark, late.row,
                                  sources_[late.input]->format());
    return late_out_->write(line_);
  }

  Result<void> write_rejects(uint32_t input, const Batch& batch) {
    for (const eventtime::Reject& reject : batch.rejects) {
      ++summary_.malformed;
      if (dead_out_ == nullptr) {
        if (summary_.malformed <= kShownRejects) {
          spdlog::warn("{}: record {}: {}", sources_[input]->name(), reject.record, reject.reason);
        }
        continue;
      }
      line_.clear();
      connectors::append_dead_letter(line_, sources_[input]->name(), reject);
      const Result<void> written = dead_out_->write(line_);
      if (!written) return written;
    }
    return {};
  }

  std::optional<uint64_t> total_bytes() const {
    uint64_t total = 0;
    for (const auto& source : sources_) {
      const std::optional<uint64_t> bytes = source->bytes_total();
      if (!bytes) return std::nullopt;
      total += *bytes;
    }
    return total;
  }

  uint64_t done_bytes() const {
    uint64_t done = 0;
    for (const auto& source : sources_) done += source->bytes_read();
    return done;
  }

  const RunOptions& options_;
  std::unique_ptr<Engine> engine_;
  std::optional<runtime::BatchPool> pool_;
  // After the engine: alerts are formatted by the sources' formats until the engine is gone.
  std::vector<std::unique_ptr<runtime::Source>> sources_;
  Writer alerts_out_;
  Writer late_out_;
  Writer dead_out_;
  std::string alerts_;
  std::string line_;
  RunSummary summary_;
};

Result<void> run_checked(const RunOptions& options, patterns::PatternSet set, RunSummary* wanted) {
  const auto start = std::chrono::steady_clock::now();
  Run run(options);
  Result<void> result = run.open(std::move(set));
  if (!result) return result;
  result = run.read_all();
  const Result<void> closed = run.close();
  if (result && !closed) result = closed;
  RunSummary summary = run.summary();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (run.pipe_closed()) return {};
  if (wanted == nullptr) {
    show_summary(summary, options);
  } else {
    *wanted = summary;
  }
  if (result && options.metrics) result = write_metrics(*options.metrics, summary);
  return result;
}

}  // namespace

int run(const RunOptions& options, RunSummary* summary) {
  Result<patterns::Loaded> files = read_patterns(options.patterns);
  if (!files) return report(files.error());
  if (!files->patterns) {
    fmt::print(stderr, "{}", patterns::render(files->diagnostics, files->sources));
    return kInputWrong;
  }
  if (files->patterns->patterns.empty()) {
    return report(
        {"the files declare no pattern; there is nothing to look for", eventtime::Blame::kInput});
  }
  const Result<void> result = run_checked(options, std::move(*files->patterns), summary);
  return result ? kDone : report(result.error());
}

}  // namespace tocsin::server
