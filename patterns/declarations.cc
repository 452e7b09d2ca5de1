#include "patterns/declarations.h"

#include <array>
#include <limits>

namespace tocsin::patterns {
namespace {

using eventtime::EventSchema;
using eventtime::Field;
using eventtime::TimeUnit;

constexpr std::array<Type, 6> kFieldTypes = {Type::kBool,   Type::kInt,       Type::kFloat,
                                             Type::kString, Type::kTimestamp, Type::kDuration};

struct UnitName {
  std::string_view name;
  TimeUnit unit;
};
constexpr std::array<UnitName, 4> kUnits = {{{"ms", TimeUnit::kMillis},
                                             {"s", TimeUnit::kSeconds},
                                             {"us", TimeUnit::kMicros},
                                             {"ns", TimeUnit::kNanos}}};

TimeUnit read_unit(const ast::FieldDecl& field, std::optional<Type> type,
                   Diagnostics& diagnostics) {
  if (!field.unit) return TimeUnit::kMillis;
  const ast::Name& unit = *field.unit;
  if (type && *type != Type::kTimestamp) {
    diagnostics.error(unit.span, "bad-unit",
                      "type " + in_quotes(field.type.text) + " has no unit " + in_quotes(unit.text),
                      "only timestamps have a unit: timestamp(s), timestamp(us), timestamp(ns)");
    return TimeUnit::kMillis;
  }
  for (const UnitName& known : kUnits) {
    if (known.name == unit.text) return known.unit;
  }
  diagnostics.error(unit.span, "bad-unit", "there is no time unit " + in_quotes(unit.text),
                    "the units are s, ms (the default), us, ns");
  return TimeUnit::kMillis;
}

// What other languages call the types.
struct ForeignType {
  std::string_view name;
  Type type;
};
constexpr std::array<ForeignType, 13> kForeignTypes = {{{"integer", Type::kInt},
                                                        {"bigint", Type::kInt},
                                                        {"long", Type::kInt},
                                                        {"double", Type::kFloat},
                                                        {"real", Type::kFloat},
                                                        {"decimal", Type::kFloat},
                                                        {"number", Type::kFloat},
                                                        {"text", Type::kString},
                                                        {"varchar", Type::kString},
                                                        {"boolean", Type::kBool},
                                                        {"datetime", Type::kTimestamp},
                                                        {"date", Type::kTimestamp},
                                                        {"interval", Type::kDuration}}};

void report_unknown_type(const ast::Name& type, std::string_view owner, Diagnostics& diagnostics) {
  std::string help = help_for_unknown(type.text, type_names(), owner);
  for (const ForeignType& foreign : kForeignTypes) {
    if (foreign.name != type.text) continue;
    help = "did you mean " + in_quotes(to_string(foreign.type)) + "? " + std::string(owner) + " " +
           list_names(type_names());
  }
  diagnostics.error(type.span, "unknown-type", "there is no type " + in_quotes(type.text),
                    std::move(help));
}

// The field that carries event time; 0 after a mistake.
size_t check_time(const ast::EventDecl& event, const EventSchema& schema,
                  const NameMap<FieldRef>& fields, Diagnostics& diagnostics) {
  if (!event.time) {
    diagnostics.error(
        event.name.span, "bad-time-field",
        "event " + in_quotes(event.name.text) + " does not say which field is its time",
        "write 'time FIELD' behind the closing brace; FIELD is a timestamp");
    return 0;
  }
  const ast::Name& time = *event.time;
  const auto found = fields.find(time.text);
  if (found == fields.end()) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    diagnostics.error(time.span, "unknown-field",
                      in_quotes(event.name.text) + " has no field " + in_quotes(time.text),
                      help_for_unknown(time.text, names, in_quotes(event.name.text) + " has"));
    return 0;
  }
  const FieldRef& field = found->second;
  if (!field.type) return field.index;
  if (*field.type != Type::kTimestamp) {
    diagnostics.error(time.span, "bad-time-field",
                      "the time field must be a timestamp, " + in_quotes(time.text) + " is " +
                          std::string(to_string(*field.type)),
                      "declare it as '" + time.text + ": timestamp'");
  } else if (schema.fields[field.index].nullable) {
    diagnostics.error(time.span, "bad-time-field",
                      "the time field " + in_quotes(time.text) + " may be null",
                      "declare it without '?'");
  }
  return field.index;
}

}  // namespace

