#include "connectors/records.h"

#include "connectors/utf8.h"
#include "eventtime/value.h"

namespace tocsin::connectors {
namespace {

void append_source(std::string& out, std::string_view source, uint64_t position) {
  out += "{\"source\":";
  eventtime::append_json_string(out, source);
  out += ",\"position\":" + std::to_string(position);
}

// RFC 4648, with padding.
void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
}

}  // namespace

void append_late_event(std::string& out, std::string_view source, eventtime::Timestamp watermark,
                       const eventtime::Row& row, const eventtime::RecordFormat& format) {
  append_source(out, source, row.record);
  out += ",\"watermark\":\"";
  eventtime::append_timestamp(out, watermark);
  out += "\",\"event\":";
  format.append_json(out, row.raw, row.type);
  out += '}';
}

void append_dead_letter(std::string& out, std::string_view source,
                        const eventtime::Reject& reject) {
  append_source(out, source, reject.record);
  out += ",\"reason\":";
  eventtime::append_json_string(out, reject.reason);
  if (is_utf8(reject.raw)) {
    out += ",\"raw\":";
    eventtime::append_json_string(out, reject.raw);
  } else {
    out += ",\"raw_base64\":\"";
    append_base64(out, reject.raw);
    out += '"';
  }
  out += '}';
}

}  // namespace tocsin::connectors
