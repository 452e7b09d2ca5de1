#include "connectors/webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace tocsin::connectors {

namespace {

using Ipv6 = std::array<uint8_t, 16>;

struct Ipv4Range {
  uint32_t first;
  unsigned bits;
  std::string_view what;
};
constexpr uint32_t ipv4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}
constexpr std::array<Ipv4Range, 16> kIpv4Ranges = {{
    {ipv4(0, 0, 0, 0), 8, "unspecified"},
    {ipv4(10, 0, 0, 0), 8, "private"},
    {ipv4(100, 64, 0, 0), 10, "of a carrier's network"},
    {ipv4(127, 0, 0, 0), 8, "loopback"},
    {ipv4(169, 254, 0, 0), 16, "link-local"},
    {ipv4(172, 16, 0, 0), 12, "private"},
    {ipv4(192, 0, 0, 0), 24, "reserved"},
    {ipv4(192, 0, 2, 0), 24, "for documentation"},
    {ipv4(192, 31, 196, 0), 24, "reserved"},
    {ipv4(192, 88, 99, 0), 24, "reserved"},
    {ipv4(192, 168, 0, 0), 16, "private"},
    {ipv4(198, 18, 0, 0), 15, "for benchmarks"},
    {ipv4(198, 51, 100, 0), 24, "for documentation"},
    {ipv4(203, 0, 113, 0), 24, "for documentation"},
    {ipv4(224, 0, 0, 0), 4, "multicast"},
    {ipv4(240, 0, 0, 0), 4, "reserved"},
}};

struct Ipv6Range {
  Ipv6 first;
  unsigned bits;
  std::string_view what;
};
// Of what lies in 2000::/3; all else is special by itself.
constexpr std::array<Ipv6Range, 4> kIpv6Ranges = {{
    {{0x20, 0x01, 0x00, 0x00}, 23, "reserved"},  // Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "for documentation"},
    {{0x3f, 0xff, 0x00, 0x00}, 20, "for documentation"},
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48, "reserved"},
}};

std::string_view special(uint32_t address) {
  for (const Ipv4Range& range : kIpv4Ranges) {
    if ((address ^ range.first) >> (32 - range.bits) == 0) return range.what;
  }
  return {};
}

bool begins_with(const Ipv6& address, const Ipv6& first, unsigned bits) {
  const size_t whole = bits / 8;
  if (!std::equal(first.begin(), first.begin() + static_cast<ptrdiff_t>(whole), address.begin())) {
    return false;
  }
  return bits % 8 == 0 || (address[whole] ^ first[whole]) >> (8 - bits % 8) == 0;
}

uint32_t ipv4_at(const Ipv6& address, size_t at) {
  return ipv4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

// Where an IPv4 address stands in it, if it does.
std::optional<size_t> place_of_ipv4(const Ipv6& address) {
  constexpr Ipv6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr Ipv6 kTranslated = {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr Ipv6 kNat64 = {0x00, 0x64, 0xff, 0x9b};
  constexpr Ipv6 kSixToFour = {0x20, 0x02};
  constexpr size_t kLast = 12;
  for (const Ipv6& prefix : {kMapped, kTranslated, kNat64}) {
    if (begins_with(address, prefix, 96)) return kLast;
  }
  if (begins_with(address, kSixToFour, 16)) return 2;
  return std::nullopt;
}

std::string_view special(const Ipv6& address) {
  if (const auto place = place_of_ipv4(address)) return special(ipv4_at(address, *place));
  if (address == Ipv6{}) return "unspecified";
  Ipv6 loopback{};
  loopback.back() = 1;
  if (address == loopback) return "loopback";
  if (begins_with(address, {0xfe, 0x80}, 10)) return "link-local";
  if (begins_with(address, {0xfc}, 7)) return "private";
  if (begins_with(address, {0xfe, 0xc0}, 10)) return "private";  // site-local, of old
  if (address[0] == 0xff) return "multicast";
  if (!begins_with(address, {0x20}, 3)) return "reserved";
  for (const Ipv6Range& range : kIpv6Ranges) {
    if (begins_with(address, range.first, range.bits)) return range.what;
  }
  return {};
}

}  // namespace

std::string address_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (bytes == nullptr ||
      ::inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr)
    return "of another kind";
  return text.data();
}

std::string_view special_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return special(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return "of another kind";
  Ipv6 bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
              bytes.size());
  return special(bytes);
}

std::string_view special_address(std::string_view text) {
  const std::string ended(text);
  in_addr four{};
  if (::inet_pton(AF_INET, ended.c_str(), &four) == 1) return special(ntohl(four.s_addr));
  Ipv6 six{};
  if (::inet_pton(AF_INET6, ended.c_str(), six.data()) == 1) return special(six);
  return {};
}

}  // namespace tocsin::connectors
