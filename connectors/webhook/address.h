// Which addresses are the public internet's: a webhook must not become a way into the network that
// Tocsin runs in. After the registries of special addresses of IANA (RFC 6890).
// Tested by tests/unit/connectors/webhook_address_test.cc.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace tocsin::connectors {

// "10.1.2.3", "2001:db8::1".
std::string address_text(const sockaddr& address);

// What is special about the address: "private", "loopback"; "" for one of the public internet. An
// IPv6 address that stands for an IPv4 address (mapped, translated, 6to4) is what that is.
std::string_view special_address(const sockaddr& address);
// The same of a text; "" also where the text is no address.
std::string_view special_address(std::string_view text);

}  // namespace tocsin::connectors
