#include "patterns/printer.h"

#include <algorithm>
#include <limits>

#include "eventtime/timestamp.h"
#include "patterns/expression_printer.h"
#include "patterns/layout.h"
#include "patterns/token.h"

namespace tocsin::patterns {
namespace {

using ast::Expr;
using ast::ExprKind;

constexpr size_t kWidth = 100;
constexpr size_t kIndent = 2;
// Wider words and names do not move the column behind them.
constexpr size_t kMaxAlignedName = 30;
constexpr size_t kConnectorWidth = 4;  // "then"

std::string quantifier_text(const ast::Quantifier& quantifier) {
  const auto is = [&](uint32_t minimum, std::optional<uint32_t> maximum) {
    return quantifier.minimum == minimum && quantifier.maximum == maximum;
  };
  std::string out;
  if (is(0, 1)) {
    out = "?";
  } else if (is(0, std::nullopt)) {
    out = "*";
  } else if (is(1, std::nullopt)) {
    out = "+";
  } else {
    out = "{" + std::to_string(quantifier.minimum);
    if (quantifier.maximum != quantifier.minimum) out += ",";
    if (quantifier.maximum && *quantifier.maximum != quantifier.minimum) {
      out += std::to_string(*quantifier.maximum);
    }
    out += "}";
  }
  return quantifier.reluctant ? out + "?" : out;
}

// How far a name's colon may be followed by blanks so that what follows stands in one column.
template <class Items, class Name>
size_t name_column(const Items& items, Name name) {
  size_t column = 0;
  for (const auto& item : items) {
    const size_t width = width_of(name(item));
    if (width <= kMaxAlignedName) column = std::max(column, width);
  }
  return column;
}
size_t blanks_to(size_t column, std::string_view name) {
  const size_t width = width_of(name);
  return 1 + (column > width ? column - width : 0);
}

class Printer {
 public:
  void print(const ast::File& file);
  Layout& layout() { return layout_; }

 private:
  void print(const Expr& expr) { print_expression(expr, layout_); }

  // Sequences.
  void print(const ast::StepText& step, size_t column);
  void print(const ast::NegationText& negation);
  void print_suffixes(const ast::Element& element);
  void print(const ast::Element& element, size_t column);
  void print_group(const ast::Element& element);
  void print(const ast::Sequence& sequence, bool align_names);

  // Declarations.
  void print(const ast::EventDecl& event);
  void print(const ast::ListDecl& list);
  void print(const ast::PatternDecl& pattern);
  void print_head_clauses(const ast::PatternDecl& pattern);
  void print_tail_clauses(const ast::PatternDecl& pattern);
  void begin_clause(const ast::PatternDecl& pattern, std::string keyword);
  void end_clause();
  void print(const ast::KeyDecl& key);
  void print(const ast::WithoutClause& without);
  void print(const ast::SkipClause& skip);
  void print(const ast::Assignment& assignment);
  void print(const ast::EmitClause& emit);
  template <class Items>
  void print_list(const Items& items);

  void name(const ast::Name& name, const char* behind = "") {
    layout_.text(
        write_name(name.text, *behind == ':' ? Before::kDotOrColon : Before::kOther) + behind,
        name.span.begin);
  }

