// The shapes of records met so far: their keys in order, nested objects on declared paths included.
// A record that follows a known shape needs no look-up of names, and cannot hold a key twice.
//
// A shape is the bytes between its scalars, from the end of one to the colon before the next, as
// they are written: `,"amount":`, or `"},"ip":` without the quote. Bytes that begin where a token
// begins and are the same fall into the same tokens, so that one comparison proves them all. Shapes
// share their beginnings: they form a tree, so that optional fields and several event types in one
// input find their way, too. The edge that tells the event type also demands its value. Nothing in
// the cache changes what a record means: what matches no shape is walked in full (JsonWalker), and
// teaches the cache if it is accepted.
//
// The idea of guessing the next key from the record before is that of Li et al., "Mison: A Fast
// JSON Parser for Data Analytics", PVLDB 10, 2017.
//
// Tested by tests/unit/connectors/json_property_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "connectors/json/json_walker.h"
#include "eventtime/schema.h"

namespace tocsin::connectors {

// What a record of a known shape holds. Values are counted in the order of the record; objects that
// declared paths lead into are none.
struct Shape {
  static constexpr uint32_t kMissing = UINT32_MAX;

  eventtime::TypeId type = 0;
  std::vector<uint32_t> fields;  // for each field of the type, the value it reads
  std::vector<uint32_t> others;  // values that no field reads
};

class ShapeCache {
 public:
  // The record's shape, nothing if it is not known. Then `values()` holds the token of each value,
  // everything but scalars has been checked, and `end()` is the first token behind the record.
  const Shape* match(const JsonRecord& record, JsonWalker& walker);
  const uint32_t* values() const { return values_.data(); }
  uint32_t end() const { return end_; }

  // `type_step`: the step whose value names the type, or JsonStep::kEnd.
  void learn(const JsonRecord& record, const std::vector<JsonStep>& steps, uint32_t type_step,
             Shape shape);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kRoot = 0;
  static constexpr size_t kMaxEdges = 8192;
  static constexpr size_t kMaxSiblings = 64;  // they are tried one by one

  // What stands behind the bytes of an edge.
  enum class Behind : uint8_t { kValue, kNoObject, kKnownValue, kNothing };

  struct alignas(16) Chunk {  // as one comparison takes it
    std::array<char, 16> bytes{};
    uint32_t wanted = 0;  // which of them count: the first ones, by bit
  };
  static constexpr size_t kChunkBytes = sizeof(Chunk::bytes);

  struct Edge {
    Chunk chunk;             // of the bytes
    uint32_t size = 0;       // how many they are
    uint32_t more = 0;       // where in chunks_ the others are
    uint32_t child = kNone;  // what may follow
    uint32_t sibling = kNone;
    uint32_t shape = kNone;  // of a record that ends here
    uint16_t tokens = 0;
    uint16_t depth = 0;  // of an object or array behind it
    Behind behind = Behind::kValue;
  };

  static bool same(const Chunk& chunk, const char* bytes);
  static bool same_bytes(const Edge& edge, const Chunk* chunks, const JsonRecord& record,
                         uint32_t at);
  static bool fits(const Edge& edge, const JsonRecord& record, uint32_t token);
  template <typename IsIt>
  uint32_t find_other(uint32_t parent, const IsIt& is_it);
  uint32_t move_forward(uint32_t parent, uint32_t before, uint32_t edge);
  // The child of `parent` that is this edge, added where it is new; kNone if there are too many.
  uint32_t add(uint32_t parent, Edge edge, std::string_view bytes);

  std::vector<Edge> edges_ = std::vector<Edge>(1);
  std::vector<Chunk> chunks_;
  std::vector<Shape> shapes_;
  std::vector<uint32_t> values_;  // as many as the longest shape has
  uint32_t end_ = 0;
};

}  // namespace tocsin::connectors
