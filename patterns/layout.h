// Pieces of text with places where a line may break, laid out to a width; and the comments of a
// source put back between them.
//
// After Oppen, "Prettyprinting", ACM TOPLAS 1980: a group that does not fit on its line breaks at
// all of its lines. We add comments: each stands before the first piece that stood behind it in the
// source, at the end of a line, on a line of its own, or inside of one, as it was written. So the
// layout depends on the pieces and on the places of comments only, and laying out the result again
// gives the same. Tested by tests/unit/patterns/printer_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/ast.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

class Layout {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  // `anchor` is where the piece stood in the source: comments before that stand before it.
  void text(std::string text, uint32_t anchor = kNowhere);
  // The first piece of a declaration: keeps a blank line between itself and a comment above.
  void declaration(std::string text, uint32_t anchor);

  // Comments before this place stand here, as far as no piece before has taken them.
  void comments(uint32_t anchor) {
    add(Kind::kComments);
    pieces_.back().anchor = anchor;
  }

  void space() { add(Kind::kSpace, 1); }
  // One blank on one line; `blanks` of them where the group is broken.
  void pad(size_t blanks) { add(Kind::kPad, blanks); }
  // A blank, or a line end where the group is broken.
  void line() { add(Kind::kLine); }
  // A blank, or a line end where what follows up to the next place to break does not fit.
  void fill() { add(Kind::kFill); }
  void new_line() { add(Kind::kNewLine); }
  void blank_line() { add(Kind::kBlankLine); }

  void open() { add(Kind::kOpen); }
  void close() { add(Kind::kClose); }
  // Lines up to the matching outdent() begin at this column, or at the column of the next piece.
  void indent_to(size_t column) { add(Kind::kIndent, column); }
  void align() { add(Kind::kAlign); }
  void outdent() { add(Kind::kOutdent); }

  // Lines are at most `width` code points long where they can be broken. Ends with a line end
  // unless there is nothing.
  std::string render(size_t width) const;
  std::string render(size_t width, const std::vector<ast::Comment>& comments,
                     const SourceFile& source) const;

 private:
  friend class LayoutWriter;

  enum class Kind : uint8_t {
    kText,
    kComments,
    kSpace,
    kPad,
    kLine,
    kFill,
    kNewLine,
    kBlankLine,
    kOpen,
    kClose,
    kIndent,
    kAlign,
    kOutdent,
  };
  struct Piece {
    Kind kind;
    bool declaration = false;
    uint32_t anchor = kNowhere;
    size_t amount = 0;  // blanks or column; of a text its width
    std::string text;
  };

  void add(Kind kind, size_t amount = 0) { pieces_.push_back({kind, false, kNowhere, amount, {}}); }

  std::vector<Piece> pieces_;
};

// The code points of valid UTF-8.
size_t width_of(std::string_view text);

}  // namespace tocsin::patterns
