// Where metrics are served.
#pragma once

#include <cstdint>
#include <string>

namespace tocsin::server {

struct MetricsListen {
  std::string address;  // an IP address
  uint16_t port = 0;
};

}  // namespace tocsin::server
