#include "patterns/layout.h"

#include <algorithm>
#include <limits>

#include "eventtime/check.h"

namespace tocsin::patterns {
namespace {

constexpr size_t kNever = std::numeric_limits<size_t>::max() / 4;
// Further to the right nothing is aligned: a long name must not push all lines behind it.
constexpr size_t kMaxAlignColumn = 60;
constexpr size_t kMaxAlignedLine = 100;
constexpr size_t kIndentStep = 4;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

enum class Place : uint8_t { kInside, kLineEnd, kOwnLine };

// Comments with nothing but blanks of one line between them.
struct CommentText {
  std::string text;
  uint32_t begin = 0;
  Place place = Place::kOwnLine;
  bool blank_before = false;  // an empty line stands above
};

// Whether an empty line ends at `at`, blanks aside.
bool blank_line_before(std::string_view source, size_t at) {
  size_t line_ends = 0;
  while (at > 0 && (is_blank(source[at - 1]) || source[at - 1] == '\n')) {
    if (source[--at] == '\n') ++line_ends;
  }
  return line_ends >= 2;
}

// Lines without blanks at their ends.
std::string tidy(std::string_view comment) {
  std::string out;
  for (char c : comment) {
    if (c == '\n') {
      while (!out.empty() && is_blank(out.back())) out.pop_back();
    }
    out += c;
  }
  return out;
}

std::vector<CommentText> read_comments(const std::vector<ast::Comment>& comments,
                                       const SourceFile& source) {
  const std::string_view text = source.text();
  std::vector<CommentText> out;
  for (size_t i = 0; i < comments.size();) {
    CommentText unit;
    unit.begin = comments[i].span.begin;
    unit.blank_before = blank_line_before(text, unit.begin);
    size_t next = unit.begin;
    while (i < comments.size() && comments[i].span.begin == next) {
      if (!unit.text.empty()) unit.text += ' ';
      unit.text += tidy(source.text(comments[i].span));
      next = comments[i].span.end;
      while (next < text.size() && is_blank(text[next])) ++next;
      ++i;
    }
    size_t before = unit.begin;
    while (before > 0 && is_blank(text[before - 1])) --before;
    // A byte order mark is no text before a comment.
    const bool begins =
        before == 0 || text[before - 1] == '\n' || text.substr(0, before) == "\xEF\xBB\xBF";
    const bool ends = next == text.size() || text[next] == '\n';
    if (unit.text.find('\n') == std::string::npos && !(begins && ends)) {
      unit.place = ends ? Place::kLineEnd : Place::kInside;
    }
    out.push_back(std::move(unit));
  }
  return out;
}

}  // namespace

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void Layout::text(std::string text, uint32_t anchor) {
  const size_t width = width_of(text);
  pieces_.push_back({Kind::kText, false, anchor, width, std::move(text)});
}

void Layout::declaration(std::string piece, uint32_t anchor) {
  text(std::move(piece), anchor);
  pieces_.back().declaration = true;
}

class LayoutWriter {
 public:
  LayoutWriter(const std::vector<Layout::Piece>& pieces, size_t width,
               std::vector<CommentText> comments, std::string_view source)
      : pieces_(pieces), width_(width), comments_(std::move(comments)), source_(source) {
    place_comments();
    measure();
  }

  std::string write();

 private:
  using Kind = Layout::Kind;
  enum class Pending : uint8_t { kNothing, kBlanks, kNewLine, kBlankLine };
  struct Line {
    std::string text;
    std::string comment;
    size_t width = 0;
  };

  void place_comments();
  void measure();
  void write_piece(size_t index);
  void write_text(const Layout::Piece& piece, size_t index);
  void write_comments(size_t index);
  void write_comment(const CommentText& comment);
  void put(std::string_view text);
  void begin_line();
  size_t column() const;
  bool fits(size_t index, size_t width) const;
  std::string join();

  const std::vector<Layout::Piece>& pieces_;
  size_t width_;
  std::vector<CommentText> comments_;
  std::string_view source_;
  std::vector<size_t> comments_before_;  // by piece: how many comments stand before it
  std::vector<size_t> flat_;             // by kOpen: width on one line, kNever if it cannot be
  std::vector<size_t> close_;            // by kOpen: its kClose

