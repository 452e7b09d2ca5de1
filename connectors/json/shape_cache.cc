#include "connectors/json/shape_cache.h"

#include <algorithm>
#include <cstring>

namespace tocsin::connectors {
namespace {

// The key as eight bytes; decoders may read that far (kPaddingBytes).
uint64_t load_head(const char* bytes) {
  uint64_t head = 0;
  std::memcpy(&head, bytes, sizeof(head));
  return head;
}

bool starts_with(const char* bytes, std::string_view wanted) {
  return std::memcmp(bytes, wanted.data(), wanted.size()) == 0;
}

}  // namespace

// The bytes of a key with both quotes are a whole token: a quote inside would be escaped.
bool ShapeCache::follows(const Edge& edge, const JsonRecord& record, uint32_t token) {
  const uint32_t at = record.tokens[token];
  const char* const bytes = record.data + at;
  if (((load_head(bytes) ^ edge.head) & edge.mask) != 0 || at >= record.end) return false;
  const size_t size = edge.key.size();
  if (size > sizeof(uint64_t) && (record.end - at < size || !starts_with(bytes, edge.key))) {
    return false;
  }
  if (edge.demand == Demand::kNothing && edge.type_value.empty()) return true;
  const uint32_t value = record.tokens[token + 2];
  if (value >= record.end) return false;
  if (edge.demand != Demand::kNothing &&
      (record.data[value] == '{') != (edge.demand == Demand::kObject)) {
    return false;
  }
  return edge.type_value.empty() || (record.end - value >= edge.type_value.size() &&
                                     starts_with(record.data + value, edge.type_value));
}

uint32_t ShapeCache::find_edge(State& state, const JsonRecord& record, uint32_t token) {
  for (size_t i = 0; i < state.edges.size(); ++i) {
    if (!follows(state.edges[i], record, token)) continue;
    if (i > 0) std::swap(state.edges[i], state.edges[i - 1]);  // the frequent ones move forward
    return static_cast<uint32_t>(i > 0 ? i - 1 : 0);
  }
  return kNone;
}

const Shape* ShapeCache::match(const JsonRecord& record, JsonWalker& walker) {
  values_.clear();
  uint32_t token = 1;  // behind the brace that begins the record
  uint32_t state = 0;
  int depth = 1;
  bool first = true;  // no key of this object has been read
  // Tokens ascend, so the record is only left together with the last brace, which is tested.
  while (true) {
    State& here = states_[state];
    char c = record.first(token);
    if (c == '}') {
      ++token;
      if (--depth == 0) {
        const bool whole =
            record.tokens[token - 1] < record.end && record.tokens[token] >= record.end;
        return whole && here.shape != kNone ? &shapes_[here.shape] : nullptr;
      }
      if (here.end == kNone) return nullptr;
      state = here.end;
      first = false;
      continue;
    }
    if (!first) {
      if (c != ',') return nullptr;
      c = record.first(++token);
    }
    if (c != '"') return nullptr;
    const uint32_t found = find_edge(here, record, token);
    if (found == kNone || record.first(token + 1) != ':') return nullptr;
    const Edge& edge = here.edges[found];
    token += 2;
    values_.push_back(token);
    state = edge.next;
    first = edge.demand == Demand::kObject;
    const char value = record.first(token);
    if (first) {
      ++depth;
      ++token;
    } else if (value == '{' || value == '[') {
      if (!walker.skip(token, depth + 1)) return nullptr;
    } else {
      ++token;
    }
  }
}

ShapeCache::Edge ShapeCache::edge_of(const JsonRecord& record, const JsonStep& step, bool is_type) {
  Edge edge;
  edge.key = step.raw_key;
  const size_t size = std::min(edge.key.size(), sizeof(uint64_t));
  std::memcpy(&edge.head, edge.key.data(), size);
  std::memset(&edge.mask, 0xFF, size);
  if (step.on_path) edge.demand = step.entered ? Demand::kObject : Demand::kNoObject;
  if (is_type) edge.type_value = record.text(step.token);
  return edge;
}

uint32_t ShapeCache::add_edge(uint32_t state, Edge edge) {
  std::vector<Edge>& edges = states_[state].edges;
  const auto same = [&](const Edge& other) {
    return other.key == edge.key && other.demand == edge.demand &&
           other.type_value == edge.type_value;
  };
  const auto known = std::find_if(edges.begin(), edges.end(), same);
  if (known != edges.end()) return known->next;
  if (edges.size() >= kMaxEdges) return kNone;
  edge.next = static_cast<uint32_t>(states_.size());
  const uint32_t next = edge.next;
  edges.push_back(std::move(edge));
  states_.emplace_back();
  return next;
}

void ShapeCache::learn(const JsonRecord& record, const std::vector<JsonStep>& steps,
                       uint32_t type_step, Shape shape) {
  if (steps.size() > kMaxStates / 8) return;
  if (states_.size() + steps.size() > kMaxStates) {  // begin anew with what comes now
    states_.assign(1, {});
    shapes_.clear();
  }
  uint32_t state = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].token != JsonStep::kEnd) {
      state = add_edge(state, edge_of(record, steps[i], i == type_step));
      if (state == kNone) return;
      continue;
    }
    if (i + 1 == steps.size()) break;  // the end of the record
    if (states_[state].end == kNone) {
      states_[state].end = static_cast<uint32_t>(states_.size());
      states_.emplace_back();
    }
    state = states_[state].end;
  }
  if (states_[state].shape != kNone) return;
  states_[state].shape = static_cast<uint32_t>(shapes_.size());
  shapes_.push_back(std::move(shape));
}

}  // namespace tocsin::connectors
