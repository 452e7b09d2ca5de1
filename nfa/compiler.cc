#include "nfa/compiler.h"

#include <algorithm>
#include <map>

#include "nfa/edge_builder.h"
#include "nfa/program_analysis.h"
#include "patterns/pattern_dump.h"

namespace tocsin::nfa {
namespace {

using eventtime::Catalog;
using eventtime::Result;
using patterns::Capture;
using patterns::Element;
using patterns::ElementKind;
using patterns::Expr;
using patterns::Negation;
using patterns::Op;
using patterns::Pattern;
using patterns::Sequence;

constexpr size_t kMaxPlaces = 10'000;
constexpr size_t kMaxTests = 10'000;
constexpr uint16_t kNoTest = UINT16_MAX;
constexpr uint16_t kNoLog = UINT16_MAX;

bool is_around(const SequenceNode* group, const SequenceNode* node) {
  while (node != nullptr && node != group) node = node->parent;
  return node == group;
}

class Compiler {
 public:
  Compiler(const Pattern& pattern, const Catalog& catalog, PredicateSet& predicates)
      : pattern_(pattern), catalog_(catalog), predicates_(predicates) {}

  Result<Program> compile() {
    program_.name = pattern_.name;
    program_.inputs = pattern_.inputs;
    program_.layout = SlotLayout(pattern_);
    add_texts();
    program_.within = pattern_.within;
    program_.skip = pattern_.skip;
    program_.skip_variable = pattern_.skip_variable;
    program_.leftmost = pattern_.leftmost;
    program_.reports_timeout = pattern_.reports_timeout;
    program_.places.emplace_back();  // kStartPlace
    std::vector<SequenceNode> nodes = add_nodes(pattern_.match);
    link(nodes, nullptr, 0);
    add_withouts();
    if (program_.places.size() > kMaxPlaces || program_.tests.size() > kMaxTests) {
      return error("has more than " + std::to_string(kMaxPlaces) + " steps");
    }
    find_ways(nodes);
    for (const std::vector<Way>& ways : ways_) {
      if (ways.size() <= kMaxEdges) continue;
      return error("after one of its steps there are more than " + std::to_string(kMaxEdges) +
                   " ways to go on; use fewer optional elements in a row");
    }
    if (!give_flags()) {
      return error("has too many negations behind loops and 'without ... between'; the limit is " +
                   std::to_string(kMaxFlags) + " of both together");
    }
    for (size_t i = 0; i < program_.places.size(); ++i) add_edges(i);
    if (pattern_.having) program_.having = Code::compile(*pattern_.having);
    program_.growing_having = growing_having(pattern_);
    for (const patterns::Result& result : pattern_.emit) program_.emit.push_back(emit_code(result));
    for (const patterns::Result& result : pattern_.on_timeout) {
      program_.timeout_emit.push_back(emit_code(result));
    }
    std::vector<uint32_t> having;
    if (pattern_.having) add_reads(*pattern_.having, having);
    analyse(program_, having);
    return std::move(program_);
  }

 private:
  // A negation behind a loop, and its flag in the runs inside the loop.
  struct Reaching {
    const Negation* negation = nullptr;
    const SequenceNode* loop = nullptr;
    uint16_t flag = 0;
    uint16_t log = kNoLog;
  };

  eventtime::Unexpected<eventtime::Error> error(const std::string& what) const {
    return eventtime::input_error("pattern '" + pattern_.name + "' " + what);
  }

