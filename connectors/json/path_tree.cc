#include "connectors/json/path_tree.h"

namespace tocsin::connectors {

void PathTree::add(std::string_view path) {
  Node node = kRoot;
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string_view key = path.substr(0, dot);
    Node next = child(node, key);
    if (next == kNone) {
      next = static_cast<Node>(nodes_.size());
      nodes_[static_cast<size_t>(node)].push_back({std::string(key), next});
      nodes_.emplace_back();
    }
    node = next;
    path.remove_prefix(dot + 1);
  }
}

PathTree::Node PathTree::child(Node node, std::string_view key) const {
  for (const Child& child : nodes_[static_cast<size_t>(node)]) {
    if (child.key == key) return child.node;
  }
  return kNone;
}

}  // namespace tocsin::connectors
