#include "patterns/sequence_binder.h"

#include <algorithm>
#include <utility>

#include "patterns/fold.h"

namespace tocsin::patterns {
namespace {

constexpr uint32_t kMaxRounds = 1'000'000;
constexpr size_t kMaxParts = 30;  // of `&`: those that are through are bits of a counter

bool may_be_left_out(const ast::Element& element) {
  return element.quantifier && element.quantifier->minimum == 0 &&
         element.quantifier->maximum != 0U;  // {0} is a mistake of its own
}

bool is_loop(const ast::Element& element) {
  const auto& quantifier = element.quantifier;
  return quantifier && (!quantifier->maximum || *quantifier->maximum > 1);
}

// No element has to be there. An inner group that may bind nothing is told on its own.
bool could_match_nothing(const ast::Sequence& sequence) {
  return std::all_of(sequence.elements.begin(), sequence.elements.end(), may_be_left_out);
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The first place of the word in the text, as a whole word.
size_t find_word(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_word_byte(text[at - 1])) &&
        (end == text.size() || !is_word_byte(text[end]))) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Sequence SequenceBinder::bind(const ast::Sequence& match, bool has_window) {
  if (could_match_nothing(match)) {
    context_.diagnostics.error(match.span, "matches-nothing", "the pattern could match nothing",
                               "at least one element must be there in every match");
  }
  const ast::Element& first = match.elements.front();
  if (first.in) {
    context_.diagnostics.error(suffix_word(first, "in"), "nothing-before",
                               "'in' needs an event before it, and this element is the first",
                               "'within' bounds the whole match");
  }
  Sequence bound = bind_sequence(match);
  if (!has_window) check_end(bound);
  return bound;
}

// What must not come behind the last event needs a bound in time, wherever a match could end.
void SequenceBinder::check_end(const Sequence& sequence) {
  check_end(sequence.trailing);
  for (auto element = sequence.elements.rbegin(); element != sequence.elements.rend(); ++element) {
    for (const Sequence& part : element->alternatives) check_end(part);
    if (element->minimum > 0) return;
    if (std::next(element) != sequence.elements.rend()) check_end(element->negations);
  }
}

void SequenceBinder::check_end(const std::vector<Negation>& negations) {
  for (const Negation& negation : negations) {
    if (negation.next || negation.duration) continue;
    context_.diagnostics.error(negation.span, "needs-window",
                               "a match can end here, and nothing says how long to wait for the "
                               "event that must not come",
                               "add 'within DURATION', or write 'then not x: ... for DURATION'");
  }
}

Sequence SequenceBinder::bind_sequence(const ast::Sequence& sequence) {
  Sequence bound;
  for (const ast::Element& element : sequence.elements) {
    bound.elements.push_back(bind_element(element));
  }
  bound.trailing = bind_negations(sequence.trailing, nullptr);
  return bound;
}

Element SequenceBinder::bind_element(const ast::Element& element) {
  Element bound;
  bound.negations = bind_negations(element.negations, &element);
  bound.connector = element.connector;
  bound.in = element.in;
  bound.span = element.span;
  const TypeSet before = scope_.previous;
  if (is_loop(element)) {  // an earlier round may have bound everything in it
    set_bound(element);
    scope_.previous.add(last_types(element));
  }
  if (element.kind == ast::ElementKind::kStep) {
    bind_step(element, bound);
  } else if (element.kind == ast::ElementKind::kGroup) {
    bind_group(element, bound);
  } else {
    bind_parts(element, bound);
  }
  bind_quantifier(element, bound);
  if (may_be_left_out(element)) scope_.previous.add(before);
  return bound;
}

void SequenceBinder::bind_step(const ast::Element& element, Element& bound) {
  bound.kind = ElementKind::kStep;
  bound.step = bind_test(element.step);
  set_bound(bound.step.variable);
  scope_.previous = {};
  scope_.previous.add(steps_[element.step].type);
}

std::optional<Expr> SequenceBinder::bind_condition(const ast::StepText& step) {
  if (!step.condition) return std::nullopt;
  const StepEntry& entry = steps_[step];
  Place place;
  place.tested = entry.type;
  place.own = entry.variable;
  std::optional<Expr> condition = checker_.condition(*step.condition, place);
  if (condition && is_true_literal(*condition)) return std::nullopt;
  return condition;
}

void SequenceBinder::bind_group(const ast::Element& element, Element& bound) {
  bound.kind = ElementKind::kGroup;
  const TypeSet before = scope_.previous;
  const size_t trail = trail_.size();
  TypeSet after;
  std::vector<uint32_t> others;  // bound by the alternatives already seen
  for (const ast::Sequence& alternative : element.alternatives) {
    if (could_match_nothing(alternative)) {
      context_.diagnostics.error(alternative.span, "matches-nothing",
                                 "the group could match nothing",
                                 "write (a b?)?, not (a? b?): one element must be there, and the "
                                 "whole group may be optional");
    }
    scope_.previous = before;
    bound.alternatives.push_back(bind_sequence(alternative));
    after.add(scope_.previous);
    const std::vector<uint32_t> own = unbind_since(trail);
    others.insert(others.end(), own.begin(), own.end());
  }
  for (const uint32_t variable : others) set_bound(variable);
  scope_.previous = std::move(after);
}

// ( a & b & c ): any of them may come before any other.
void SequenceBinder::bind_parts(const ast::Element& element, Element& bound) {
  bound.kind = ElementKind::kAll;
  if (element.alternatives.size() > kMaxParts) {
    context_.diagnostics.error(element.span, "too-many",
                               "'&' joins " + std::to_string(element.alternatives.size()) +
                                   " parts; the limit is " + std::to_string(kMaxParts),
                               "use fewer parts, or a loop with conditions on its count");
  }
  set_bound(element);
  const TypeSet before = scope_.previous;
  const TypeSet last = last_types(element);
  for (const ast::Sequence& part : element.alternatives) {
    if (could_match_nothing(part)) {
      context_.diagnostics.error(part.span, "matches-nothing", "a part of '&' could match nothing",
                                 "leave out its '?' or '*'");
    }
    scope_.previous = before;
    scope_.previous.add(last);
    bound.alternatives.push_back(bind_sequence(part));
  }
  scope_.previous = last;
}

std::vector<Negation> SequenceBinder::bind_negations(
    const std::vector<ast::NegationText>& negations, const ast::Element* behind) {
  std::vector<Negation> bound;
  for (const ast::NegationText& text : negations) {
    // The look-back sees the step behind it, too.
    const bool looks_back = text.duration && behind != nullptr && scope_.previous.empty();
    const size_t trail = trail_.size();
    if (looks_back) set_bound(*behind);
    Negation negation;
    negation.step = bind_test(text.step);
    negation.next = text.next;
    negation.duration = text.duration;
    negation.span = text.span;
    bound.push_back(std::move(negation));
    unbind_since(trail);
  }
  return bound;
}

Step SequenceBinder::bind_test(const ast::StepText& text) {
  const StepEntry& entry = steps_[text];
  Step step;
  step.variable = entry.variable;
  step.type = entry.type.value_or(0);
  step.condition = bind_condition(text);
  step.span = text.span;
  return step;
}

void SequenceBinder::bind_quantifier(const ast::Element& element, Element& bound) {
  if (!element.quantifier) {
    bind_loop_suffixes(element, bound);
    return;
  }
  const ast::Quantifier& quantifier = *element.quantifier;
  if (!check_quantifier(quantifier)) return;
  bound.minimum = quantifier.minimum;
  bound.maximum = quantifier.maximum;
  bound.reluctant = quantifier.reluctant;
  bind_loop_suffixes(element, bound);
}

bool SequenceBinder::check_quantifier(const ast::Quantifier& quantifier) {
  const std::string text = in_quotes(context_.source.text(quantifier.span));
  const std::string minimum = std::to_string(quantifier.minimum);
  const auto refuse = [&](const std::string& message, std::string help) {
    context_.diagnostics.error(quantifier.span, "bad-quantifier", message, std::move(help));
    return false;
  };
  if (quantifier.maximum == 0U) {
    return refuse(text + " asks for no event at all",
                  "leave the element out; what must not happen is written 'then not x: ...'");
  }
  if (quantifier.maximum && *quantifier.maximum < quantifier.minimum) {
    return refuse(text + " has its bounds the wrong way round",
                  "write {" + std::to_string(*quantifier.maximum) + "," + minimum + "}");
  }
  if (quantifier.minimum > kMaxRounds || quantifier.maximum.value_or(0) > kMaxRounds) {
    return refuse(text + " is above the limit of 1000000 rounds",
                  "write {n,} for a loop without an upper bound");
  }
  if (quantifier.reluctant && quantifier.maximum == quantifier.minimum) {
    return refuse(text + " has a fixed number of rounds, so there is no fewer to prefer",
                  "write (e{" + minimum + "})? for an optional element");
  }
  return true;
}

void SequenceBinder::bind_loop_suffixes(const ast::Element& element, Element& bound) {
  const bool loop = is_loop(element);
  if (element.loop_contiguity) {
    bound.loop = *element.loop_contiguity;
    if (!loop) needs_loop(element, bound.loop == Contiguity::kStrict ? "strict" : "any");
  }
  if (element.longest) {
    check_longest(element, loop);
    bound.longest = true;
  }
  if (element.until) {
    if (!loop) needs_loop(element, "until");
    bind_until(element, bound);
  }
}

void SequenceBinder::check_longest(const ast::Element& element, bool is_loop) {
  const Span word = suffix_word(element, "longest");
  if (!is_loop) {
    needs_loop(element, "longest");
  } else if (element.quantifier->reluctant) {
    context_.diagnostics.error(word, "bad-quantifier",
                               "'longest' contradicts the second '?', which prefers fewer rounds",
                               "write one of the two");
  } else if (element.kind != ast::ElementKind::kStep) {
    context_.diagnostics.error(word, "bad-quantifier", "'longest' is for a loop over one step",
                               "write it behind a step's own quantifier");
  }
}

// Any event that the loop could bind may end it: one test for each of their types.
void SequenceBinder::bind_until(const ast::Element& element, Element& bound) {
  TypeSet types;
  add_types(element, types);
  if (types.unknown) return;
  for (const TypeId type : types.types) {
    Place place;
    place.tested = type;
    Step step;
    step.type = type;
    step.span = element.until->span;
    step.condition = checker_.condition(*element.until, place);
    if (!step.condition) return;
    bound.until.push_back(std::move(step));
  }
}

void SequenceBinder::add_types(const ast::Element& element, TypeSet& types) const {
  if (element.kind == ast::ElementKind::kStep) {
    types.add(steps_[element.step].type);
    return;
  }
  for (const ast::Sequence& part : element.alternatives) {
    for (const ast::Element& inner : part.elements) add_types(inner, types);
  }
}

void SequenceBinder::needs_loop(const ast::Element& element, std::string_view suffix) {
  std::string help = "put a quantifier such as '+' or '{2,}' before it";
  if (suffix == "strict") help += "; between two elements write 'a next b'";
  if (suffix == "any") help += "; between two elements write 'a then any b'";
  context_.diagnostics.error(
      suffix_word(element, suffix), "needs-loop",
      in_quotes(suffix) + " needs a loop, an element that may come more than once",
      std::move(help));
}

Span SequenceBinder::suffix_word(const ast::Element& element, std::string_view word) const {
  std::string text(context_.source.text(element.suffix_span));
  if (element.until) {  // its condition may hold the same word
    const uint32_t begin = element.until->span.begin - element.suffix_span.begin;
    const uint32_t end = element.until->span.end - element.suffix_span.begin;
    std::fill(text.begin() + begin, text.begin() + end, ' ');
  }
  const size_t at = find_word(text, word);
  if (at == std::string::npos) return element.suffix_span;
  const uint32_t begin = element.suffix_span.begin + static_cast<uint32_t>(at);
  return {begin, begin + static_cast<uint32_t>(word.size())};
}

TypeSet SequenceBinder::last_types(const ast::Element& element) const {
  TypeSet last;
  if (element.kind == ast::ElementKind::kStep) {
    last.add(steps_[element.step].type);
  } else {
    for (const ast::Sequence& part : element.alternatives) last.add(last_types(part));
  }
  return last;
}

TypeSet SequenceBinder::last_types(const ast::Sequence& sequence) const {
  TypeSet last;
  for (auto element = sequence.elements.rbegin(); element != sequence.elements.rend(); ++element) {
    last.add(last_types(*element));
    if (!may_be_left_out(*element)) break;
  }
  return last;
}

void SequenceBinder::set_bound(const ast::Element& element) {
  if (element.kind == ast::ElementKind::kStep) {
    set_bound(steps_[element.step].variable);
    return;
  }
  for (const ast::Sequence& part : element.alternatives) {
    for (const ast::Element& inner : part.elements) set_bound(inner);
  }
}

void SequenceBinder::set_bound(uint32_t variable) {
  if (scope_.bound[variable]) return;
  scope_.bound[variable] = true;
  trail_.push_back(variable);
}

std::vector<uint32_t> SequenceBinder::unbind_since(size_t trail) {
  std::vector<uint32_t> taken(trail_.begin() + static_cast<std::ptrdiff_t>(trail), trail_.end());
  trail_.resize(trail);
  for (const uint32_t variable : taken) scope_.bound[variable] = false;
  return taken;
}

}  // namespace tocsin::patterns