  Layout layout_;
  size_t clause_ = 0;          // index of the next clause's keyword
  size_t keyword_column_ = 0;  // width of the keywords of this pattern
};

// ---- sequences ----

void Printer::print(const ast::StepText& step, size_t column) {
  if (step.type) {
    name(step.variable, ":");
    layout_.pad(blanks_to(column, write_name(step.variable.text, Before::kDotOrColon)));
    name(*step.type);
  } else {
    name(step.variable);
  }
  if (!step.condition) return;
  layout_.text("[", step.condition->span.begin);
  layout_.align();
  print(*step.condition);
  layout_.outdent();
  layout_.text("]");
}

void Printer::print(const ast::NegationText& negation) {
  layout_.text("not ", negation.step.span.begin);
  print(negation.step, 0);
  if (negation.duration) layout_.text(" for " + eventtime::to_string(*negation.duration));
}

void Printer::print_suffixes(const ast::Element& element) {
  if (element.quantifier) layout_.text(quantifier_text(*element.quantifier));
  if (element.loop_contiguity) {
    layout_.text(*element.loop_contiguity == ast::Contiguity::kStrict ? " strict" : " any");
  }
  if (element.longest) layout_.text(" longest");
  if (element.until) {
    layout_.text(" until [", element.until->span.begin);
    layout_.align();
    print(*element.until);
    layout_.outdent();
    layout_.text("]");
  }
  if (element.in) layout_.text(" in " + eventtime::to_string(*element.in));
}

void Printer::print(const ast::Element& element, size_t column) {
  if (element.kind == ast::ElementKind::kStep) {
    print(element.step, column);
  } else {
    print_group(element);
  }
  print_suffixes(element);
}

void Printer::print_group(const ast::Element& element) {
  const char* between = element.kind == ast::ElementKind::kAll ? "& " : "| ";
  layout_.open();
  layout_.text("(", element.span.begin);
  layout_.align();
  for (const ast::Sequence& alternative : element.alternatives) {
    if (&alternative != &element.alternatives.front()) {
      layout_.line();
      layout_.text(between, alternative.span.begin);
    }
    layout_.align();
    print(alternative, false);
    layout_.outdent();
  }
  layout_.outdent();
  layout_.text(")");
  layout_.close();
}

// Steps whose names stand in one column when each element has its own line.
bool is_aligned(const ast::Element& element) {
  return element.kind == ast::ElementKind::kStep && element.step.type &&
         element.connector != ast::Contiguity::kAny;
}

void Printer::print(const ast::Sequence& sequence, bool align_names) {
  const size_t column =
      !align_names ? 0 : name_column(sequence.elements, [](const ast::Element& element) {
        return is_aligned(element) ? write_name(element.step.variable.text, Before::kDotOrColon)
                                   : std::string();
      });
  bool first = true;
  const auto connect = [&](ast::Contiguity contiguity, Span span) {
    if (!first) {
      layout_.line();
      static constexpr const char* kWords[] = {"then ", "next ", "then any "};
      layout_.text(kWords[static_cast<size_t>(contiguity)], span.begin);
    }
    first = false;
  };
  const auto negate = [&](const ast::NegationText& negation) {
    connect(negation.next ? ast::Contiguity::kStrict : ast::Contiguity::kRelaxed, negation.span);
    print(negation);
  };
  for (const ast::Element& element : sequence.elements) {
    for (const ast::NegationText& negation : element.negations) negate(negation);
    connect(element.connector, element.connector_span);
    print(element, is_aligned(element) ? column : 0);
  }
  for (const ast::NegationText& negation : sequence.trailing) negate(negation);
}

// ---- event and list ----

void Printer::print(const ast::EventDecl& event) {
  layout_.declaration("event ", event.span.begin);
  name(event.name);
  layout_.text(" {");
  layout_.indent_to(kIndent);
  const size_t column = name_column(event.fields, [](const ast::FieldDecl& field) {
    return write_name(field.name.text, Before::kDotOrColon);
  });
  for (const ast::FieldDecl& field : event.fields) {
    layout_.new_line();
    name(field.name, ":");
    layout_.pad(blanks_to(column, write_name(field.name.text, Before::kDotOrColon)));
    name(field.type);
    if (field.unit) {
      layout_.text("(");
      name(*field.unit);
      layout_.text(")");
    }
    if (field.nullable) layout_.text("?");
    if (field.from) layout_.text(" from " + write_string(*field.from));
    layout_.text(",");
  }
  layout_.comments(event.close);
  layout_.outdent();
  layout_.new_line();
  layout_.text("}", event.close);
  if (event.time) {
    layout_.text(" time ", event.time->span.begin);
    name(*event.time);
  }
}

void Printer::print(const ast::ListDecl& list) {
  layout_.declaration("list ", list.span.begin);
  name(list.name, ":");
  layout_.space();
  name(list.type);
  layout_.text(" from " + write_string(list.path));
}

// ---- pattern ----

void Printer::begin_clause(const ast::PatternDecl& pattern, std::string keyword) {
  const uint32_t anchor =
      clause_ < pattern.keywords.size() ? pattern.keywords[clause_].begin : Layout::kNowhere;
  ++clause_;
  layout_.new_line();
  const size_t blanks = blanks_to(keyword_column_, keyword);
  const size_t content = kIndent + keyword.size() + blanks;
  layout_.text(std::move(keyword), anchor);
  layout_.pad(blanks);
  layout_.indent_to(content);
  layout_.open();
}

void Printer::end_clause() {
  layout_.close();
  layout_.outdent();
}

template <class Items>
void Printer::print_list(const Items& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      layout_.text(",");
      layout_.line();
    }
    print(items[i]);
  }
}

void Printer::print(const ast::KeyDecl& key) {
  if (key.fields.size() == 1 && key.fields[0].variable.text.empty()) {
    name(key.name);
    return;
  }
  name(key.name, ":");
  for (size_t i = 0; i < key.fields.size(); ++i) {
    if (i > 0) layout_.text(",");
    layout_.space();
    const ast::KeyField& field = key.fields[i];
    layout_.text(write_name(field.variable.text, Before::kDotOrColon) + ".",
                 field.variable.span.begin);
    name(field.field);
  }
}

void Printer::print(const ast::WithoutClause& without) {
  print(without.step, 0);
  if (!without.after) return;
  layout_.text(" between ", without.after->span.begin);
  name(*without.after);
  layout_.text(" and ", without.before->span.begin);
  name(*without.before);
}

