#include "connectors/state/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include "connectors/state/digest.h"

namespace tocsin::connectors {
namespace {

using ::testing::HasSubstr;

Manifest example_manifest() {
  Manifest manifest;
  manifest.number = 7;
  manifest.written = *eventtime::parse_timestamp("2026-03-01T10:00:00Z");
  manifest.records = 3;
  manifest.files = {{"base-000005.state", 100, 4, 0, "00000000000000000000000000000001"},
                    {"delta-000007.state", 20, 0, 1, "00000000000000000000000000000002"}};
  manifest.meta = R"({"positions":[1,2.50],"text":"a\n\"b"})";
  return manifest;
}

// As if it had been written so.
std::string with_hash(const std::string& body) {
  return body + "\"hash\":\"" + to_hex(XXH3_128bits(body.data(), body.size())) + "\"}\n";
}

std::string body_of(const Manifest& manifest) {
  const std::string text = print_manifest(manifest);
  return text.substr(0, text.find("\"hash\""));
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, IsThreeLines) {
  EXPECT_EQ(body_of(example_manifest()),
            R"({"tocsin":"checkpoint","format":1,"number":7,"written":"2026-03-01T10:00:00.000Z",)"
            R"("records":3,"savepoint":null,"files":[{"name":"base-000005.state","bytes":100,)"
            R"("records":4,"deletions":0,"xxh3_128":"00000000000000000000000000000001"},)"
            R"({"name":"delta-000007.state","bytes":20,"records":0,"deletions":1,)"
            R"("xxh3_128":"00000000000000000000000000000002"}],)"
            "\n"
            R"("meta":{"positions":[1,2.50],"text":"a\n\"b"},)"
            "\n");
  EXPECT_EQ(print_manifest(example_manifest()), with_hash(body_of(example_manifest())));
}

// Older programs must not take it for one of theirs.
TEST(Manifest, NamesSpillFilesInASecondFormat) {
  Manifest manifest = example_manifest();
  manifest.spilled = {{3, 1024, 17, "00000000000000000000000000000003"},
                      {12, 64, 1, "00000000000000000000000000000004"}};
  const std::string body = body_of(manifest);
  EXPECT_NE(body.find(R"("format":2,)"), std::string::npos) << body;
  EXPECT_NE(body.find(R"(],"spilled":[{"number":3,"bytes":1024,"records":17,)"
                      R"("xxh3_128":"00000000000000000000000000000003"},{"number":12,)"),
            std::string::npos)
      << body;
  const auto read = parse_manifest(print_manifest(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->spilled, manifest.spilled);
  EXPECT_EQ(read->files, manifest.files);
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "\"number\":12,", "\"number\":2,"))));
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "\"records\":17,", ""))));
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "spilled", "spilt"))));
}

TEST(Manifest, AHashHasThirtyTwoDigits) {
  const std::string body = body_of(example_manifest());
  const std::string hash = "00000000000000000000000000000001";
  for (const std::string& other :
       {hash.substr(1), hash + "0", "\\\\" + hash.substr(2), "A" + hash.substr(1), std::string()}) {
    EXPECT_FALSE(parse_manifest(with_hash(replaced(body, hash, other)))) << other;
  }
}

TEST(Manifest, IsReadAsItWasWritten) {
  Manifest manifest = example_manifest();
  manifest.savepoint = "before-upgrade";
  const auto read = parse_manifest(print_manifest(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->number, 7U);
  EXPECT_EQ(read->written, manifest.written);
  EXPECT_EQ(read->records, 3U);
  EXPECT_EQ(read->savepoint, "before-upgrade");
  EXPECT_EQ(read->files, manifest.files);
  EXPECT_EQ(read->meta, manifest.meta);
}

TEST(Manifest, EveryFlippedBitAndEveryTruncationIsDamage) {
  const std::string whole = print_manifest(example_manifest());
  for (size_t i = 0; i < whole.size(); ++i) {
    ASSERT_FALSE(parse_manifest(whole.substr(0, i))) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = whole;
      text[i] = static_cast<char>(text[i] ^ (1 << bit));
      const auto read = parse_manifest(text);
      ASSERT_FALSE(read) << i << ' ' << bit;
      EXPECT_EQ(read.error().fault, ManifestFault::kDamaged);
    }
  }
  EXPECT_FALSE(parse_manifest(whole + "\n"));
}

TEST(Manifest, ANewerFormatIsToldApartFromDamage) {
  const auto newer =
      parse_manifest(with_hash("{\"tocsin\":\"checkpoint\",\"format\":3,\"other\":1,\n"));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().fault, ManifestFault::kForeign);
  EXPECT_EQ(newer.error().message, "its format has version 3, this program knows 2");
  const auto other = parse_manifest(with_hash("{\"tocsin\":\"journal\",\"format\":1,\n"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().fault, ManifestFault::kForeign);
}

TEST(Manifest, NamesOnlyFilesOfOurs) {
  const std::string body = body_of(example_manifest());
  ASSERT_TRUE(parse_manifest(with_hash(body)));
  for (const char* name : {"../base-000005.state", "/etc/passwd", "delta-000005.state",
                           "base-000008.state", "base-5.state", "base-000005.state.tmp", ""}) {
    const auto read = parse_manifest(with_hash(replaced(body, "base-000005.state", name)));
    ASSERT_FALSE(read) << name;
    EXPECT_THAT(read.error().message, HasSubstr("missing or wrong"));
  }
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "delta-000007", "delta-000004"))));
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "delta-000007", "delta-000099"))));
  EXPECT_FALSE(
      parse_manifest(with_hash(replaced(body, "\"savepoint\":null", "\"savepoint\":\"a/b\""))));
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "\"bytes\":100", "\"bytes\":-1"))));
  EXPECT_FALSE(parse_manifest(with_hash(replaced(body, "\"written\":\"", "\"written\":\"x"))));
}

TEST(Manifest, FileNamesHaveKindsAndNumbers) {
  EXPECT_EQ(base_name(7), "base-000007.state");
  EXPECT_EQ(delta_name(12'345'678), "delta-12345678.state");
  EXPECT_EQ(parse_file_name("delta-12345678.state").number, 12'345'678U);
  EXPECT_EQ(parse_file_name(checkpoint_name(3)).kind, FileKind::kCheckpoint);
  EXPECT_EQ(parse_file_name("checkpoint-000003.json.tmp").kind, FileKind::kTemporary);
  EXPECT_EQ(parse_file_name(savepoint_name("a.json")).savepoint, "a.json");
  for (const char* name : {"base-7.state", "base-0000007.state", "base-00000x.state", "base-.state",
                           "lock", "journal", "savepoint-.json", "savepoint-a b.json", "",
                           "checkpoint-000003.json~", "base-9999999999999999999.state"}) {
    EXPECT_EQ(parse_file_name(name).kind, FileKind::kOther) << name;
  }
}

TEST(Manifest, MetaIsOneLine) {
  EXPECT_EQ(minify_object("{ \"a\" :\n[ 1, 2.50 ] }"), R"({"a":[1,2.50]})");
  for (const char* json : {"", "[]", "{", "{}x", "1"}) EXPECT_FALSE(minify_object(json)) << json;
}

}  // namespace
}  // namespace tocsin::connectors