  std::vector<Line> lines_;
  std::vector<size_t> indents_ = {0};
  std::vector<bool> broken_ = {true};
  size_t next_comment_ = 0;
  Pending pending_ = Pending::kNothing;
  size_t blanks_ = 0;
  bool closed_ = true;  // nothing may follow on the last line
};

void LayoutWriter::place_comments() {
  comments_before_.resize(pieces_.size());
  size_t next = 0;
  std::vector<CommentText> placed;
  // Puts the comments up to `end` into one gap between pieces.
  const auto place = [&](size_t end, bool last) {
    const size_t first = placed.size();
    for (; next < end; ++next) {
      CommentText& comment = comments_[next];
      const bool follows = placed.size() > first && placed.back().place == Place::kInside;
      if (follows && comment.place == Place::kLineEnd) {
        // What stood between them now stands before both.
        placed.back().text += ' ' + comment.text;
        placed.back().place = Place::kLineEnd;
        continue;
      }
      if (follows && comment.place == Place::kOwnLine) placed.back().place = Place::kLineEnd;
      placed.push_back(std::move(comment));
    }
    if (last && placed.size() > first && placed.back().place == Place::kInside) {
      placed.back().place = Place::kLineEnd;
    }
    return placed.size() - first;
  };
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].anchor == Layout::kNowhere) continue;
    size_t end = next;
    while (end < comments_.size() && comments_[end].begin < pieces_[i].anchor) ++end;
    comments_before_[i] = place(end, pieces_[i].kind == Kind::kComments);
  }
  place(comments_.size(), true);
  comments_ = std::move(placed);
}

void LayoutWriter::measure() {
  flat_.resize(pieces_.size());
  close_.resize(pieces_.size());
  std::vector<size_t> open;
  std::vector<size_t> starts;
  size_t total = 0;
  size_t comment = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    for (size_t n = comments_before_[i]; n > 0; --n, ++comment) {
      if (comments_[comment].place == Place::kInside) {
        total += width_of(comments_[comment].text) + 1;
      } else {
        for (const size_t group : open) flat_[group] = kNever;
      }
    }
    switch (pieces_[i].kind) {
      case Kind::kText:
        total += pieces_[i].amount;
        break;
      case Kind::kSpace:
      case Kind::kPad:
      case Kind::kLine:
      case Kind::kFill:
        ++total;
        break;
      case Kind::kNewLine:
      case Kind::kBlankLine:
        for (const size_t group : open) flat_[group] = kNever;
        break;
      case Kind::kOpen:
        open.push_back(i);
        starts.push_back(total);
        break;
      case Kind::kClose:
        if (flat_[open.back()] != kNever) flat_[open.back()] = total - starts.back();
        close_[open.back()] = i;
        open.pop_back();
        starts.pop_back();
        break;
      default:
        break;
    }
  }
  TOCSIN_CHECK(open.empty(), "each group is closed");
}

// Whether `width` and what is stuck to it behind piece `index` fit on the line.
bool LayoutWriter::fits(size_t index, size_t width) const {
  size_t end = column() + width;
  for (size_t i = index + 1; i < pieces_.size() && end <= width_; ++i) {
    switch (pieces_[i].kind) {
      case Kind::kText:
        end += pieces_[i].amount;
        break;
      case Kind::kSpace:
      case Kind::kPad:
        ++end;
        break;
      case Kind::kLine:
      case Kind::kFill:
      case Kind::kNewLine:
      case Kind::kBlankLine:
        return true;
      default:
        break;
    }
  }
  return end <= width_;
}

// Where the next piece will stand.
size_t LayoutWriter::column() const {
  if (closed_ || pending_ >= Pending::kNewLine) return indents_.back();
  return lines_.back().width + (pending_ == Pending::kBlanks ? blanks_ : 0);
}

void LayoutWriter::begin_line() {
  if (pending_ == Pending::kBlankLine && !lines_.empty()) lines_.emplace_back();
  lines_.emplace_back();
  lines_.back().text.assign(indents_.back(), ' ');
  lines_.back().width = indents_.back();
  pending_ = Pending::kNothing;
  closed_ = false;
}

void LayoutWriter::put(std::string_view text) {
  if (closed_ || pending_ >= Pending::kNewLine) begin_line();
  Line& line = lines_.back();
  if (pending_ == Pending::kBlanks) {
    line.text.append(blanks_, ' ');
    line.width += blanks_;
  }
  pending_ = Pending::kNothing;
  line.text += text;
  line.width += width_of(text);
}