std::string path_beside(const std::string& file, const std::string& path) {
  if (path.front() == '/') return path;
  const size_t slash = file.rfind('/');
  if (slash != std::string::npos) return file.substr(0, slash + 1) + path;
  // Where paths are given `-` means standard input, which a list cannot be.
  return path == "-" ? "./-" : path;
}

std::span<const std::string> type_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Type type : kFieldTypes) all.emplace_back(to_string(type));
    return all;
  }();
  return names;
}

std::optional<Type> type_of_name(std::string_view name) {
  for (const Type type : kFieldTypes) {
    if (to_string(type) == name) return type;
  }
  return std::nullopt;
}

std::string first_one_is_at(const SourceFile& source, Span span) {
  return "the first one is at " + source.name() + ":" +
         std::to_string(source.position(span.begin).line);
}

Declarations::Declarations(std::span<const SourceFile> sources, std::span<const ast::File> files,
                           const ReadFile& read_file, Diagnostics& diagnostics)
    : sources_(sources), read_file_(read_file) {
  for (size_t file = 0; file < files.size(); ++file) {
    diagnostics.set_file(static_cast<uint32_t>(file));
    for (const ast::Declaration& declaration : files[file].declarations) {
      if (declaration.event) add_event(*declaration.event, file, diagnostics);
      if (declaration.list) add_list(*declaration.list, file, diagnostics);
    }
    for (const ast::Name& name : files[file].unread) unread_.insert(name.text);
  }
}

bool Declarations::claim(const ast::Name& name, size_t file, Diagnostics& diagnostics) {
  const auto [first, added] = declared_.try_emplace(name.text, Declared{file, name.span});
  if (added) return true;
  const std::string kind = lists_.contains(name.text) ? "list " : "event ";
  diagnostics.error(name.span, "duplicate-name",
                    "there is already a declaration of " + kind + in_quotes(name.text),
                    first_one_is_at(sources_[first->second.file], first->second.span));
  return false;
}

void Declarations::add_event(const ast::EventDecl& event, size_t file, Diagnostics& diagnostics) {
  const bool fresh = claim(event.name, file, diagnostics);
  if (fresh && catalog_.types.size() > std::numeric_limits<TypeId>::max()) {
    diagnostics.error(event.name.span, "too-many", "there are more than 65536 event types",
                      "declare only the types that patterns use");
    return;
  }
  EventSchema schema;
  schema.name = event.name.text;
  Event names;
  for (const ast::FieldDecl& field : event.fields) {
    add_field(field, sources_[file], names, schema, diagnostics);
  }
  schema.time_field = check_time(event, schema, names.fields, diagnostics);
  if (!fresh) return;  // its own mistakes are told; patterns see the first one
  event_ids_.emplace(schema.name, static_cast<TypeId>(catalog_.types.size()));
  event_names_.push_back(schema.name);
  catalog_.types.push_back(std::move(schema));
  events_.push_back(std::move(names));
}

void Declarations::add_field(const ast::FieldDecl& field, const SourceFile& source, Event& event,
                             EventSchema& schema, Diagnostics& diagnostics) {
  const std::optional<Type> type = type_of_name(field.type.text);
  if (!type) report_unknown_type(field.type, "the types are", diagnostics);
  const TimeUnit unit = read_unit(field, type, diagnostics);
  if (field.from && field.from->empty()) {
    diagnostics.error(field.span, "bad-path",
                      "field " + in_quotes(field.name.text) + " has an empty 'from'",
                      "write the path in the record, such as \"merchant.name\", or leave 'from' "
                      "out");
  }
  const auto [first, added] = event.fields.try_emplace(
      field.name.text, FieldRef{schema.fields.size(), type, field.name.span});
  if (!added) {
    diagnostics.error(
        field.name.span, "duplicate-name",
        "event " + in_quotes(schema.name) + " has field " + in_quotes(field.name.text) + " twice",
        first_one_is_at(source, first->second.span));
    return;
  }
  schema.fields.push_back({field.name.text, type.value_or(Type::kNull), field.nullable, unit,
                           field.from.value_or(field.name.text)});
}

