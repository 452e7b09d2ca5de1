// What a pipeline says of ZeroMQ: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

// Keys in Z85, 40 characters each. A client needs all three; a server only its own secret key.
struct ZeroMqCurve {
  std::string server_key;
  std::string public_key;
  std::string secret_key;
  bool is_server = false;
};

struct ZeroMqEndpoints {
  std::vector<std::string> connect;
  std::vector<std::string> bind;
  std::optional<ZeroMqCurve> curve;
  int high_water_mark = 10'000;  // messages for or from each peer
};

struct ZeroMqSourceSpec {
  enum class Socket : uint8_t { kSub, kPull };

  std::string name;
  Socket socket = Socket::kSub;
  ZeroMqEndpoints endpoints;
  std::vector<std::string> subscribe = {""};  // of kSub
  std::optional<uint32_t> event_frame;        // the frame that names the type
};

struct ZeroMqSinkSpec {
  enum class Socket : uint8_t { kPub, kPush };

  std::string name;
  Socket socket = Socket::kPub;
  ZeroMqEndpoints endpoints;
  // Of kPush: so long an alert waits for room; then it is dropped.
  eventtime::Duration wait_for_room{5'000'000};
  eventtime::Duration close_within{2'000'000};  // so long the end of a run waits for what is queued
};

}  // namespace tocsin::connectors