  std::vector<SequenceNode> add_nodes(const Sequence& sequence) {
    std::vector<SequenceNode> nodes;
    nodes.reserve(sequence.elements.size());
    for (size_t i = 0; i < sequence.elements.size(); ++i) {
      const Element& element = sequence.elements[i];
      const bool looks_back = &sequence == &pattern_.match && i == 0;
      for (const Negation& negation : element.negations) {
        const uint16_t test = add_test(negation.step, "not ");
        test_of_.emplace(&negation, test);
        if (looks_back) add_look_back(negation, test);
      }
      SequenceNode node;
      node.element = &element;
      node.index = i;
      const bool counted = node.is_loop() && (element.minimum > 1 || element.maximum);
      if (counted) node.rounds = static_cast<uint16_t>(program_.counters++);
      if (element.kind == ElementKind::kAll) {
        node.through = static_cast<uint16_t>(program_.counters++);
      }
      if (element.kind == ElementKind::kStep) node.place = add_place(element.step);
      for (const Sequence& part : element.alternatives) node.parts.push_back(add_nodes(part));
      for (const patterns::Step& until : element.until) {
        const uint16_t test = add_test(until, "until ");
        program_.tests[test].variable = kNoVariable;
        if (node.until == kNoTest) node.until = test;
      }
      nodes.push_back(std::move(node));
    }
    for (const Negation& negation : sequence.trailing) {
      test_of_.emplace(&negation, add_test(negation.step, "not "));
    }
    return nodes;
  }

  // Nodes know the group around them only once they have stopped moving.
  void link(std::vector<SequenceNode>& nodes, const SequenceNode* parent, size_t part) {
    for (SequenceNode& node : nodes) {
      node.parent = parent;
      node.part = part;
      if (node.place != kEndPlace) {
        if (node_of_.size() <= node.place) node_of_.resize(size_t{node.place} + 1);
        node_of_[node.place] = &node;
      }
      for (size_t i = 0; i < node.parts.size(); ++i) link(node.parts[i], &node, i);
    }
  }

  void add_look_back(const Negation& negation, uint16_t test) {
    program_.look_backs.push_back(look_back_of(negation, test));
  }

  LookBack look_back_of(const Negation& negation, uint16_t test) const {
    LookBack look_back;
    look_back.test = test;
    look_back.span = negation.duration.value_or(Duration{0});
    look_back.schema = catalog_.types[negation.step.type];
    if (program_.tests[test].correlated) {
      add_fields(*negation.step.condition, look_back.columns);
    }
    return look_back;
  }

  // Whether the negation's condition reads something that changes while the loop goes on.
  bool is_late(const Negation& negation, const SequenceNode* loop) const {
    const std::vector<uint32_t>& reads = program_.tests[test_of_.at(&negation)].reads;
    return std::any_of(reads.begin(), reads.end(), [&](uint32_t slot) {
      const uint32_t variable = pattern_.captures[slot].variable;
      if (variable == Capture::kPrevious) return true;
      for (size_t place = 1; place < node_of_.size(); ++place) {
        if (program_.places[place].variable == variable && is_around(loop, node_of_[place])) {
          return true;
        }
      }
      return false;
    });
  }

  static void add_fields(const Expr& expr, std::vector<uint32_t>& out) {
    const bool known = std::find(out.begin(), out.end(), expr.index) != out.end();
    if (expr.op == Op::kField && !known) out.push_back(expr.index);
    for (const Expr& operand : expr.operands) add_fields(operand, out);
  }

  void add_withouts() {
    for (const patterns::Without& without : pattern_.without) {
      const uint16_t test = add_test(without.step, "without ");
      if (without.after && without.before) {
        RangeFlags range;
        range.test = test;
        range.after = *without.after;
        range.before = *without.before;
        program_.ranges.push_back(range);
      } else {
        withouts_.push_back(test);
      }
    }
  }

  void find_ways(const std::vector<SequenceNode>& nodes) {
    EdgeBuilder builder(pattern_.match, nodes);
    ways_.push_back(builder.from_start());
    for (size_t place = 1; place < program_.places.size(); ++place) {
      ways_.push_back(builder.from(*node_of_[place]));
    }
  }

