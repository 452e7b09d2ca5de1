#include "tests/sim/simulation.h"

#include <algorithm>
#include <span>

#include "eventtime/check.h"
#include "eventtime/codec.h"
#include "tests/model/case_runner.h"
#include "tests/model/engine_run.h"
#include "tests/model/json_records.h"

namespace tocsin::sim {

using connectors::CheckpointStore;
using eventtime::Result;
using tests::Loss;

namespace {

constexpr std::string_view kPlace = "z";  // a record of ours among the engine's
constexpr size_t kMostLives = 12;
constexpr size_t kMostOperations = 80;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::sort(lines);
  return lines;
}

std::string line_of(uint32_t input, uint64_t record) {
  return std::to_string(input) + ":" + std::to_string(record);
}

}  // namespace

Simulation::Simulation(uint64_t seed) : random_(seed) {
  example_ = model::generate_case(seed).example;
  set_ = model::compile(example_.patterns).set;
  TOCSIN_CHECK(set_, "the model's cases compile");
  for (uint32_t input = 0; input < example_.inputs.size(); ++input) {
    inputs_.push_back(model::read_records(example_.inputs[input], set_->catalog, input));
  }
  options_.max_starts = random_.percent(20) ? 2 : options_.max_starts;
  options_.plan = random_.percent(30) ? runtime::PlanChoice::kPlain : runtime::PlanChoice::kBest;
  if (random_.percent(30)) options_.events = runtime::EventDetail::kNone;
}

Outcome Simulation::run() {
  {
    model::EngineRun undisturbed =
        model::run_engine(*set_, inputs_, example_.out_of_order, SIZE_MAX, options_);
    wanted_alerts_ = std::move(undisturbed.text);
    for (const model::RecordId& id : undisturbed.run.late) {
      wanted_late_.push_back(line_of(id.input, id.record));
    }
    std::ranges::sort(wanted_late_);
  }
  outcome_.alerts = wanted_alerts_.size();
  for (size_t lives = 1; !outcome_.difference; ++lives) {
    const End end = live(lives < kMostLives);
    if (end == End::kFinished) break;
    if (end == End::kCrashed) crash();
  }
  compare("at the end");
  if (outcome_.difference) return outcome_;
  if (live(false) == End::kFinished) compare("run once more");
  return outcome_;
}

Simulation::End Simulation::live(bool disturbed) {
  options_.threads = random_.percent(10) ? 2 : 1;
  auto created = runtime::Engine::create(*set_, options_);
  TOCSIN_CHECK(created, "the patterns of the tests are within the engine's limits");
  engine_ = std::move(*created);
  for (size_t i = 0; i < inputs_.size(); ++i) engine_->add_input(example_.out_of_order, format_);
  done_.assign(inputs_.size(), 0);
  const bool is_killed = disturbed && random_.percent(50);
  stop_at_ = disturbed && random_.percent(70) ? 1 + random_.below(kMostOperations) : 0;
  storage_.stop_at(stop_at_);
  if (disturbed && random_.percent(20)) {
    storage_.set_capacity(storage_.bytes() + random_.below(4000));
  }
  CheckpointStore store(storage_, {.keep = 1 + random_.below(3)});
  if (!restore(store)) return outcome_.difference ? End::kWrong : End::kCrashed;
  while (const std::optional<uint32_t> input = engine_->next_input()) {
    if (is_killed && random_.percent(20)) return End::kCrashed;
    if (!step(store, *input)) return outcome_.difference ? End::kWrong : End::kCrashed;
  }
  storage_.set_capacity(UINT64_MAX);
  return End::kFinished;
}

bool Simulation::restore(CheckpointStore& store) {
  std::string place;
  Result<void> taken;
  const auto put = [&](std::string_view key, std::string_view value) {
    if (key == kPlace) {
      place = value;
    } else if (taken) {
      taken = engine_->restore(key, value);
    }
  };
  const auto restored = store.restore(put);
  if (!restored) {
    if (!has_stopped() && !heal()) wrong(restored.error().message);
    return false;
  }
  outcome_.passed_over += restored->notes.size();
  if (!restored->notes.empty() && !rotten_) wrong(restored->notes.front());
  if (restored->checkpoint && taken) taken = engine_->finish_restore();
  if (!taken) wrong(taken.error().message);
  if (outcome_.difference) return false;
  if (restored->checkpoint) return go_on_from(place);
  alerts_ = {};
  late_ = {};
  return true;
}

