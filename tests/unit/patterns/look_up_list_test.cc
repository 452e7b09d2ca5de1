#include "patterns/look_up_list.h"

#include <gtest/gtest.h>

#include "patterns/front_end.h"
#include "patterns/pattern_dump.h"

namespace tocsin::patterns {
namespace {

LookUpList read(std::string_view type, std::string text) {
  LookUpList list;
  std::vector<ListMistake> mistakes;
  EXPECT_EQ(list.read(*list_type_of_name(type), std::move(text), mistakes), 0U);
  return list;
}

std::vector<std::string> mistakes_in(std::string_view type, std::string text) {
  LookUpList list;
  std::vector<ListMistake> mistakes;
  const size_t count = list.read(*list_type_of_name(type), std::move(text), mistakes);
  std::vector<std::string> shown;
  for (const ListMistake& mistake : mistakes) {
    shown.push_back(std::to_string(mistake.line) + ": " + mistake.message);
  }
  if (count > shown.size()) shown.push_back("all: " + std::to_string(count));
  return shown;
}

TEST(LookUpList, OneValueALine) {
  const LookUpList list = read("string",
                               "\xEF\xBB\xBF"
                               "a\r\n\r\n  b c\t\n# d\n  # e\nf#g\na\nü");
  EXPECT_EQ(list.size(), 4U);
  for (const std::string_view value : {"a", "b c", "f#g", "ü"}) {
    EXPECT_TRUE(list.contains(value)) << value;
  }
  for (const std::string_view value : {"", "b", "# d", "# e", "A", "a\r", "ü "}) {
    EXPECT_FALSE(list.contains(value)) << value;
  }
}

TEST(LookUpList, NumbersAreComparedAsNumbers) {
  const LookUpList ints = read("int", "1\n-9223372036854775808\n 007 \n9007199254740993\n");
  EXPECT_TRUE(ints.contains(int64_t{7}));
  EXPECT_TRUE(ints.contains(INT64_MIN));
  EXPECT_FALSE(ints.contains(int64_t{2}));
  EXPECT_TRUE(ints.contains(1.0));
  EXPECT_TRUE(ints.contains(-0x1p63));
  for (const double number : {1.5, 9007199254740992.0, 1e300, -1e300, 0x1p63}) {
    EXPECT_FALSE(ints.contains(number)) << number;
  }
  const LookUpList floats = read("float", "1\n2.50\n-0.0\n1e3\n");
  for (const double number : {1.0, 2.5, 0.0, -0.0, 1000.0}) EXPECT_TRUE(floats.contains(number));
  EXPECT_FALSE(floats.contains(2.0));
}

TEST(LookUpList, TimesAndNetworks) {
  EXPECT_TRUE(read("timestamp", "1970-01-01T00:00:01Z\n").contains(int64_t{1'000'000}));
  EXPECT_TRUE(read("duration", "1m30s\n").contains(int64_t{90'000'000}));
  const LookUpList networks = read("cidr", "10.0.0.0/8\n# private\n2001:db8::/32\n");
  EXPECT_TRUE(networks.contains("10.1.2.3"));
  EXPECT_FALSE(networks.contains("11.1.2.3"));
  EXPECT_FALSE(networks.contains("10.0.0.0/8"));
}

TEST(LookUpList, SaysWhatIsWrongInWhichLine) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(mistakes_in("int", "1\n\n1.0\nx\n99999999999999999999\n+1\n"),
            (Lines{"3: '1.0' is no int", "4: 'x' is no int",
                   "5: '99999999999999999999' does not fit into int", "6: '+1' is no int"}));
  EXPECT_EQ(mistakes_in("float", "nan\ninf\n1e999\n1,5"),
            (Lines{"1: 'nan' is no float", "2: 'inf' is no float",
                   "3: '1e999' does not fit into float", "4: '1,5' is no float"}));
  EXPECT_EQ(mistakes_in("timestamp", "yesterday"),
            (Lines{"1: 'yesterday' is no timestamp, as 2026-03-01T10:00:00Z"}));
  EXPECT_EQ(mistakes_in("duration", "90"), (Lines{"1: '90' is no duration, as 1h30m"}));
  EXPECT_EQ(mistakes_in("cidr", "10.0.0.1/8"),
            (Lines{"1: '10.0.0.1/8' has bits behind its prefix; the network is '10.0.0.0/8'"}));
  EXPECT_EQ(mistakes_in("string",
                        "good\nb\xFF"
                        "d\n"),
            (Lines{"2: the value is not UTF-8"}));
  EXPECT_EQ(mistakes_in("int", std::string(59, 'x') + "üü"),
            (Lines{"1: '" + std::string(59, 'x') + "...' is no int"}));
  std::string many;
  for (int i = 0; i < 25; ++i) many += "x\n";
  const Lines shown = mistakes_in("int", many);
  ASSERT_EQ(shown.size(), 11U);
  EXPECT_EQ(shown.back(), "all: 25");
}

TEST(LookUpList, IsReadBesideTheFileThatDeclaresIt) {
  const auto asked_for = [](const std::string& file, const std::string& path) {
    std::string asked;
    const ReadFile note = [&](const std::string& name, size_t limit) {
      EXPECT_EQ(limit, kMaxListBytes);
      asked = name;
      return eventtime::Result<std::string>("a\n");
    };
    std::vector<SourceFile> sources;
    sources.emplace_back(file, "list l: string from \"" + path + "\"\n");
    EXPECT_TRUE(load(std::move(sources), note).patterns);
    return asked;
  };
  EXPECT_EQ(asked_for("rules/fraud.tocsin", "lists/blocked.txt"), "rules/lists/blocked.txt");
  EXPECT_EQ(asked_for("fraud.tocsin", "blocked.txt"), "blocked.txt");
  EXPECT_EQ(asked_for("/etc/fraud.tocsin", "../blocked.txt"), "/etc/../blocked.txt");
  EXPECT_EQ(asked_for("rules/fraud.tocsin", "/var/blocked.txt"), "/var/blocked.txt");
  EXPECT_EQ(asked_for("<stdin>", "-"), "./-");
}

}  // namespace
}  // namespace tocsin::patterns