  // A negation that reaches back to the beginning of a loop has a flag in every run inside it.
  bool give_flags() {
    size_t flags = 3;  // the first are those that every run has
    for (const std::vector<Way>& ways : ways_) {
      for (const Way& way : ways) {
        for (const PassedNegation& passed : way.negations) {
          if (passed.loop == nullptr || passed.negation->duration) continue;
          const auto known =
              std::any_of(reaching_.begin(), reaching_.end(), [&](const Reaching& r) {
                return r.negation == passed.negation && r.loop == passed.loop;
              });
          if (known) continue;
          Reaching reaching{passed.negation, passed.loop, static_cast<uint16_t>(flags++), kNoLog};
          if (is_late(*passed.negation, passed.loop)) {
            reaching.log = static_cast<uint16_t>(program_.logs.size());
            program_.logs.push_back(look_back_of(*passed.negation, test_of_.at(passed.negation)));
          }
          reaching_.push_back(reaching);
        }
      }
    }
    for (RangeFlags& range : program_.ranges) {
      range.open = static_cast<uint16_t>(flags++);
      range.broken = static_cast<uint16_t>(flags++);
      range.closed = static_cast<uint16_t>(flags++);
    }
    return flags <= kMaxFlags + 3;
  }

  void add_edges(size_t index) {
    Place& place = program_.places[index];
    const SequenceNode* const node = index == kStartPlace ? nullptr : node_of_[index];
    for (size_t i = 0; i < ways_[index].size(); ++i) {
      Way& way = ways_[index][i];
      for (const PassedNegation& passed : way.negations) add_watch(place, i, passed, way.edge);
      keep_flags(way);
      add_untils(way);
      if (way.edge.target == kEndPlace) set_ending(way, ways_[index], i);
      place.edges.push_back(std::move(way.edge));
    }
    if (node == nullptr) return;
    for (const Reaching& reaching : reaching_) {
      if (is_around(reaching.loop, node)) add_reach(place, reaching, index);
    }
    watch_untils(place, *node, ways_[index]);
    for (const uint16_t test : withouts_) {
      place.watches.push_back({WatchKind::kWithout, test, 0, 0, {}});
    }
    for (const RangeFlags& range : program_.ranges) {
      const auto broken = static_cast<uint16_t>(1U << range.broken);
      Watch watch{WatchKind::kWithoutRange, range.test, broken, 0, {}};
      watch.only_if = static_cast<uint16_t>(1U << range.open);
      place.watches.push_back(watch);
    }
  }

  void add_watch(Place& place, size_t edge_index, const PassedNegation& passed, Edge& edge) const {
    const Negation& negation = *passed.negation;
    const uint16_t test = test_of_.at(&negation);
    if (negation.duration) {
      edge.after = std::max(edge.after.value_or(Duration{0}), *negation.duration);
      merge(place, {WatchKind::kAbsence, test, 0, bit(edge_index), *negation.duration});
    } else if (passed.loop == nullptr) {
      const WatchKind kind = negation.next ? WatchKind::kNext : WatchKind::kBetween;
      merge(place, {kind, test, 0, bit(edge_index), {}});
    }
  }

  static void merge(Place& place, const Watch& watch) {
    for (Watch& other : place.watches) {
      if (other.kind == watch.kind && other.test == watch.test) {
        other.edges |= watch.edges;
        return;
      }
    }
    place.watches.push_back(watch);
  }

  // In every place of the loop, whether or not a way leaves it there.
  void add_reach(Place& place, const Reaching& reaching, size_t index) const {
    const Negation& negation = *reaching.negation;
    Watch watch;
    watch.kind = negation.next ? WatchKind::kReachNext : WatchKind::kReach;
    if (reaching.log != kNoLog) {
      watch.kind = negation.next ? WatchKind::kLateNext : WatchKind::kLate;
      watch.log = reaching.log;
    }
    watch.test = test_of_.at(&negation);
    watch.flag = static_cast<uint16_t>(1U << reaching.flag);
    for (size_t i = 0; i < ways_[index].size(); ++i) {
      for (const PassedNegation& passed : ways_[index][i].negations) {
        if (passed.negation == &negation && passed.loop == reaching.loop) watch.edges |= bit(i);
      }
    }
    place.watches.push_back(watch);
  }

  void keep_flags(Way& way) const {
    for (const Reaching& reaching : reaching_) {
      if (is_around(reaching.loop, way.kept)) {
        way.edge.kept_flags = static_cast<uint16_t>(way.edge.kept_flags | 1U << reaching.flag);
      }
    }
    for (const RangeFlags& range : program_.ranges) {
      const unsigned flags = 1U << range.open | 1U << range.broken | 1U << range.closed;
      way.edge.kept_flags = static_cast<uint16_t>(way.edge.kept_flags | flags);
    }
  }