bool Simulation::go_on_from(std::string_view place) {
  ++outcome_.resumed;
  eventtime::Decoder from(place);
  for (size_t& done : done_) done = from.number();
  for (Output* output : {&alerts_, &late_}) {
    const size_t size = from.number();
    if (output->text.size() < size) {
      wrong("the checkpoint speaks of an output that was not synced");
      return false;
    }
    output->text.resize(size);
    output->synced = size;
  }
  for (uint32_t input = 0; input < inputs_.size(); ++input) engine_->reopen(input);
  return true;
}

std::string Simulation::place() const {
  std::string bytes;
  eventtime::Encoder out(bytes);
  for (const size_t done : done_) out.number(done);
  out.number(alerts_.text.size());
  out.number(late_.text.size());
  return bytes;
}

bool Simulation::step(CheckpointStore& store, uint32_t input) {
  const auto rest = std::span<const model::NaiveEvent>(inputs_[input]).subspan(done_[input]);
  if (rest.empty()) {
    size_t open = 0;
    for (uint32_t i = 0; i < inputs_.size(); ++i) {
      open += engine_->watermark(i) == eventtime::kMaxTimestamp ? 0 : 1;
    }
    if (open == 1 && !write_checkpoint(store)) return false;
    engine_->finish(input, alerts_.text);
    return true;
  }
  const auto next = rest.first(std::min(1 + random_.below(4), rest.size()));
  engine_->push(model::batch_of(next, set_->catalog, input), alerts_.text,
                [&](const runtime::Engine::Late& late) {
                  late_.text += line_of(late.input, late.row.record) + "\n";
                });
  done_[input] += next.size();
  return !random_.percent(50) || write_checkpoint(store);
}

bool Simulation::write_checkpoint(CheckpointStore& store) {
  connectors::CheckpointRequest request;
  request.records = [&](const connectors::Put& put) {
    engine_->save(put);
    put(kPlace, place());
  };
  request.before_publish = [&]() -> Result<void> {
    for (Output* output : {&alerts_, &late_}) output->synced = output->text.size();
    return {};
  };
  const auto written = store.write(request);
  if (written) return true;
  if (has_stopped()) return false;
  if (written.error().message.find("No space left on device") == std::string::npos) {
    wrong(written.error().message);
    return false;
  }
  ++outcome_.full;
  return true;
}

void Simulation::crash() {
  ++outcome_.crashes;
  const auto loss = static_cast<Loss>(random_.below(4));
  storage_.crash(loss);
  storage_.set_capacity(UINT64_MAX);
  lose(alerts_, loss == Loss::kNothing);
  lose(late_, loss == Loss::kNothing);
  if (random_.percent(30)) rot();
}

void Simulation::lose(Output& output, bool all_is_there) {
  if (all_is_there) return;
  const size_t open = output.text.size() - output.synced;
  output.text.resize(output.synced + random_.below(open + 1));
  if (output.text.size() > output.synced) output.text.back() ^= 1;
}

// A bit of one file flips; never of two, so that what is healed is what was damaged.
void Simulation::rot() {
  auto files = storage_.files();
  if (files.empty() || rotten_) return;
  auto file = std::next(files.begin(), static_cast<std::ptrdiff_t>(random_.below(files.size())));
  if (file->second.empty()) return;
  rotten_ = *file;
  file->second[random_.below(file->second.size())] ^= 1;
  storage_.set_files(files);
}

// Somebody puts the file back: where no other checkpoint is whole a run says so and does not begin.
bool Simulation::heal() {
  if (!rotten_) return false;
  auto files = storage_.files();
  if (!files.contains(rotten_->first) || files[rotten_->first] == rotten_->second) return false;
  files[rotten_->first] = rotten_->second;
  storage_.set_files(files);
  return true;
}

Simulation::End Simulation::wrong(const std::string& what) {
  if (!outcome_.difference) outcome_.difference = to_string(example_) + what;
  return End::kWrong;
}

void Simulation::compare(const char* when) {
  if (alerts_.text != wanted_alerts_) {
    wrong("undisturbed it gives\n" + wanted_alerts_ + when + " it gives\n" + alerts_.text);
  } else if (lines_of(late_.text) != wanted_late_) {
    wrong("late events differ " + std::string(when) + "\n" + late_.text);
  }
}

}  // namespace tocsin::sim
