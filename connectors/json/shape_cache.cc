#include "connectors/json/shape_cache.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "connectors/decoder.h"

namespace tocsin::connectors {
namespace {

bool begins_container(char c) {
  return (c | 0x20) == '{';  // '[' differs from '{' in that bit
}

}  // namespace

inline bool ShapeCache::same(const Chunk& chunk, const char* bytes) {
#if defined(__SSE2__)
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const __m128i equal = _mm_cmpeq_epi8(load(chunk.bytes.data()), load(bytes));
  return (chunk.wanted & ~static_cast<uint32_t>(_mm_movemask_epi8(equal))) == 0;
#else
  for (size_t i = 0; i < kChunkBytes; ++i) {
    if ((chunk.wanted >> i & 1) != 0 && chunk.bytes[i] != bytes[i]) return false;
  }
  return true;
#endif
}

inline bool ShapeCache::same_bytes(const Edge& edge, const Chunk* chunks, const JsonRecord& record,
                                   uint32_t at) {
  const char* bytes = record.data + at;
  if (!same(edge.chunk, bytes)) return false;
  if (edge.size <= kChunkBytes) return true;
  if (edge.size > kPaddingBytes && uint64_t{at} + edge.size > record.end) return false;
  const Chunk* chunk = chunks + edge.more;
  for (size_t done = kChunkBytes; done < edge.size; done += kChunkBytes, ++chunk) {
    if (!same(*chunk, bytes + done)) return false;
  }
  return true;
}

inline bool ShapeCache::fits(const Edge& edge, const JsonRecord& record, uint32_t token) {
  if (edge.behind == Behind::kNothing) {
    return uint64_t{record.tokens[token]} + edge.size <= record.end &&
           record.tokens[token + edge.tokens] >= record.end;
  }
  return edge.behind != Behind::kNoObject || record.first(token + edge.tokens) != '{';
}

// A child of `parent` behind the first one, which it is not, as `is_it(edge)` says.
template <typename IsIt>
inline uint32_t ShapeCache::find_other(uint32_t parent, const IsIt& is_it) {
  uint32_t before = edges_[parent].child;
  for (uint32_t i = edges_[before].sibling; i != kNone; before = i, i = edges_[i].sibling) {
    if (is_it(edges_[i])) return move_forward(parent, before, i);
  }
  return kNone;
}

// The last one that was followed is tried first.
uint32_t ShapeCache::move_forward(uint32_t parent, uint32_t before, uint32_t edge) {
  edges_[before].sibling = edges_[edge].sibling;
  edges_[edge].sibling = edges_[parent].child;
  edges_[parent].child = edge;
  return edge;
}

const Shape* ShapeCache::match(const JsonRecord& record, JsonWalker& walker) {
  uint32_t* value = values_.data();
  const Edge* const edges = edges_.data();
  const Chunk* const chunks = chunks_.data();
  uint32_t token = 0;
  uint32_t at = kRoot;
  while (true) {
    const uint32_t parent = at;
    const uint32_t begin = record.tokens[token];
    const auto is_it = [&](const Edge& edge) {
      return same_bytes(edge, chunks, record, begin) && fits(edge, record, token);
    };
    at = edges[parent].child;
    if (at == kNone || begin >= record.end) return nullptr;
    if (!is_it(edges[at])) at = find_other(parent, is_it);
    if (at == kNone) return nullptr;
    const Edge& edge = edges[at];
    token += edge.tokens;
    if (edge.behind == Behind::kNothing) {
      end_ = token;
      return &shapes_[edge.shape];
    }
    *value++ = token;
    if (!begins_container(record.first(token))) {
      ++token;
      continue;
    }
    walker.start(record);
    if (!walker.skip(token, edge.depth)) return nullptr;
  }
}

uint32_t ShapeCache::add(uint32_t parent, Edge edge, std::string_view bytes) {
  std::vector<Chunk> chunks((bytes.size() + kChunkBytes - 1) / kChunkBytes);
  for (Chunk& chunk : chunks) {
    const std::string_view part = bytes.substr(0, kChunkBytes);
    std::memcpy(chunk.bytes.data(), part.data(), part.size());
    chunk.wanted = (uint32_t{1} << part.size()) - 1;
    bytes.remove_prefix(part.size());
    edge.size += static_cast<uint32_t>(part.size());
  }
  const auto is_same = [&](const Edge& other) {
    return other.size == edge.size && other.behind == edge.behind &&
           other.chunk.bytes == chunks.front().bytes &&
           std::equal(
               chunks.begin() + 1, chunks.end(), chunks_.begin() + other.more,
               [](const Chunk& left, const Chunk& right) { return left.bytes == right.bytes; });
  };
  size_t siblings = 0;
  for (uint32_t i = edges_[parent].child; i != kNone; i = edges_[i].sibling, ++siblings) {
    if (is_same(edges_[i])) return i;
  }
  if (siblings >= kMaxSiblings) return kNone;
  edge.chunk = chunks.front();
  edge.more = static_cast<uint32_t>(chunks_.size());
  chunks_.insert(chunks_.end(), chunks.begin() + 1, chunks.end());
  edge.sibling = edges_[parent].child;
  const auto added = static_cast<uint32_t>(edges_.size());
  edges_[parent].child = added;
  edges_.push_back(edge);
  return added;
}

void ShapeCache::learn(const JsonRecord& record, const std::vector<JsonStep>& steps,
                       uint32_t type_step, Shape shape) {
  if (steps.size() > kMaxEdges / 8) return;
  if (edges_.size() + steps.size() > kMaxEdges) {  // begin anew with what comes now
    edges_.assign(1, {});
    chunks_.clear();
    shapes_.clear();
  }
  values_.resize(std::max(values_.size(), steps.size()));
  const auto bytes = [&](uint32_t from, uint32_t stop) {
    const uint32_t begin = record.tokens[from];
    return std::string_view(record.data + begin, stop - begin);
  };
  uint32_t at = kRoot;
  uint32_t from = 0;
  for (size_t i = 0; i < steps.size() && at != kNone; ++i) {
    const JsonStep& step = steps[i];
    if (!step.is_value()) continue;
    Edge edge;
    edge.tokens = static_cast<uint16_t>(step.token - from);
    edge.depth = static_cast<uint16_t>(step.depth + 1);
    uint32_t stop = record.tokens[step.token - 1] + 1;  // behind the colon
    if (i == type_step) {
      edge.behind = Behind::kKnownValue;
      stop = record.tokens[step.token] + static_cast<uint32_t>(record.text(step.token).size());
    } else if (step.on_path) {
      edge.behind = Behind::kNoObject;
    }
    at = add(at, edge, bytes(from, stop));
    from = step.after;
  }
  if (at == kNone) return;
  Edge last;
  last.behind = Behind::kNothing;
  uint32_t end = from;
  while (record.tokens[end] < record.end) ++end;
  last.tokens = static_cast<uint16_t>(end - from);
  last.shape = static_cast<uint32_t>(shapes_.size());
  at = add(at, last, bytes(from, record.tokens[end - 1] + 1));
  if (at != kNone && edges_[at].shape == shapes_.size()) shapes_.push_back(std::move(shape));
}

}  // namespace tocsin::connectors
