#include "runtime/doors.h"

#include <algorithm>

namespace tocsin::runtime {

using patterns::Pattern;

bool DoorPlan::takes(eventtime::TypeId type) const {
  return std::all_of(by.begin(), by.end(), [&](const auto& part) {
    return type < part.field_by_type.size() && part.field_by_type[type];
  });
}

std::vector<DoorPlan> plan_doors(const Pattern& pattern) {
  const bool by_step = std::any_of(pattern.by.begin(), pattern.by.end(),
                                   [](const auto& part) { return !part.by_variable.empty(); });
  if (!by_step) return {{pattern.by, {}}};
  std::vector<DoorPlan> doors;
  for (uint32_t variable = 0; variable < pattern.variables.size(); ++variable) {
    DoorPlan door{pattern.by, {variable}};
    for (patterns::KeyPart& part : door.by) {
      part.name += "/" + pattern.name + "/" + std::to_string(variable);  // shared with no other
      if (part.by_variable.empty()) continue;
      part.field_by_type = std::move(part.by_variable[variable]);
    }
    const auto same = std::find_if(doors.begin(), doors.end(), [&](const DoorPlan& other) {
      return std::equal(other.by.begin(), other.by.end(), door.by.begin(),
                        [](const auto& left, const auto& right) {
                          return left.field_by_type == right.field_by_type;
                        });
    });
    if (same != doors.end()) {
      same->variables.push_back(variable);
    } else {
      doors.push_back(std::move(door));
    }
  }
  return doors;
}

void NullKeys::add(const Pattern& pattern) {
  if (pattern.by.empty()) return;
  const std::vector<DoorPlan> doors = plan_doors(pattern);
  for (const eventtime::TypeId type : pattern.inputs) {
    KeyColumns columns;
    for (const DoorPlan& door : doors) {
      if (!door.takes(type)) continue;
      std::vector<uint32_t>& door_columns = columns.emplace_back();
      for (const auto& part : door.by) door_columns.push_back(*part.field_by_type[type]);
    }
    for (const std::vector<uint32_t>& door : columns) {
      for (const uint32_t column : door) columns_[type].insert(column);
    }
    auto& known = patterns_[type];
    const bool is_new = std::find(known.begin(), known.end(), columns) == known.end();
    if (is_new && !columns.empty()) known.push_back(std::move(columns));
  }
}

bool NullKeys::find(const eventtime::Batch& batch) {
  const auto has_nulls = [&](size_t type) {
    const auto& columns = batch.tables[type].columns;
    return std::any_of(columns_[type].begin(), columns_[type].end(),
                       [&](uint32_t column) { return columns[column].nulls().any(); });
  };
  bool any = false;
  for (size_t type = 0; type < batch.tables.size(); ++type) any = any || has_nulls(type);
  if (!any) return false;
  rows_.reset(batch.rows.size());
  for (size_t row = 0; row < batch.rows.size(); ++row) {
    if (has_null_key(batch, batch.rows[row])) rows_.set(row);
  }
  return true;
}

bool NullKeys::has_null_key(const eventtime::Batch& batch, const eventtime::Row& row) const {
  const auto is_null = [&](uint32_t column) {
    return batch.tables[row.type].columns[column].is_null(row.table_row);
  };
  const auto is_shut = [&](const std::vector<uint32_t>& columns) {
    return std::any_of(columns.begin(), columns.end(), is_null);
  };
  const std::vector<KeyColumns>& all = patterns_[row.type];
  return std::any_of(all.begin(), all.end(), [&](const KeyColumns& doors) {
    return std::all_of(doors.begin(), doors.end(), is_shut);
  });
}

}  // namespace tocsin::runtime
