// A pattern with the declarations that it stands on, as one canonical text: what it says, apart
// from layout, comments and what else is declared. Saved state holds it, so that what has begun can
// be finished when the files say something else. Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/ast.h"
#include "patterns/front_end.h"

namespace tocsin::patterns {

// What stands for a list's values, given the path that its file was read from: where the same is
// given to a ReadFile, it must find the same values.
using NameList = std::function<std::string(const std::string& path)>;

// One text for each pattern of a set that was loaded without errors, in its order: the event types
// that it uses by name, its lists by name, the pattern.
std::vector<std::string> own_texts(const Loaded& loaded, const NameList& name_list);

// The lists that stand in such a text, by what NameList said of them.
std::vector<std::string> lists_of(const std::string& text);

// Makes the pattern of such a text one that can stand beside the declarations of today: without its
// event types, which are those of today, its lists and itself under a name that no text can have.
void set_aside(ast::File& file, const std::string& mark);

}  // namespace tocsin::patterns
