// The events and lists that the files of one run declare: checked, and found by name.
//
// Events and lists share one space of names. A declaration with mistakes is kept as far as it can
// be read, so that patterns that use it are checked, too; what could not be understood is marked
// unknown and nothing more is said about it. Tested by tests/golden/diagnostics/binding.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "eventtime/schema.h"
#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/look_up_list.h"
#include "patterns/names.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

using eventtime::Catalog;
using eventtime::Type;
using eventtime::TypeId;

// "timestamp" and the other type names of the language, in the order of the reference.
std::span<const std::string> type_names();
std::optional<Type> type_of_name(std::string_view name);

// A path that a file of patterns names is relative to that file.
std::string path_beside(const std::string& file, const std::string& path);

struct FieldRef {
  size_t index = 0;
  std::optional<Type> type;  // nothing: its declaration was not understood
  Span span;                 // of its name, where it is declared
};

struct ListRef {
  std::optional<ListType> type;  // nothing: its declaration was not understood
  std::shared_ptr<const LookUpList> values;
};

class Declarations {
 public:
  // Mistakes go to `diagnostics`, file by file; those of the files of lists to the declaration.
  Declarations(std::span<const SourceFile> sources, std::span<const ast::File> files,
               const ReadFile& read_file, Diagnostics& diagnostics);

  const Catalog& catalog() const { return catalog_; }
  Catalog take_catalog() { return std::move(catalog_); }

  // The type of this name; reports what is not there.
  std::optional<TypeId> event(const ast::Name& name, Diagnostics& diagnostics) const;
  std::optional<FieldRef> field(TypeId type, std::string_view name) const;
  const ListRef* list(std::string_view name) const;  // null if there is none
  // The parser could not read its declaration, and has said why.
  bool is_unread(std::string_view name) const { return unread_.contains(name); }

  const std::string& name_of(TypeId type) const { return catalog_.types[type].name; }
  std::vector<std::string> field_names(TypeId type) const;
  const std::vector<std::string>& list_names() const { return list_names_; }

 private:
  struct Event {
    NameMap<FieldRef> fields;
  };
  struct Declared {
    size_t file = 0;
    Span span;
  };

  void add_event(const ast::EventDecl& event, size_t file, Diagnostics& diagnostics);
  void add_field(const ast::FieldDecl& field, const SourceFile& source, Event& event,
                 eventtime::EventSchema& schema, Diagnostics& diagnostics);
  void add_list(const ast::ListDecl& list, size_t file, Diagnostics& diagnostics);
  std::shared_ptr<const LookUpList> read_list(const ast::ListDecl& list, ListType type, size_t file,
                                              Diagnostics& diagnostics) const;
  // False, with a diagnostic, when an event or list has this name already.
  bool claim(const ast::Name& name, size_t file, Diagnostics& diagnostics);

  std::span<const SourceFile> sources_;
  const ReadFile& read_file_;
  Catalog catalog_;
  std::vector<Event> events_;  // by TypeId
  NameMap<TypeId> event_ids_;
  std::vector<std::string> event_names_;
  NameMap<Declared> declared_;  // events and lists
  NameMap<ListRef> lists_;
  std::vector<std::string> list_names_;
  std::unordered_set<std::string, NameHash, std::equal_to<>> unread_;
};

// "the first one is at payments.tocsin:3": the help for a name that is declared twice.
std::string first_one_is_at(const SourceFile& source, Span span);

}  // namespace tocsin::patterns
