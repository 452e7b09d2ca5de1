#include "connectors/kafka/commit_note.h"

#include <gtest/gtest.h>

namespace tocsin::connectors {
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

TEST(SinkNote, ComesBack) {
  for (const SinkNote& note :
       {SinkNote{}, SinkNote{UINT64_MAX, {77, 0xFFFF'0000'1234'5678}}, SinkNote{5, {1, 2}}}) {
    EXPECT_EQ(parse_sink_note(print_sink_note(note)), note);
  }
  EXPECT_EQ(print_sink_note({171, {4, 255}}),
            "tocsin-sink-1 run=00000000000000ab alerts=4 digest=00000000000000ff");
}

TEST(SinkNote, OtherTextsAreNotOurs) {
  const std::string whole = print_sink_note({3, {4, 255}});
  for (size_t size = 0; size < whole.size() - 16; ++size) {
    EXPECT_FALSE(parse_sink_note(whole.substr(0, size))) << size;
  }
  for (const char* text :
       {"", "17", "tocsin-sink-2 run=3 alerts=4 digest=ff", "tocsin-sink-1 run=3 alerts=a digest=f",
        "tocsin-sink-1 run=3 alerts=4 digest=ff more", "tocsin-sink-1 alerts=4 run=3 digest=ff",
        "tocsin-1 run=3 alerts=4 digest=ff"}) {
    EXPECT_FALSE(parse_sink_note(text)) << text;
  }
  EXPECT_FALSE(parse_sink_note(print_commit_note({3, 4, 5})));
  EXPECT_FALSE(parse_commit_note(whole));
}

}  // namespace
}  // namespace tocsin::connectors
