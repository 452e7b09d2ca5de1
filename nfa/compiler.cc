#include "nfa/compiler.h"

#include <algorithm>

#include "eventtime/check.h"
#include "patterns/pattern_dump.h"

namespace tocsin::nfa {
namespace {

using eventtime::Catalog;
using eventtime::Result;
using patterns::Capture;
using patterns::Element;
using patterns::ElementKind;
using patterns::Expr;
using patterns::Op;
using patterns::Pattern;
using patterns::Sequence;

constexpr uint16_t kNoCounter = UINT16_MAX;
constexpr size_t kMaxPlaces = 10'000;

bool is_loop(const Element& element) {
  return !element.maximum || *element.maximum > 1;
}

bool is_simple(const Sequence& sequence) {
  return sequence.trailing.empty() &&
         std::all_of(sequence.elements.begin(), sequence.elements.end(),
                     [](const Element& element) {
                       return element.negations.empty() && element.kind != ElementKind::kAll &&
                              element.alternatives.size() <= 1 && !element.reluctant &&
                              !element.longest && element.until.empty() &&
                              (element.alternatives.empty() || is_simple(element.alternatives[0]));
                     });
}

// What an element becomes: where it stands, and its place or its counter.
struct Node {
  const Element* element = nullptr;
  const Node* parent = nullptr;   // the group around it
  size_t index = 0;               // in its sequence
  std::vector<Node> body;         // of a group
  uint16_t place = kEndPlace;     // of a step
  uint16_t counter = kNoCounter;  // of a loop whose rounds must be counted
};

// An edge while it is collected: what the way from one step to the next has passed so far.
struct Way {
  std::vector<CounterGuard> guards;
  std::vector<CounterAction> actions;
  std::optional<Duration> in;
};

// Walks from the end of a step to all steps that may come next, most preferred first.
class EdgeBuilder {
 public:
  explicit EdgeBuilder(const std::vector<Node>& top) : top_(top) {}

  std::vector<Edge> from_start() {
    edges_.clear();
    // The first step of a pattern is connected to nothing.
    enter_first(top_, 0, Contiguity::kAny, {});
    return std::move(edges_);
  }

  std::vector<Edge> from(const Node& step) {
    edges_.clear();
    after_round(step, {});
    return std::move(edges_);
  }

 private:
  // A round of `node` is over: another one, or leave.
  void after_round(const Node& node, Way way) {
    const Element& element = *node.element;
    if (is_loop(element)) {
      Way again = way;
      if (node.counter != kNoCounter) {
        if (element.maximum) again.guards.push_back({node.counter, 0, *element.maximum - 1});
        again.actions.push_back({node.counter, false, saturation(element)});
      }
      enter_body(node, element.loop, again);
      if (node.counter != kNoCounter && element.minimum > 1) {
        way.guards.push_back({node.counter, element.minimum, UINT32_MAX});
      }
    }
    continue_after(node, way);
  }

  // What follows `node` in its sequence, each with its own connector.
  void continue_after(const Node& node, const Way& way) {
    const std::vector<Node>& sequence = node.parent != nullptr ? node.parent->body : top_;
    for (size_t i = node.index + 1; i < sequence.size() && !full(); ++i) {
      enter(sequence[i], sequence[i].element->connector, way);
      if (sequence[i].element->minimum > 0) return;
    }
    if (node.parent != nullptr) {
      after_round(*node.parent, way);
    } else {
      add(kEndPlace, Contiguity::kRelaxed, way);
    }
  }

  // The first round of an element.
  void enter(const Node& node, Contiguity contiguity, Way way) {
    const Element& element = *node.element;
    if (element.in) way.in = way.in ? std::min(*way.in, *element.in) : *element.in;
    if (node.counter != kNoCounter) {
      way.actions.push_back({node.counter, true, saturation(element)});
    }
    enter_body(node, contiguity, way);
  }

  void enter_body(const Node& node, Contiguity contiguity, const Way& way) {
    if (node.element->kind == ElementKind::kStep) {
      add(node.place, contiguity, way);
    } else {
      enter_first(node.body, 0, contiguity, way);
    }
  }

  // The first step that a sequence binds is connected as the whole is.
  void enter_first(const std::vector<Node>& sequence, size_t from, Contiguity contiguity,
                   const Way& way) {
    for (size_t i = from; i < sequence.size() && !full(); ++i) {
      enter(sequence[i], contiguity, way);
      if (sequence[i].element->minimum > 0) return;
    }
  }

  void add(uint16_t target, Contiguity contiguity, const Way& way) {
    Edge edge;
    edge.target = target;
    edge.contiguity = contiguity;
    edge.in = way.in;
    edge.guards = way.guards;
    edge.actions = way.actions;
    edges_.push_back(std::move(edge));
  }

  // More edges than a place may have: the pattern is refused, so the walk can end.
  bool full() const { return edges_.size() > kMaxEdges; }

  // Beyond the maximum there is no round; without one, all rounds from the minimum on are alike.
  static uint32_t saturation(const Element& element) {
    return element.maximum ? *element.maximum : element.minimum;
  }

