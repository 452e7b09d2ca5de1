#include "patterns/network_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "patterns/names.h"

namespace tocsin::patterns {
namespace {

using Bits = unsigned __int128;

constexpr Bits kMappedPrefix = 0xFFFF;  // of "::ffff:0:0/96", behind 80 zeros
constexpr int kMappedPrefixBits = 96;

// The lowest `count` bits.
Bits low_bits(int count) {
  return count == 128 ? ~Bits{0} : (Bits{1} << count) - 1;
}

std::optional<int> parse_prefix(std::string_view text) {
  int prefix = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, prefix);
  const bool plain = !text.empty() && text.front() != '-' && (text.size() == 1 || text[0] != '0');
  if (error != std::errc() || rest != end || !plain) return std::nullopt;
  return prefix;
}

std::string address_text(Bits bits, bool ipv6) {
  std::array<unsigned char, 16> bytes{};
  const size_t size = ipv6 ? 16 : 4;
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<unsigned char>(bits >> (8 * (size - 1 - i)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
  return text.data();
}

template <class Ranges>
void merge_ranges(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  size_t kept = 0;
  for (size_t i = 1; i < ranges.size(); ++i) {
    auto& last = ranges[kept];
    // The first one cannot be the greatest number here, so `last + 1` is no overflow that matters.
    if (ranges[i].first <= last.last || ranges[i].first == last.last + 1) {
      last.last = std::max(last.last, ranges[i].last);
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  if (!ranges.empty()) ranges.resize(kept + 1);
  ranges.shrink_to_fit();
}

template <class Ranges, class Key>
bool any_holds(const Ranges& ranges, Key key) {
  const auto next =
      std::upper_bound(ranges.begin(), ranges.end(), key,
                       [](Key wanted, const auto& range) { return wanted < range.first; });
  return next != ranges.begin() && key <= (next - 1)->last;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};  // ends in a zero
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  text.copy(buffer.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  Address address;
  address.ipv6 = text.find(':') != std::string_view::npos;
  if (inet_pton(address.ipv6 ? AF_INET6 : AF_INET, buffer.data(), bytes.data()) != 1) {
    return std::nullopt;
  }
  for (size_t i = 0; i < (address.ipv6 ? 16U : 4U); ++i) {
    address.bits = address.bits << 8 | bytes[i];
  }
  if (address.ipv6 && address.bits >> 32 == kMappedPrefix) {
    address.ipv6 = false;
    address.bits &= low_bits(32);
  }
  return address;
}

std::string NetworkSet::add(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view written = text.substr(0, slash);
  const std::optional<Address> address = parse_address(written);
  if (!address) return "is no network: an address, or one with its prefix, as 10.0.0.0/8";
  const bool mapped = !address->ipv6 && written.find(':') != std::string_view::npos;
  const int width = address->ipv6 ? 128 : 32;
  int prefix = width;
  if (slash != std::string_view::npos) {
    const std::optional<int> given = parse_prefix(text.substr(slash + 1));
    prefix = given.value_or(-1) - (mapped ? kMappedPrefixBits : 0);
    if (!given || prefix < 0 || prefix > width) {
      return "has no prefix from " + std::to_string(mapped ? kMappedPrefixBits : 0) + " to " +
             std::to_string(mapped ? 128 : width) + " behind the '/'";
    }
  }
  const Bits rest = low_bits(width - prefix);
  if ((address->bits & rest) != 0) {
    return "has bits behind its prefix; the network is " +
           in_quotes(address_text(address->bits & ~rest, address->ipv6) + '/' +
                     std::to_string(prefix));
  }
  const Bits last = address->bits | rest;
  if (address->ipv6) {
    ipv6_.push_back({address->bits, last});
  } else {
    ipv4_.push_back({static_cast<uint32_t>(address->bits), static_cast<uint32_t>(last)});
  }
  return {};
}

void NetworkSet::merge() {
  merge_ranges(ipv4_);
  merge_ranges(ipv6_);
}

bool NetworkSet::contains(std::string_view text) const {
  const std::optional<Address> address = parse_address(text);
  if (!address) return false;
  return address->ipv6 ? any_holds(ipv6_, address->bits)
                       : any_holds(ipv4_, static_cast<uint32_t>(address->bits));
}

}  // namespace tocsin::patterns
