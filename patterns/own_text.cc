#include "patterns/own_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "patterns/declarations.h"
#include "patterns/parser.h"
#include "patterns/printer.h"

namespace tocsin::patterns {
namespace {

// Calls `visit` with each expression of a pattern, const or not, and of each its operands behind
// it.
template <typename Visit>
class Walk {
 public:
  explicit Walk(const Visit& visit) : visit_(visit) {}

  template <typename Pattern>
  void pattern(Pattern& pattern) {
    sequence(pattern.match);
    for (auto& without : pattern.without) optional(without.step.condition);
    optional(pattern.having);
    emit(pattern.emit);
    emit(pattern.on_timeout);
    if (pattern.suppress) all(pattern.suppress->by);
    for (auto& meta : pattern.meta) expression(meta.value);
  }

 private:
  template <typename Expr>
  void expression(Expr& expr) {
    visit_(expr);
    all(expr.operands);
  }
  template <typename Exprs>
  void all(Exprs& exprs) {
    for (auto& expr : exprs) expression(expr);
  }
  template <typename Optional>
  void optional(Optional& expr) {
    if (expr) expression(*expr);
  }
  template <typename Emit>
  void emit(Emit& emit) {
    if (!emit) return;
    for (auto& value : emit->values) expression(value.value);
  }
  template <typename Sequence>
  void sequence(Sequence& sequence) {
    for (auto& element : sequence.elements) {
      for (auto& negation : element.negations) optional(negation.step.condition);
      optional(element.step.condition);
      for (auto& alternative : element.alternatives) this->sequence(alternative);
      optional(element.until);
    }
    for (auto& negation : sequence.trailing) optional(negation.step.condition);
  }

  const Visit& visit_;
};

template <typename Pattern, typename Visit>
void visit_expressions(Pattern& pattern, const Visit& visit) {
  Walk<Visit>(visit).pattern(pattern);
}

// Where event types and lists are declared.
struct Declared {
  const ast::Declaration* declaration = nullptr;
  const SourceFile* source = nullptr;
};
using DeclaredByName = std::map<std::string, Declared, std::less<>>;

DeclaredByName find_declarations(const Loaded& loaded) {
  DeclaredByName found;
  for (size_t file = 0; file < loaded.files.size(); ++file) {
    for (const ast::Declaration& declaration : loaded.files[file].declarations) {
      const Declared declared{&declaration, &loaded.sources[file]};
      if (declaration.event) found.emplace(declaration.event->name.text, declared);
      if (declaration.list) found.emplace(declaration.list->name.text, declared);
    }
  }
  return found;
}

// Without the empty lines that its author left.
std::string print_alone(ast::Declaration declaration, const SourceFile& source) {
  ast::File file;
  file.declarations.push_back(std::move(declaration));
  std::string text = print(file, source);
  for (size_t at = text.find("\n\n"); at != std::string::npos; at = text.find("\n\n", at)) {
    text.erase(at, 1);
  }
  return text;
}

std::set<std::string> types_of(const Pattern& pattern, const Catalog& catalog) {
  std::set<std::string> names;
  for (const TypeId type : pattern.inputs) names.insert(catalog.types[type].name);
  for (const auto* emitted : {&pattern.emitted_event, &pattern.timeout_event}) {
    if (*emitted) names.insert(catalog.types[(*emitted)->type].name);
  }
  return names;
}

}  // namespace

std::vector<std::string> own_texts(const Loaded& loaded, const NameList& name_list) {
  const DeclaredByName declared = find_declarations(loaded);
  std::vector<std::string> texts;
  for (size_t file = 0; file < loaded.files.size(); ++file) {
    for (const ast::Declaration& declaration : loaded.files[file].declarations) {
      if (!declaration.pattern) continue;
      const Pattern& pattern = loaded.patterns->patterns[texts.size()];
      std::string& text = texts.emplace_back();
      for (const std::string& type : types_of(pattern, loaded.patterns->catalog)) {
        const Declared& event = declared.find(type)->second;
        text += print_alone(*event.declaration, *event.source);
      }
      std::set<std::string> lists;
      visit_expressions(*declaration.pattern, [&](const ast::Expr& expr) {
        if (expr.kind == ast::ExprKind::kInList) lists.insert(expr.text);
      });
      for (const std::string& name : lists) {
        const Declared& list = declared.find(name)->second;
        ast::Declaration copy = *list.declaration;
        copy.list->path = name_list(path_beside(list.source->name(), copy.list->path));
        text += print_alone(std::move(copy), *list.source);
      }
      text += print_alone(declaration, loaded.sources[file]);
    }
  }
  return texts;
}

std::vector<std::string> lists_of(const std::string& text) {
  std::vector<std::string> lists;
  Diagnostics none;
  const ast::File file = parse(SourceFile("pattern", text), none);
  for (const ast::Declaration& declaration : file.declarations) {
    if (declaration.list) lists.push_back(declaration.list->path);
  }
  return lists;
}

void set_aside(ast::File& file, const std::string& mark) {
  std::erase_if(file.declarations, [](const auto& each) { return each.event.has_value(); });
  for (ast::Declaration& declaration : file.declarations) {
    if (declaration.list) declaration.list->name.text += mark;
    if (!declaration.pattern) continue;
    declaration.pattern->name.text += mark;
    visit_expressions(*declaration.pattern, [&](ast::Expr& expr) {
      if (expr.kind == ast::ExprKind::kInList) expr.text += mark;
    });
  }
}

}  // namespace tocsin::patterns
