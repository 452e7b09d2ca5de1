#include "connectors/synthetic/stream.h"

namespace tocsin::connectors::synthetic {

Label make_label(std::string_view kind, bool fraud, std::string_view key_name,
                 std::string_view prefix, uint64_t number) {
  Label label;
  label.kind = kind;
  label.fraud = fraud;
  label.key_name = key_name;
  label.key = prefix;
  append_number(label.key, number);
  return label;
}

void append_label(std::string& out, const Label& label) {
  const auto quoted = [&out](std::string_view text) {
    out += '"';
    out += text;
    out += '"';
  };
  out += "{\"kind\":";
  quoted(label.kind);
  out += label.fraud ? ",\"fraud\":true" : ",\"fraud\":false";
  out += ",\"key\":{";
  quoted(label.key_name);
  out += ':';
  quoted(label.key);
  out += "},\"start\":\"";
  eventtime::append_timestamp(out, label.start);
  out += "\",\"end\":\"";
  eventtime::append_timestamp(out, label.end);
  out += "\",\"ids\":[";
  for (size_t i = 0; i < label.ids.size(); ++i) {
    if (i > 0) out += ',';
    quoted(label.ids[i]);
  }
  out += "]}\n";
}

}  // namespace tocsin::connectors::synthetic