void Printer::print(const ast::SkipClause& skip) {
  static constexpr const char* kWords[] = {"past last", "to next", "to first ", "to last ", "none"};
  layout_.text(kWords[static_cast<size_t>(skip.kind)]);
  if (skip.variable) name(*skip.variable);
  if (skip.leftmost) layout_.text(" leftmost");
}

void Printer::print(const ast::Assignment& assignment) {
  if (assignment.value.kind == ExprKind::kField && assignment.value.text == assignment.name.text) {
    name(assignment.name);
    return;
  }
  name(assignment.name, ":");
  layout_.space();
  layout_.align();
  print(assignment.value);
  layout_.outdent();
}

void Printer::print(const ast::EmitClause& emit) {
  if (!emit.event) {
    print_list(emit.values);
    return;
  }
  name(*emit.event);
  layout_.text(" {");
  layout_.space();
  layout_.align();
  print_list(emit.values);
  layout_.outdent();
  layout_.text(" }");
}

void Printer::print_head_clauses(const ast::PatternDecl& pattern) {
  if (!pattern.on.empty()) {
    begin_clause(pattern, "on");
    for (const ast::Name& type : pattern.on) {
      if (&type != &pattern.on.front()) {
        layout_.text(",");
        layout_.line();
      }
      name(type);
    }
    end_clause();
  }
  if (!pattern.by.empty()) {
    begin_clause(pattern, "by");
    print_list(pattern.by);
    end_clause();
  }
  begin_clause(pattern, "match");
  // Connectors stand before the column of the elements.
  layout_.indent_to(kIndent + keyword_column_ - kConnectorWidth);
  print(pattern.match, true);
  layout_.outdent();
  end_clause();
  if (!pattern.without.empty()) {
    begin_clause(pattern, "without");
    print_list(pattern.without);
    end_clause();
  }
  if (pattern.having) {
    begin_clause(pattern, "having");
    print(*pattern.having);
    end_clause();
  }
  if (pattern.within) {
    begin_clause(pattern, "within");
    layout_.text(eventtime::to_string(pattern.within->duration), pattern.within->span.begin);
    end_clause();
  }
}

void Printer::print_tail_clauses(const ast::PatternDecl& pattern) {
  if (pattern.skip) {
    begin_clause(pattern, "skip");
    print(*pattern.skip);
    end_clause();
  }
  if (pattern.emit) {
    begin_clause(pattern, "emit");
    print(*pattern.emit);
    end_clause();
  }
  if (pattern.on_timeout) {
    begin_clause(pattern, "on timeout emit");
    print(*pattern.on_timeout);
    end_clause();
  }
  if (pattern.suppress) {
    begin_clause(pattern, "suppress");
    layout_.text(eventtime::to_string(pattern.suppress->duration), pattern.suppress->span.begin);
    if (!pattern.suppress->by.empty()) layout_.text(" by ", pattern.suppress->by[0].span.begin);
    print_list(pattern.suppress->by);
    end_clause();
  }
  if (!pattern.meta.empty()) {
    begin_clause(pattern, "meta");
    for (const ast::Assignment& meta : pattern.meta) {
      if (&meta != &pattern.meta.front()) {
        layout_.text(",");
        layout_.line();
      }
      name(meta.name, ": ");
      print(meta.value);
    }
    end_clause();
  }
}

void Printer::print(const ast::PatternDecl& pattern) {
  layout_.declaration("pattern ", pattern.span.begin);
  name(pattern.name);
  if (pattern.description) layout_.text(" " + write_string(*pattern.description));
  layout_.text(" {");
  layout_.indent_to(kIndent);
  clause_ = 0;
  keyword_column_ = width_of("within");
  if (!pattern.without.empty()) keyword_column_ = width_of("without");
  if (pattern.suppress) keyword_column_ = width_of("suppress");
  print_head_clauses(pattern);
  print_tail_clauses(pattern);
  layout_.comments(pattern.span.end - 1);
  layout_.outdent();
  layout_.new_line();
  layout_.text("}", pattern.span.end - 1);
}

void Printer::print(const ast::File& file) {
  for (const ast::Declaration& declaration : file.declarations) {
    if (&declaration != &file.declarations.front()) layout_.blank_line();
    if (declaration.event) print(*declaration.event);
    if (declaration.list) print(*declaration.list);
    if (declaration.pattern) print(*declaration.pattern);
  }
}

}  // namespace

std::string print(const ast::File& file, const SourceFile& source) {
  Printer printer;
  printer.print(file);
  return printer.layout().render(kWidth, file.comments, source);
}

std::string print(const ast::Expr& expr) {
  Layout layout;
  print_expression(expr, layout);
  std::string line = layout.render(std::numeric_limits<size_t>::max() / 8);
  if (!line.empty()) line.pop_back();
  return line;
}

}  // namespace tocsin::patterns
