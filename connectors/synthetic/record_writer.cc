#include "connectors/synthetic/record_writer.h"

#include <array>
#include <charconv>

namespace tocsin::connectors::synthetic {

void append_number(std::string& out, uint64_t value) {
  std::array<char, 20> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), result.ptr);
}

void append_padded(std::string& out, uint64_t value, int digits) {
  std::array<char, 20> buffer{};
  for (int i = digits - 1; i >= 0; --i, value /= 10) {
    buffer[static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  out.append(buffer.data(), static_cast<size_t>(digits));
}

bool RecordWriter::begin_value(std::string_view name) {
  if (form_ == Form::kJson) {
    out_ += out_.size() == begin_ ? "{\"" : first_ ? "\"" : ",\"";
    out_ += name;
    out_ += "\":";
    first_ = false;
    return true;
  }
  if (!first_) out_ += ',';
  first_ = false;
  if (form_ == Form::kCsv) return true;
  if (!object_.empty()) {
    out_ += object_;
    out_ += '.';
  }
  out_ += name;
  return false;
}

void RecordWriter::text(std::string_view name, std::string_view value) {
  if (!begin_value(name)) return;
  if (form_ == Form::kJson) out_ += '"';
  out_ += value;
  if (form_ == Form::kJson) out_ += '"';
}

void RecordWriter::code(std::string_view name, std::string_view prefix, uint64_t number) {
  if (!begin_value(name)) return;
  if (form_ == Form::kJson) out_ += '"';
  out_ += prefix;
  append_number(out_, number);
  if (form_ == Form::kJson) out_ += '"';
}

void RecordWriter::time(std::string_view name, eventtime::Timestamp value) {
  if (!begin_value(name)) return;
  if (form_ == Form::kJson) out_ += '"';
  if (damage_ == Damage::kBadTime) {
    out_ += "0000-00-00";
  } else {
    eventtime::append_timestamp(out_, value);
  }
  if (form_ == Form::kJson) out_ += '"';
}

void RecordWriter::integer(std::string_view name, int64_t value) {
  if (!begin_value(name)) return;
  if (value < 0) out_ += '-';
  append_number(out_, static_cast<uint64_t>(value < 0 ? -value : value));
}

void RecordWriter::decimal(std::string_view name, int64_t scaled, int digits) {
  if (!begin_value(name)) return;
  uint64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  const auto magnitude = static_cast<uint64_t>(scaled < 0 ? -scaled : scaled);
  if (scaled < 0) out_ += '-';
  append_number(out_, magnitude / unit);
  out_ += '.';
  append_padded(out_, magnitude % unit, digits);
}

void RecordWriter::boolean(std::string_view name, bool value) {
  if (begin_value(name)) out_ += value ? "true" : "false";
}

void RecordWriter::address(std::string_view name, uint32_t ip) {
  if (!begin_value(name)) return;
  if (form_ == Form::kJson) out_ += '"';
  for (int shift = 24; shift >= 0; shift -= 8) {
    append_number(out_, (ip >> shift) & 255);
    if (shift > 0) out_ += '.';
  }
  if (form_ == Form::kJson) out_ += '"';
}

void RecordWriter::absent(std::string_view name) {
  if (form_ != Form::kJson) begin_value(name);
}

void RecordWriter::begin_object(std::string_view name) {
  object_ = name;
  if (form_ != Form::kJson) return;
  begin_value(name);
  out_ += '{';
  first_ = true;
}

void RecordWriter::end_object() {
  object_ = {};
  if (form_ != Form::kJson) return;
  out_ += '}';
  first_ = false;
}

void RecordWriter::finish() {
  if (form_ == Form::kJson) {
    if (damage_ == Damage::kTwice) out_ += ",\"id\":\"again\"";
    out_ += '}';
    if (damage_ == Damage::kCut) out_.resize(begin_ + (out_.size() - begin_) * 2 / 3);
  }
  out_ += '\n';
}

}  // namespace tocsin::connectors::synthetic
