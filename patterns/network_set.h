// IPv4 and IPv6 networks, as a list of `cidr` holds them, and the addresses in them.
//
// Ranges that touch are merged, so that a look-up is one binary search however many networks there
// are and however they lie in one another. An IPv4 address written as IPv6 ("::ffff:10.0.0.1") is
// the IPv4 address; no other IPv6 network holds IPv4 addresses, not even "::/0". Names are never
// resolved. Tested by tests/unit/patterns/network_set_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::patterns {

// Most significant bits first: the lowest 32 of an IPv4 address.
struct Address {
  bool ipv6 = false;
  unsigned __int128 bits = 0;
};
// "10.0.0.1", "2001:db8::1"; nothing for any other text, also with blanks, ports or zones.
std::optional<Address> parse_address(std::string_view text);

class NetworkSet {
 public:
  // "10.0.0.0/8", or one address. What is wrong with the text, or "".
  std::string add(std::string_view text);
  // After the last one, before the first look-up.
  void merge();

  bool contains(std::string_view address) const;  // false for what is no address
  size_t ranges() const { return ipv4_.size() + ipv6_.size(); }

 private:
  template <class Bits>
  struct Range {
    Bits first;
    Bits last;
  };
  std::vector<Range<uint32_t>> ipv4_;
  std::vector<Range<unsigned __int128>> ipv6_;
};

}  // namespace tocsin::patterns