  const std::vector<Node>& top_;
  std::vector<Edge> edges_;
};

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
    program_.places.emplace_back();  // kStartPlace
    if (!is_simple(pattern_.match) || !pattern_.without.empty()) {
      return eventtime::input_error("pattern '" + pattern_.name + "' is not supported yet");
    }
    std::vector<Node> nodes = add_nodes(pattern_.match);
    if (program_.places.size() > kMaxPlaces) {
      return eventtime::input_error("pattern '" + pattern_.name + "' has more than " +
                                    std::to_string(kMaxPlaces) + " steps");
    }
    link(nodes, nullptr);
    EdgeBuilder builder(nodes);
    program_.places[kStartPlace].edges = builder.from_start();
    add_edges(nodes, builder);
    if (pattern_.having) program_.having = Code::compile(*pattern_.having);
    for (const patterns::Result& result : pattern_.emit) program_.emit.push_back(emit_code(result));
    for (Place& place : program_.places) {
      if (place.edges.size() > kMaxEdges) {
        return eventtime::input_error(
            "pattern '" + pattern_.name + "': after one of its steps there are more than " +
            std::to_string(kMaxEdges) + " ways to go on; use fewer optional elements in a row");
      }
      finish(place);
    }
    add_signatures();
    program_.starts_wait = starts_wait();
    return std::move(program_);
  }

 private:
  std::vector<Node> add_nodes(const Sequence& sequence) {
    std::vector<Node> nodes;
    nodes.reserve(sequence.elements.size());
    for (size_t i = 0; i < sequence.elements.size(); ++i) {
      const Element& element = sequence.elements[i];
      Node node;
      node.element = &element;
      node.index = i;
      const bool counted = is_loop(element) && (element.minimum > 1 || element.maximum);
      if (counted) node.counter = static_cast<uint16_t>(program_.counters++);
      if (element.kind == ElementKind::kStep) {
        node.place = add_place(element.step);
      } else {
        node.body = add_nodes(element.alternatives[0]);
      }
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  // Nodes know the group around them only once they have stopped moving.
  static void link(std::vector<Node>& nodes, const Node* parent) {
    for (Node& node : nodes) {
      node.parent = parent;
      link(node.body, &node);
    }
  }

  void add_edges(const std::vector<Node>& nodes, EdgeBuilder& builder) {
    for (const Node& node : nodes) {
      if (node.place != kEndPlace) program_.places[node.place].edges = builder.from(node);
      add_edges(node.body, builder);
    }
  }

  uint16_t add_place(const patterns::Step& step) {
    Place place;
    place.variable = step.variable;
    place.type = step.type;
    std::vector<const Expr*> conjuncts;
    std::vector<const Expr*> local;
    if (step.condition) split_conjuncts(*step.condition, conjuncts);
    Expr correlated;
    correlated.op = Op::kAnd;
    correlated.type = eventtime::Type::kBool;
    for (const Expr* conjunct : conjuncts) {
      if (is_correlated(*conjunct)) {
        correlated.operands.push_back(*conjunct);
      } else {
        local.push_back(conjunct);
      }
    }
    place.local = predicates_.add(step.type, local);
    const eventtime::EventSchema& schema = catalog_.types[step.type];
    place.text.variable = pattern_.variables[step.variable].name;
    place.text.type = schema.name;
    for (const Expr* conjunct : local) add_condition(place.text.local, *conjunct, schema);
    for (const Expr& conjunct : correlated.operands) {
      add_condition(place.text.correlated, conjunct, schema);
    }
    if (!correlated.operands.empty()) {
      place.correlated = Code::compile(correlated);
      for (const Expr& operand : correlated.operands) add_reads(operand, place.reads);
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

  void finish(Place& place) {
    for (size_t i = 0; i < place.edges.size(); ++i) {
      const Edge& edge = place.edges[i];
      const uint64_t bit = uint64_t{1} << i;
      if (edge.target == kEndPlace) {
        place.end_edges |= bit;
        continue;
      }
      if (edge.contiguity == Contiguity::kStrict) place.strict_edges |= bit;
      if (edge.contiguity == Contiguity::kAny) place.any_edges |= bit;
      if (edge.in) place.waits_by_time = true;
    }
    for (size_t i = 0; i < place.edges.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (place.edges[i].target == place.edges[j].target) program_.ambiguous = true;
      }
    }
    place.life = life_of(place);
    if (place.strict_edges != 0) program_.sees_every_event = true;
  }

  bool starts_wait() const {
    const auto& edges = program_.places[kStartPlace].edges;
    return std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) {
      const Place& place = program_.places[edge.target];
      // A way to the end without a guard is open after one round; a guard asks for two or more.
      const bool completes = std::any_of(
          place.edges.begin(), place.edges.end(),
          [](const Edge& next) { return next.target == kEndPlace && next.guards.empty(); });
      return !place.correlated && !completes;
    });
  }

  // How long a run can wait here, where every way on has a bound.
  static std::optional<Duration> life_of(const Place& place) {
    std::optional<Duration> longest;
    for (const Edge& edge : place.edges) {
      if (edge.target == kEndPlace) continue;
      if (!edge.in) return std::nullopt;
      longest = longest ? std::max(*longest, *edge.in) : *edge.in;
    }
    return longest;
  }

  // What can still be read from here on: by the conditions of all places that can follow, by
  // `having`.
  void add_signatures() {
    std::vector<uint32_t> always;
    if (pattern_.having) add_reads(*pattern_.having, always);
    auto& places = program_.places;
    for (Place& place : places) place.signature = always;
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = places.size(); i-- > 0;) {
        std::vector<uint32_t> all = places[i].signature;
        for (const Edge& edge : places[i].edges) {
          if (edge.target == kEndPlace) continue;
          const Place& next = places[edge.target];
          all.insert(all.end(), next.reads.begin(), next.reads.end());
          all.insert(all.end(), next.signature.begin(), next.signature.end());
        }
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        if (all != places[i].signature) {
          places[i].signature = std::move(all);
          changed = true;
        }
      }
    }
  }

  const Pattern& pattern_;
  const Catalog& catalog_;
  PredicateSet& predicates_;
  Program program_;
};

}  // namespace

Result<Program> compile(const Pattern& pattern, const Catalog& catalog, PredicateSet& predicates) {
  return Compiler(pattern, catalog, predicates).compile();
}

}  // namespace tocsin::nfa
