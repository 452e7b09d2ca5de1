// What the expressions of one pattern can refer to: its variables, the fields of `by`, what may
// be bound at the place that is being checked, and the captures that were asked for so far.
//
// The binder walks the sequence from left to right and keeps `bound` and `previous` true for the
// place where it stands; the checker of expressions only reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "patterns/declarations.h"
#include "patterns/names.h"
#include "patterns/pattern.h"

namespace tocsin::patterns {

// Event types in rising order, each once. `unknown`: also one whose name was not understood.
struct TypeSet {
  std::vector<TypeId> types;
  bool unknown = false;

  bool empty() const { return types.empty() && !unknown; }
  bool contains(TypeId type) const;
  void add(std::optional<TypeId> type);
  void add(const TypeSet& other);
};

struct ScopeVariable {
  Variable variable;
  TypeSet types;
};

class Scope {
 public:
  std::optional<uint32_t> find_variable(std::string_view name) const;
  std::vector<std::string> variable_names() const;  // of those that can be bound
  std::optional<uint32_t> find_key(std::string_view name) const;
  std::vector<std::string> key_names() const;

  // The index of this capture in Pattern::captures; equal ones are one.
  uint32_t capture(Capture capture);

  std::vector<ScopeVariable> variables;
  NameMap<uint32_t> variables_by_name;
  std::vector<KeyPart> by;
  NameMap<uint32_t> keys_by_name;
  std::vector<Capture> captures;

  std::vector<bool> bound;  // by variable: may have events before this place
  TypeSet previous;         // the types of the event that may be bound last before this place

 private:
  struct CaptureHash {
    size_t operator()(const Capture& capture) const;
  };
  std::unordered_map<Capture, uint32_t, CaptureHash> capture_ids_;
};

// Where an expression stands.
struct Place {
  // having, emit: sees the whole match, and a bare name is a field of `by`. Otherwise a condition.
  bool result = false;
  bool collect = false;          // the whole value of an emit: `collect` may stand here
  std::optional<TypeId> tested;  // of a condition; nothing: its name was not understood
  std::optional<uint32_t> own;   // the variable of the step whose condition it is
};

// The field of this name that all types have with one type; what is wrong goes to `diagnostics`.
// `owner` names the types' holder in messages ("'probe'").
std::optional<Type> common_field(const TypeSet& types, const ast::Name& field,
                                 const std::string& owner, const Declarations& declarations,
                                 Diagnostics& diagnostics);

}  // namespace tocsin::patterns
