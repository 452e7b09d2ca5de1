// Tested by tests/unit/eventtime/give_back_test.cc.
#pragma once

namespace tocsin::eventtime {

// Empties a container and gives its memory back, which assigning `{}` does not do: that is the
// assignment of an empty list, and keeps the memory for more.
template <typename Container>
void give_back(Container& container) {
  Container().swap(container);
}

}  // namespace tocsin::eventtime
