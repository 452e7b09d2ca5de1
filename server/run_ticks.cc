#include "server/run_ticks.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace tocsin::server {

using connectors::Journal;
using connectors::JournalContent;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::Tick;

namespace {

Result<std::unique_ptr<Journal>> open_journal(const std::string& folder, uint32_t inputs) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return eventtime::world_error(fmt::format("cannot make '{}': {}", folder, failed.message()));
  }
  const std::string path = (std::filesystem::path(folder) / "journal").string();
  Result<std::unique_ptr<Journal>> journal = Journal::open(path, inputs);
  if (journal && (*journal)->content().torn_bytes > 0) {
    spdlog::warn("{}: {} bytes at the end are of no whole tick and were cut off", path,
                 (*journal)->content().torn_bytes);
  }
  return journal;
}

std::vector<std::optional<eventtime::Duration>> idle_after(const RunOptions& options) {
  std::vector<std::optional<eventtime::Duration>> all;
  for (const RunInput& input : options.inputs) all.push_back(input.idle_after);
  return all;
}

}  // namespace

RunTicks::RunTicks(const RunOptions& options, const runtime::Clock& clock,
                   std::unique_ptr<Journal> journal, const std::vector<Tick>& known)
    : journal_(std::move(journal)),
      known_(options.inputs.size(), known),
      idle_(clock, idle_after(options)) {}

Result<std::unique_ptr<RunTicks>> RunTicks::open(const RunOptions& options,
                                                 const runtime::Clock& clock) {
  std::unique_ptr<Journal> journal;
  std::vector<Tick> known;
  const std::optional<std::string>& folder = options.journal ? options.journal : options.state;
  const std::string path =
      folder ? (std::filesystem::path(*folder) / "journal").string() : std::string();
  const bool is_live_no_more = !options.follow() && options.state && std::filesystem::exists(path);
  if ((options.journal && options.replay) || is_live_no_more) {
    Result<JournalContent> content =
        connectors::read_journal(path, static_cast<uint32_t>(options.inputs.size()));
    if (!content) return Unexpected<Error>{content.error()};
    known = std::move(content->ticks);
  } else if (options.follow() && folder) {
    Result<std::unique_ptr<Journal>> opened =
        open_journal(*folder, static_cast<uint32_t>(options.inputs.size()));
    if (!opened) return Unexpected<Error>{opened.error()};
    journal = *std::move(opened);
    known = journal->content().ticks;
  }
  return std::unique_ptr<RunTicks>(new RunTicks(options, clock, std::move(journal), known));
}

Result<std::vector<Tick>> RunTicks::make(std::span<const eventtime::Timestamp> watermarks,
                                         std::span<const uint64_t> records) {
  std::vector<Tick> ticks;
  for (const IdleInputs::Lift& lift : idle_.lifts(watermarks)) {
    ticks.push_back({lift.input, records[lift.input], lift.watermark});
  }
  const Result<void> written = write_down(ticks);
  if (!written) return Unexpected<Error>{written.error()};
  return ticks;
}

Result<void> RunTicks::end(uint32_t input, uint64_t records) {
  const Tick tick{input, records, eventtime::kMaxTimestamp};
  return write_down({&tick, 1});
}

Result<void> RunTicks::write_down(std::span<const Tick> ticks) {
  return journal_ == nullptr || ticks.empty() ? Result<void>() : journal_->append(ticks);
}

}  // namespace tocsin::server