void LayoutWriter::write_comment(const CommentText& comment) {
  if (comment.place == Place::kInside) {
    const bool stuck = !closed_ && pending_ == Pending::kNothing;
    if (stuck && lines_.back().width > indents_.back()) {
      pending_ = Pending::kBlanks;
      blanks_ = 1;
    }
    put(comment.text);
    pending_ = Pending::kBlanks;
    blanks_ = 1;
    return;
  }
  if (comment.place == Place::kLineEnd && !closed_) {
    lines_.back().comment = comment.text;
    closed_ = true;
    return;
  }
  if (comment.blank_before && indents_.size() == 1) pending_ = Pending::kBlankLine;
  begin_line();
  lines_.back().text += comment.text;
  closed_ = true;
}

void LayoutWriter::write_comments(size_t index) {
  for (size_t n = comments_before_[index]; n > 0; --n) write_comment(comments_[next_comment_++]);
}

void LayoutWriter::write_text(const Layout::Piece& piece, size_t index) {
  const size_t lines_before = lines_.size();
  write_comments(index);
  // A comment above a declaration keeps its distance.
  if (piece.declaration && lines_.size() > lines_before && closed_) {
    pending_ = blank_line_before(source_, piece.anchor) ? Pending::kBlankLine : Pending::kNewLine;
  }
  put(piece.text);
}

void LayoutWriter::write_piece(size_t index) {
  const Layout::Piece& piece = pieces_[index];
  const auto blank = [this](size_t count) {
    if (pending_ == Pending::kNothing) blanks_ = 0;
    if (pending_ >= Pending::kNewLine) return;
    pending_ = Pending::kBlanks;
    blanks_ += count;
  };
  const auto line_end = [this](Pending end) { pending_ = std::max(pending_, end); };
  switch (piece.kind) {
    case Kind::kText:
      write_text(piece, index);
      break;
    case Kind::kComments:
      write_comments(index);
      break;
    case Kind::kSpace:
      blank(1);
      break;
    case Kind::kPad:
      blank(broken_.back() ? piece.amount : 1);
      break;
    case Kind::kLine:
      broken_.back() ? line_end(Pending::kNewLine) : blank(1);
      break;
    case Kind::kFill:
      fits(index, 1) ? blank(1) : line_end(Pending::kNewLine);
      break;
    case Kind::kNewLine:
      line_end(Pending::kNewLine);
      break;
    case Kind::kBlankLine:
      line_end(Pending::kBlankLine);
      break;
    case Kind::kOpen:
      broken_.push_back(broken_.back() && !fits(close_[index], flat_[index]));
      break;
    case Kind::kClose:
      broken_.pop_back();
      break;
    case Kind::kIndent:
      indents_.push_back(piece.amount);
      break;
    case Kind::kAlign: {
      const size_t at = column();
      indents_.push_back(at <= kMaxAlignColumn ? at : indents_.back() + kIndentStep);
      break;
    }
    case Kind::kOutdent:
      indents_.pop_back();
      break;
  }
}

std::string LayoutWriter::write() {
  for (size_t i = 0; i < pieces_.size(); ++i) write_piece(i);
  pending_ = Pending::kBlankLine;
  while (next_comment_ < comments_.size()) write_comment(comments_[next_comment_++]);
  return join();
}

// Comments at the ends of neighbouring lines stand below each other.
std::string LayoutWriter::join() {
  std::string out;
  for (size_t i = 0; i < lines_.size();) {
    size_t end = i;
    size_t column = 0;
    for (; end < lines_.size() && !lines_[end].comment.empty(); ++end) {
      if (lines_[end].width <= kMaxAlignedLine) column = std::max(column, lines_[end].width);
    }
    end = std::max(end, i + 1);
    for (; i < end; ++i) {
      const Line& line = lines_[i];
      out += line.text;
      if (!line.comment.empty()) {
        out.append(2 + (column > line.width ? column - line.width : 0), ' ');
        out += line.comment;
      }
      out += '\n';
    }
  }
  return out;
}

std::string Layout::render(size_t width) const {
  return LayoutWriter(pieces_, width, {}, {}).write();
}

std::string Layout::render(size_t width, const std::vector<ast::Comment>& comments,
                           const SourceFile& source) const {
  return LayoutWriter(pieces_, width, read_comments(comments, source), source.text()).write();
}

}  // namespace tocsin::patterns
