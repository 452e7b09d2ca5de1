#include "connectors/kafka/topic_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "eventtime/value.h"

namespace tocsin::connectors {

using eventtime::Result;
using eventtime::TypeId;
using patterns::Pattern;

namespace {

// The fields of the type by which the pattern groups its events.
std::vector<uint32_t> key_fields(const Pattern& pattern, TypeId type) {
  std::vector<uint32_t> fields;
  const auto add = [&](const patterns::KeyPart::FieldByType& by_type) {
    if (type >= by_type.size() || !by_type[type]) return;
    if (std::ranges::find(fields, *by_type[type]) == fields.end()) fields.push_back(*by_type[type]);
  };
  for (const patterns::KeyPart& part : pattern.by) {
    add(part.field_by_type);
    for (const auto& by_type : part.by_variable) add(by_type);
  }
  return fields;
}

std::string key_text(const eventtime::Value& value) {
  if (value.is_null()) return {};
  if (value.type == eventtime::Type::kString) return std::string(value.cell.text.view());
  std::string text;
  eventtime::append_json(text, value);
  return text;
}

std::string names(const std::vector<std::string>& fields) {
  return fmt::format("'{}'", fmt::join(fields, "', '"));
}

}  // namespace

Result<TopicKey> TopicKey::create(const patterns::PatternSet& set,
                                  const std::vector<std::string>& declared, int32_t partitions) {
  TopicKey key(set);
  key.fields_.resize(set.catalog.types.size());
  if (partitions <= 1) return key;
  for (const Pattern& pattern : set.patterns) {
    if (pattern.by.empty()) {
      return eventtime::input_error(fmt::format(
          "pattern '{}' has no 'by', so it needs all events together, and the topic has {} "
          "partitions, which are matched on their own; give the topic one partition",
          pattern.name, partitions));
    }
    for (const TypeId type : pattern.inputs) {
      const std::vector<uint32_t> own = key_fields(pattern, type);
      const auto& all = set.catalog.types[type].fields;
      for (const std::string& name : declared) {
        const auto is_it = [&](uint32_t field) { return all[field].name == name; };
        if (std::ranges::any_of(own, is_it)) continue;
        return eventtime::input_error(fmt::format(
            "pattern '{}' is not grouped by '{}', the key of the topic: events of one key of the "
            "pattern may be in several partitions, which are matched on their own. Re-keying comes "
            "with workers; until then use a topic that is partitioned by the pattern's key",
            pattern.name, name));
      }
      if (!declared.empty()) continue;
      auto& fields = key.fields_[type];
      if (!fields) {
        fields = own;
      } else {
        std::erase_if(*fields,
                      [&](uint32_t field) { return std::ranges::find(own, field) == own.end(); });
      }
      if (!fields->empty()) continue;
      return eventtime::input_error(fmt::format(
          "pattern '{}' and those before it group '{}' by different fields, and a topic of {} "
          "partitions has one key; say by which fields it is partitioned (key = ...) and take out "
          "the others",
          pattern.name, set.catalog.types[type].name, partitions));
    }
  }
  return key;
}

Result<void> TopicKey::check(const eventtime::Batch& batch, const eventtime::Row& row,
                             std::optional<std::string_view> key,
                             const runtime::LogPartition& partition, int64_t offset) const {
  const auto& fields = fields_[row.type];
  if (!fields) return {};
  std::vector<std::string> wanted;
  const auto& columns = batch.tables[row.type].columns;
  for (const uint32_t field : *fields) {
    if (key && key_text(columns[field].value(row.table_row)) == *key) return {};
    wanted.push_back(set_->catalog.types[row.type].fields[field].name);
  }
  return eventtime::input_error(fmt::format(
      "record {} of '{}' has {}, which is not the value of {}: so events of one key of a pattern "
      "may be in several partitions, which are matched on their own. If the topic is partitioned "
      "by "
      "fields of the event whatever its keys say, name them: key = [...] in the source",
      offset, partition.text(), key ? fmt::format("the key '{}'", *key) : "no key", names(wanted)));
}

}  // namespace tocsin::connectors
