// The shapes of records met so far: their keys in order, nested objects on declared paths included.
// A record that follows a known shape needs no look-up of names, and cannot hold a key twice.
//
// Shapes share their beginnings: they form a tree whose edges are keys as they are written, so that
// optional fields and several event types in one input find their way, too. The edge that tells the
// event type also demands its value. Nothing in the cache changes what a record means: what matches
// no shape is walked in full (JsonWalker), and teaches the cache if it is accepted.
//
// The idea of guessing the next key from the record before is that of Li et al., "Mison: A Fast
// JSON Parser for Data Analytics", PVLDB 10, 2017.
//
// Tested by tests/unit/connectors/json_property_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/json/json_walker.h"
#include "eventtime/schema.h"

namespace tocsin::connectors {

// What a record of a known shape holds. Keys are counted in the order of the record.
struct Shape {
  static constexpr uint32_t kMissing = UINT32_MAX;

  eventtime::TypeId type = 0;
  std::vector<uint32_t> fields;  // for each field of the type, the key it reads
  std::vector<uint32_t> others;  // keys with scalars that no field reads
};

class ShapeCache {
 public:
  // The record's shape, nothing if it is not known. Then `values()` holds for each key the token of
  // its value, and everything but scalars has been checked.
  const Shape* match(const JsonRecord& record, JsonWalker& walker);
  const std::vector<uint32_t>& values() const { return values_; }

  // `type_step`: the step whose value names the type, or JsonStep::kEnd.
  void learn(const JsonRecord& record, const std::vector<JsonStep>& steps, uint32_t type_step,
             Shape shape);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kMaxStates = 8192;
  static constexpr size_t kMaxEdges = 64;  // of one state; they are tried one by one

  enum class Demand : uint8_t { kNothing, kObject, kNoObject };  // of the key's value

  struct Edge {
    uint64_t head = 0;  // the key's first eight bytes
    uint64_t mask = 0;
    uint32_t next = kNone;
    Demand demand = Demand::kNothing;
    std::string key;         // with its quotes
    std::string type_value;  // with its quotes; empty: any value
  };
  struct State {
    std::vector<Edge> edges;
    uint32_t end = kNone;    // the state behind the end of a nested object
    uint32_t shape = kNone;  // of a record that ends here
  };

  static bool follows(const Edge& edge, const JsonRecord& record, uint32_t token);
  uint32_t find_edge(State& state, const JsonRecord& record, uint32_t token);
  uint32_t add_edge(uint32_t state, Edge edge);
  static Edge edge_of(const JsonRecord& record, const JsonStep& step, bool is_type);

  std::vector<State> states_ = std::vector<State>(1);
  std::vector<Shape> shapes_;
  std::vector<uint32_t> values_;
};

}  // namespace tocsin::connectors
