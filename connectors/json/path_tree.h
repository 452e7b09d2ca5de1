// Which nested objects declared paths lead into: "merchant.name" leads into "merchant".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::connectors {

class PathTree {
 public:
  using Node = int32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = -1;

  PathTree() : nodes_(1) {}

  void add(std::string_view path);
  // Where the object under `key` leads to, kNone if no path goes there.
  Node child(Node node, std::string_view key) const;

 private:
  struct Child {
    std::string key;
    Node node = kNone;
  };
  std::vector<std::vector<Child>> nodes_;
};

}  // namespace tocsin::connectors
