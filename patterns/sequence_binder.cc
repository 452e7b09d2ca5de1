#include "patterns/sequence_binder.h"

#include <algorithm>
#include <utility>

#include "patterns/fold.h"

namespace tocsin::patterns {
namespace {

constexpr uint32_t kMaxRounds = 1'000'000;

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

Sequence SequenceBinder::bind(const ast::Sequence& match) {
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
  return bind_sequence(match);
}

Sequence SequenceBinder::bind_sequence(const ast::Sequence& sequence) {
  Sequence bound;
  for (const ast::Element& element : sequence.elements) bound.push_back(bind_element(element));
  bind_negations(sequence.trailing, nullptr);
  return bound;
}

Element SequenceBinder::bind_element(const ast::Element& element) {
  bind_negations(element.negations, &element);
  Element bound;
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
  const StepEntry& entry = steps_[element.step];
  bound.kind = ElementKind::kStep;
  bound.step.variable = entry.variable;
  bound.step.type = entry.type.value_or(0);
  bound.step.condition = bind_condition(element.step);
  bound.step.span = element.step.span;
  set_bound(entry.variable);
  scope_.previous = {};
  scope_.previous.add(entry.type);
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
  if (element.alternatives.size() > 1) context_.not_supported(element.span, "alternation '|'");
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
    Sequence body = bind_sequence(alternative);
    after.add(scope_.previous);
    if (bound.body.empty()) bound.body = std::move(body);
    const std::vector<uint32_t> own = unbind_since(trail);
    others.insert(others.end(), own.begin(), own.end());
  }
  for (const uint32_t variable : others) set_bound(variable);
  scope_.previous = std::move(after);
}

// ( a & b & c ): any of them may come before any other.
void SequenceBinder::bind_parts(const ast::Element& element, Element& bound) {
  bound.kind = ElementKind::kGroup;
  context_.not_supported(element.span, "'&'");
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
    Sequence body = bind_sequence(part);
    if (bound.body.empty()) bound.body = std::move(body);
  }
  scope_.previous = last;
}

void SequenceBinder::bind_negations(const std::vector<ast::NegationText>& negations,
                                    const ast::Element* behind) {
  for (const ast::NegationText& negation : negations) {
    context_.not_supported(negation.span, "a negation ('not')");
    // The look-back sees the step behind it, too.
    const bool looks_back = negation.duration && behind != nullptr && scope_.previous.empty();
    const size_t trail = trail_.size();
    if (looks_back) set_bound(*behind);
    static_cast<void>(bind_condition(negation.step));
    unbind_since(trail);
  }
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
  bind_loop_suffixes(element, bound);
}

bool SequenceBinder::check_quantifier(const ast::Quantifier& quantifier) {
  const std::string text = quoted(context_.source.text(quantifier.span));
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
  if (quantifier.reluctant) {
    context_.not_supported(quantifier.span, "the reluctant quantifier " + text);
  }
  return true;
}

void SequenceBinder::bind_loop_suffixes(const ast::Element& element, Element& bound) {
  const bool loop = is_loop(element);
  if (element.loop_contiguity) {
    bound.loop = *element.loop_contiguity;
    if (!loop) needs_loop(element, bound.loop == Contiguity::kStrict ? "strict" : "any");
  }
  if (element.longest) check_longest(element, loop);
  if (element.until) {
    if (!loop) {
      needs_loop(element, "until");
    } else {
      context_.not_supported(suffix_word(element, "until"), "'until'");
    }
    check_until(element);
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
  } else {
    context_.not_supported(word, "'longest'");
  }
}

void SequenceBinder::check_until(const ast::Element& element) {
  Place place;
  if (element.kind == ast::ElementKind::kStep) {
    place.tested = steps_[element.step].type;
  } else if (steps_.inputs().types.size() == 1) {
    place.tested = steps_.inputs().types[0];
  }
  static_cast<void>(checker_.condition(*element.until, place));
}

void SequenceBinder::needs_loop(const ast::Element& element, std::string_view suffix) {
  std::string help = "put a quantifier such as '+' or '{2,}' before it";
  if (suffix == "strict") help += "; between two elements write 'a next b'";
  if (suffix == "any") help += "; between two elements write 'a then any b'";
  context_.diagnostics.error(
      suffix_word(element, suffix), "needs-loop",
      quoted(suffix) + " needs a loop, an element that may come more than once", std::move(help));
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
