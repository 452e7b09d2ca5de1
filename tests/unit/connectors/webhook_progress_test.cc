#include "connectors/webhook/delivery_progress.h"

#include <gtest/gtest.h>

#include "tests/support/memory_storage.h"

namespace tocsin::connectors {
namespace {

const DeliveryProgress kFirst = {7, {}};
const DeliveryProgress kSecond = {900, {{12, 3, 4, {5'000'000}}, {700, 1, 1, {-6}}}};

DeliveryProgress loaded(runtime::Storage& storage) {
  return ProgressFile(storage).load().value();
}

TEST(WebhookProgress, IsTheOneThatWasSavedLast) {
  tests::MemoryStorage storage;
  EXPECT_EQ(loaded(storage), DeliveryProgress());
  ProgressFile file(storage);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(file.save(kFirst));
    EXPECT_EQ(loaded(storage), kFirst);
    ASSERT_TRUE(file.save(kSecond));
    EXPECT_EQ(loaded(storage), kSecond);
  }
  ProgressFile again(storage);
  ASSERT_EQ(again.load().value(), kSecond);
  ASSERT_TRUE(again.save(kFirst));
  EXPECT_EQ(loaded(storage), kFirst);
}

TEST(WebhookProgress, ATornOrDamagedOneLeavesTheOneBefore) {
  tests::MemoryStorage storage;
  ProgressFile file(storage);
  ASSERT_TRUE(file.save(kFirst));
  ASSERT_TRUE(file.save(kSecond));
  const auto files = storage.files();
  const std::string newest = files.at("progress-0");
  ASSERT_EQ(read_progress(newest)->second, kSecond);
  for (size_t size = 0; size < newest.size(); ++size) {
    auto torn = files;
    torn["progress-0"] = newest.substr(0, size);
    storage.set_files(torn);
    EXPECT_EQ(loaded(storage), kFirst) << size;
  }
  for (size_t bit = 0; bit < newest.size() * 8; ++bit) {
    auto flipped = files;
    flipped["progress-0"][bit / 8] ^= static_cast<char>(1 << bit % 8);
    storage.set_files(flipped);
    EXPECT_EQ(loaded(storage), kFirst) << bit;
  }
}

TEST(WebhookProgress, SavingThatFailsIsTold) {
  tests::MemoryStorage storage;
  ProgressFile file(storage);
  ASSERT_TRUE(file.save(kFirst));
  storage.set_capacity(storage.bytes());
  EXPECT_FALSE(file.save(kSecond));
  EXPECT_EQ(loaded(storage), kFirst);
  storage.set_capacity(UINT64_MAX);
  EXPECT_TRUE(file.save(kSecond));
  EXPECT_EQ(loaded(storage), kSecond);
}

}  // namespace
}  // namespace tocsin::connectors