void Declarations::add_list(const ast::ListDecl& list, size_t file, Diagnostics& diagnostics) {
  if (!claim(list.name, file, diagnostics)) return;
  ListRef ref;
  ref.type = list_type_of_name(list.type.text);
  if (ref.type) {
    ref.values = read_list(list, *ref.type, file, diagnostics);
  } else if (type_of_name(list.type.text)) {
    diagnostics.error(list.type.span, "unknown-type", "there is no list of bool",
                      "a bool is true or false: write 'x' or 'not x'");
  } else {
    report_unknown_type(list.type, "a list is cidr or one of", diagnostics);
  }
  lists_.emplace(list.name.text, std::move(ref));
  list_names_.push_back(list.name.text);
}

// Null after a mistake, which is told where the list is declared.
std::shared_ptr<const LookUpList> Declarations::read_list(const ast::ListDecl& list, ListType type,
                                                          size_t file,
                                                          Diagnostics& diagnostics) const {
  if (list.path.empty()) {
    diagnostics.error(list.span, "bad-path", "list " + in_quotes(list.name.text) + " has no path",
                      "write the path of a file; it is relative to this one");
    return nullptr;
  }
  const std::string path = path_beside(sources_[file].name(), list.path);
  eventtime::Result<std::string> text = read_file_(path, kMaxListBytes);
  if (!text) {
    diagnostics.error(list.span, "unreadable-list",
                      "list " + in_quotes(list.name.text) + ": " + text.error().message,
                      "the path is relative to this file");
    return nullptr;
  }
  auto values = std::make_shared<LookUpList>();
  std::vector<ListMistake> mistakes;
  const size_t count = values->read(type, *std::move(text), mistakes);
  if (count == 0) return values;
  std::string help;
  for (const ListMistake& mistake : mistakes) {
    if (!help.empty()) help += "\n        ";
    help += path + ":" + std::to_string(mistake.line) + ": " + mistake.message;
  }
  if (count > mistakes.size()) help += "\n        ...";
  diagnostics.error(list.span, "bad-list",
                    "list " + in_quotes(list.name.text) + " has " + std::to_string(count) +
                        (count == 1 ? " bad value" : " bad values"),
                    std::move(help));
  return values;
}

const ListRef* Declarations::list(std::string_view name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? nullptr : &found->second;
}

std::optional<TypeId> Declarations::event(const ast::Name& name, Diagnostics& diagnostics) const {
  const auto found = event_ids_.find(name.text);
  if (found != event_ids_.end()) return found->second;
  if (lists_.contains(name.text)) {
    diagnostics.error(name.span, "unknown-event", in_quotes(name.text) + " is a list, not an event",
                      help_for_unknown(name.text, event_names_, "the events are"));
  } else if (!is_unread(name.text)) {
    diagnostics.error(name.span, "unknown-event", "there is no event " + in_quotes(name.text),
                      event_names_.empty()
                          ? "declare it: event " + name.text + " { ..., at: timestamp } time at"
                          : help_for_unknown(name.text, event_names_, "the events are"));
  }
  return std::nullopt;
}

std::optional<FieldRef> Declarations::field(TypeId type, std::string_view name) const {
  const NameMap<FieldRef>& fields = events_[type].fields;
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Declarations::field_names(TypeId type) const {
  std::vector<std::string> names;
  for (const Field& field : catalog_.types[type].fields) names.push_back(field.name);
  return names;
}

}  // namespace tocsin::patterns