  // The event that enters a loop must not end it.
  void add_untils(Way& way) const {
    if (way.edge.target == kEndPlace) return;
    const SequenceNode* node = node_of_[way.edge.target];
    for (; node != nullptr && node != way.kept; node = node->parent) {
      for (size_t i = 0; i < node->element->until.size(); ++i) {
        const auto test = static_cast<uint16_t>(node->until + i);
        const TypeId type = program_.places[way.edge.target].type;
        if (program_.tests[test].type == type) way.edge.untils.push_back(test);
      }
    }
  }

  static void watch_untils(Place& place, const SequenceNode& node, const std::vector<Way>& ways) {
    for (const SequenceNode* loop = &node; loop != nullptr; loop = loop->parent) {
      uint64_t stays = 0;
      for (size_t i = 0; i < ways.size(); ++i) {
        if (is_around(loop, ways[i].kept)) stays |= bit(i);
      }
      for (size_t i = 0; i < loop->element->until.size(); ++i) {
        place.watches.push_back(
            {WatchKind::kUntil, static_cast<uint16_t>(loop->until + i), 0, stays, {}});
      }
    }
  }

  static void set_ending(Way& way, const std::vector<Way>& ways, size_t index) {
    Ending ending;
    bool waits = false;
    for (const PassedNegation& passed : way.negations) {
      const Negation& negation = *passed.negation;
      waits = true;
      if (negation.duration) {
        ending.wait = std::max(ending.wait.value_or(Duration{0}), *negation.duration);
      } else if (negation.next) {
        ending.next = true;
      } else {
        ending.window = true;
      }
    }
    // Where a final absence is written behind the loop, its end is as far as `longest` looks.
    for (size_t i = 0; i < index; ++i) {
      const bool absence_behind = ways[i].negations.size() < way.negations.size();
      if ((ways[i].edge.longest & bit(index)) != 0 && !absence_behind) ending.loops |= bit(i);
    }
    if (waits || ending.loops != 0) way.edge.ending = ending;
  }

  struct Split {
    StepPredicate local = 0;
    Expr correlated;  // `and` of its operands
    std::string local_text;
    std::string correlated_text;
  };

  // What looks only at the tested event, and the rest.
  Split split(const patterns::Step& step) {
    Split parts;
    std::vector<const Expr*> conjuncts;
    std::vector<const Expr*> local;
    if (step.condition) split_conjuncts(*step.condition, conjuncts);
    parts.correlated.op = Op::kAnd;
    parts.correlated.type = eventtime::Type::kBool;
    const eventtime::EventSchema& schema = catalog_.types[step.type];
    for (const Expr* conjunct : conjuncts) {
      if (is_correlated(*conjunct)) {
        parts.correlated.operands.push_back(*conjunct);
        add_condition(parts.correlated_text, *conjunct, schema);
      } else {
        local.push_back(conjunct);
        add_condition(parts.local_text, *conjunct, schema);
      }
    }
    parts.local = predicates_.add(step.type, local);
    return parts;
  }

  uint16_t add_test(const patterns::Step& step, std::string_view word) {
    Test test;
    test.variable = step.variable;
    test.type = step.type;
    const Split parts = split(step);
    test.local = parts.local;
    if (!parts.correlated.operands.empty()) {
      test.correlated = Code::compile(parts.correlated);
      for (const Expr& operand : parts.correlated.operands) add_reads(operand, test.reads);
      test.comparisons = comparisons_of(parts.correlated.operands);
    }
    const eventtime::EventSchema& schema = catalog_.types[step.type];
    test.text = std::string(word) + schema.name;
    if (step.condition) {
      test.text += '[' + patterns::to_string(*step.condition, pattern_, &schema) + ']';
    }
    program_.tests.push_back(std::move(test));
    return static_cast<uint16_t>(program_.tests.size() - 1);
  }

