#include "patterns/network_set.h"

#include <gtest/gtest.h>

#include <random>

namespace tocsin::patterns {
namespace {

NetworkSet networks(const std::vector<std::string>& texts) {
  NetworkSet set;
  for (const std::string& text : texts) EXPECT_EQ(set.add(text), "") << text;
  set.merge();
  return set;
}

TEST(NetworkSet, HoldsTheAddressesOfItsNetworks) {
  const NetworkSet set =
      networks({"10.0.0.0/8", "192.168.1.7", "2001:db8::/32", "fe80::1", "::ffff:172.16.0.0/108"});
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.168.1.7",
                             "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:DB8::1",
                             "fe80::1", "::ffff:10.1.2.3", "172.16.0.1", "172.31.255.255"}) {
    EXPECT_TRUE(set.contains(inside)) << inside;
  }
  for (const char* outside :
       {"9.255.255.255", "11.0.0.0", "192.168.1.8", "2001:db7:ffff::", "2001:db9::", "fe80::2",
        "172.32.0.0", "", "10.0.0", "10.0.0.1 ", "10.0.0.01", "10.0.0.1:80", "fe80::1%eth0", "host",
        "10.0.0.1/32", "1000.0.0.1", "::10.0.0.1"}) {
    EXPECT_FALSE(set.contains(outside)) << outside;
  }
}

TEST(NetworkSet, EverythingIsOfOneVersion) {
  EXPECT_TRUE(networks({"0.0.0.0/0"}).contains("255.255.255.255"));
  EXPECT_FALSE(networks({"0.0.0.0/0"}).contains("::1"));
  EXPECT_TRUE(networks({"::/0"}).contains("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_FALSE(networks({"::/0"}).contains("10.0.0.1"));
  EXPECT_FALSE(networks({}).contains("10.0.0.1"));
}

TEST(NetworkSet, MergesWhatTouchesOrLiesInside) {
  const NetworkSet set = networks({"10.0.1.0/24", "10.0.0.0/24", "10.0.0.7", "10.0.3.0/24",
                                   "255.255.255.255", "255.255.255.254", "0.0.0.0"});
  EXPECT_EQ(set.ranges(), 4U);
  EXPECT_TRUE(set.contains("10.0.1.255"));
  EXPECT_FALSE(set.contains("10.0.2.0"));
  EXPECT_TRUE(set.contains("255.255.255.255"));
}

TEST(NetworkSet, SaysWhatIsWrong) {
  NetworkSet set;
  EXPECT_EQ(set.add("10.1.2.3/8"), "has bits behind its prefix; the network is '10.0.0.0/8'");
  EXPECT_EQ(set.add("2001:db8::1/32"),
            "has bits behind its prefix; the network is '2001:db8::/32'");
  EXPECT_EQ(set.add("10.0.0.0/33"), "has no prefix from 0 to 32 behind the '/'");
  EXPECT_EQ(set.add("::/129"), "has no prefix from 0 to 128 behind the '/'");
  EXPECT_EQ(set.add("::ffff:10.0.0.0/95"), "has no prefix from 96 to 128 behind the '/'");
  for (const char* prefix : {"", "x", "08", "-1", "+8", "8 ", "8/8", "99999999999"}) {
    EXPECT_EQ(set.add(std::string("10.0.0.0/") + prefix),
              "has no prefix from 0 to 32 behind the '/'")
        << prefix;
  }
  for (const char* text : {"10.0.0", "example.org", "/8", "10.0.0.0-10.0.0.9"}) {
    EXPECT_EQ(set.add(text), "is no network: an address, or one with its prefix, as 10.0.0.0/8");
  }
  set.merge();
  EXPECT_EQ(set.ranges(), 0U);
}

// Against a walk over all networks.
TEST(NetworkSet, AgreesWithOneNetworkAfterTheOther) {
  std::mt19937_64 random(1);
  const auto text_of = [](uint32_t bits) {
    return "10.0." + std::to_string(bits >> 8 & 255) + "." + std::to_string(bits & 255);
  };
  for (int round = 0; round < 50; ++round) {
    NetworkSet set;
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    for (size_t i = random() % 12; i > 0; --i) {
      const auto prefix = 20 + static_cast<int>(random() % 13);
      const uint32_t rest = (1U << (32 - prefix)) - 1;
      const uint32_t first = static_cast<uint32_t>(random()) & 0xFFFF & ~rest;
      ranges.emplace_back(first, first | rest);
      ASSERT_EQ(set.add(text_of(first) + "/" + std::to_string(prefix)), "");
    }
    set.merge();
    for (int look = 0; look < 500; ++look) {
      const uint32_t address = static_cast<uint32_t>(random()) & 0xFFFF;
      const bool inside = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
        return range.first <= address && address <= range.second;
      });
      ASSERT_EQ(set.contains(text_of(address)), inside) << text_of(address);
    }
  }
}

}  // namespace
}  // namespace tocsin::patterns
