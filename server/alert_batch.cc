#include "server/alert_batch.h"

#include "eventtime/check.h"

namespace tocsin::server {
namespace {

// Each line begins with the id.
constexpr std::string_view kBeforeId = R"({"id":")";
constexpr size_t kIdDigits = 32;

}  // namespace

void AlertBatch::add(const runtime::Alert& alert) {
  Entry& entry = alerts_.emplace_back();
  entry.pattern = &alert.pattern();
  entry.complete = alert.complete();
  entry.begin = lines_.size();
  alert.append_json(lines_);
  entry.key = keys_.size();
  alert.append_key(keys_);
  entry.record_key = keys_.size();
  if (has_record_keys_) entry.is_keyed = alert.append_record_key(keys_);
}

void AlertBatch::clear() {
  lines_.clear();
  keys_.clear();
  alerts_.clear();
}

runtime::OutgoingAlert AlertBatch::operator[](size_t index) const {
  const Entry& entry = alerts_[index];
  const bool is_last = index + 1 == alerts_.size();
  const size_t end = is_last ? lines_.size() : alerts_[index + 1].begin;
  const size_t key_end = is_last ? keys_.size() : alerts_[index + 1].key;
  const std::string_view keys = std::string_view(keys_).substr(0, key_end);
  const std::string_view line = std::string_view(lines_).substr(entry.begin, end - entry.begin);
  TOCSIN_CHECK(line.starts_with(kBeforeId), "an alert's line begins with its id");
  runtime::OutgoingAlert alert{entry.pattern->name, line.substr(kBeforeId.size(), kIdDigits),
                               keys.substr(entry.key, entry.record_key - entry.key), entry.complete,
                               line.substr(0, line.size() - 1)};
  if (entry.is_keyed) alert.record_key = keys.substr(entry.record_key);
  return alert;
}

}  // namespace tocsin::server