  uint16_t add_place(const patterns::Step& step) {
    Place place;
    place.variable = step.variable;
    place.type = step.type;
    Split parts = split(step);
    place.local = parts.local;
    place.text.variable = pattern_.variables[step.variable].name;
    place.text.type = catalog_.types[step.type].name;
    place.text.local = std::move(parts.local_text);
    place.text.correlated = std::move(parts.correlated_text);
    if (!parts.correlated.operands.empty()) {
      place.correlated = Code::compile(parts.correlated);
      for (const Expr& operand : parts.correlated.operands) add_reads(operand, place.reads);
      place.comparisons = comparisons_of(parts.correlated.operands);
    }
    add_updates(place);
    program_.places.push_back(std::move(place));
    return static_cast<uint16_t>(program_.places.size() - 1);
  }

  void add_condition(std::string& text, const Expr& conjunct,
                     const eventtime::EventSchema& schema) const {
    if (!text.empty()) text += " and ";
    const std::string condition = patterns::to_string(conjunct, pattern_, &schema);
    text += conjunct.op == Op::kOr ? "(" + condition + ")" : condition;
  }

  void add_texts() {
    for (const patterns::KeyPart& part : pattern_.by) program_.key.push_back(part.name);
    for (const eventtime::TypeId type : pattern_.inputs) {
      program_.input_names.push_back(catalog_.types[type].name);
    }
    for (const Capture& capture : pattern_.captures) {
      program_.capture_texts.push_back(patterns::to_string(capture, pattern_));
    }
    if (pattern_.having) {
      program_.having_text = patterns::to_string(*pattern_.having, pattern_, nullptr);
    }
    const bool to_variable = pattern_.skip == patterns::SkipKind::kToFirst ||
                             pattern_.skip == patterns::SkipKind::kToLast;
    program_.skip_text = patterns::to_string(pattern_.skip);
    if (to_variable) program_.skip_text += ' ' + pattern_.variables[pattern_.skip_variable].name;
    if (pattern_.leftmost) program_.skip_text += " leftmost";
  }

  void add_updates(Place& place) {
    const auto& slots = program_.layout.slots();
    const eventtime::EventSchema& schema = catalog_.types[place.type];
    for (uint32_t i = 0; i < slots.size(); ++i) {
      const Slot& slot = slots[i];
      if (slot.variable != place.variable && slot.variable != Capture::kPrevious) continue;
      if (slot.kind == CaptureKind::kCollect) continue;
      SlotUpdate update{i, kNoColumn};
      if (!slot.field.empty()) {
        const std::optional<size_t> column = schema.find(slot.field);
        // `prev.f` where this event's type has no such field, or one of another type: null. The
        // binder sees to it that no condition asks for it right behind such an event.
        if (column && schema.fields[*column].type == slot.field_type) {
          update.column = static_cast<uint32_t>(*column);
        }
      }
      place.updates.push_back(update);
    }
  }

  static void add_reads(const Expr& expr, std::vector<uint32_t>& out) {
    if (expr.op == Op::kCapture) out.push_back(expr.index);
    for (const Expr& operand : expr.operands) add_reads(operand, out);
  }

  std::optional<Code> emit_code(const patterns::Result& result) const {
    const Expr& value = result.value;
    const bool collects =
        value.op == Op::kCapture && pattern_.captures[value.index].kind == CaptureKind::kCollect;
    if (collects) return std::nullopt;
    return Code::compile(value);
  }

  const Pattern& pattern_;
  const Catalog& catalog_;
  PredicateSet& predicates_;
  Program program_;
  std::vector<const SequenceNode*> node_of_;  // by place; null for the start
  std::vector<std::vector<Way>> ways_;        // by place
  std::map<const Negation*, uint16_t> test_of_;
  std::vector<Reaching> reaching_;
  std::vector<uint16_t> withouts_;  // tests of `without` over the whole match
};

}  // namespace

Result<Program> compile(const Pattern& pattern, const Catalog& catalog, PredicateSet& predicates) {
  return Compiler(pattern, catalog, predicates).compile();
}

}  // namespace tocsin::nfa
