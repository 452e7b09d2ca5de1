#include "server/commit_note.h"

#include <gtest/gtest.h>

namespace tocsin::server {
namespace {

TEST(CommitNote, ComesBack) {
  for (const CommitNote& note :
       {CommitNote{}, CommitNote{5, 77, 0xFFFF'0000'1234'5678}, CommitNote{UINT64_MAX, 1, 2}}) {
    EXPECT_EQ(parse_commit_note(print_commit_note(note)), note);
  }
  EXPECT_EQ(print_commit_note({3, 4, 255}), "tocsin-1 first=3 alerts=4 digest=00000000000000ff");
}

TEST(CommitNote, OtherTextsAreNotOurs) {
  const std::string whole = print_commit_note({3, 4, 255});
  for (size_t size = 0; size < whole.size() - 16; ++size) {
    EXPECT_FALSE(parse_commit_note(whole.substr(0, size))) << size;
  }
  for (const char* text :
       {"", "tocsin-2 first=3 alerts=4 digest=ff", "tocsin-1 first=x alerts=4 digest=ff",
        "tocsin-1 first=3 alerts=-4 digest=ff", "tocsin-1 first=3 alerts=4 digest=ff more",
        "tocsin-1 alerts=3 first=4 digest=ff",
        "tocsin-1 first=99999999999999999999 alerts=4 digest=f"}) {
    EXPECT_FALSE(parse_commit_note(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin::server
