#include "connectors/zeromq/zeromq_socket.h"

#include <fmt/core.h>

#include <array>
#include <string_view>

namespace tocsin::connectors {

using eventtime::Result;

namespace {

constexpr size_t kKeyBytes = 40;  // in Z85

bool is_key(const std::string& key) {
  std::array<uint8_t, 32> bytes{};
  return key.size() == kKeyBytes && zmq_z85_decode(bytes.data(), key.c_str()) != nullptr;
}

std::string wrong_curve(const ZeroMqCurve& curve) {
  constexpr std::string_view kForm = "is no key: 40 characters of Z85, as 'zmq_curve_keypair' says";
  if (!is_key(curve.secret_key)) return fmt::format("curve: secret_key {}", kForm);
  if (curve.is_server) {
    return curve.server_key.empty() ? std::string()
                                    : "curve: a server has no server_key, leave it out";
  }
  if (!is_key(curve.server_key)) return fmt::format("curve: server_key {}", kForm);
  if (!is_key(curve.public_key)) return fmt::format("curve: public_key {}", kForm);
  std::array<char, kKeyBytes + 1> its{};
  if (zmq_curve_public(its.data(), curve.secret_key.c_str()) != 0 ||
      curve.public_key != its.data()) {
    return "curve: public_key does not belong to secret_key";
  }
  return {};
}

std::string wrong_endpoint(const std::string& endpoint) {
  if (endpoint.starts_with("tcp://") || endpoint.starts_with("ipc://")) return {};
  return fmt::format("the endpoint '{}' cannot be used; it begins with tcp:// or ipc://", endpoint);
}

Result<void> check(const std::string& name, const ZeroMqEndpoints& endpoints) {
  const auto wrong = [&](std::string_view what) {
    return eventtime::input_error(fmt::format("zeromq '{}': {}", name, what));
  };
  if (endpoints.connect.empty() && endpoints.bind.empty()) {
    return wrong("it has no endpoint, use connect or bind");
  }
  for (const auto& list : {endpoints.connect, endpoints.bind}) {
    for (const std::string& endpoint : list) {
      const std::string what = wrong_endpoint(endpoint);
      if (!what.empty()) return wrong(what);
    }
  }
  if (endpoints.high_water_mark < 1) {
    return wrong(fmt::format("high_water_mark is {}, use 1 or more", endpoints.high_water_mark));
  }
  if (!endpoints.curve) return {};
  if (zmq_has("curve") == 0) return wrong("this libzmq was built without CURVE");
  const std::string what = wrong_curve(*endpoints.curve);
  return what.empty() ? Result<void>() : wrong(what);
}

}  // namespace

Result<void> check_zeromq(const ZeroMqSourceSpec& spec) {
  if (spec.socket == ZeroMqSourceSpec::Socket::kSub && spec.subscribe.empty()) {
    return eventtime::input_error(fmt::format(
        "zeromq '{}': it subscribes to nothing, subscribe = [\"\"] is everything", spec.name));
  }
  return check(spec.name, spec.endpoints);
}

Result<void> check_zeromq(const ZeroMqSinkSpec& spec) {
  if (spec.wait_for_room.micros < 0 || spec.close_within.micros < 0) {
    return eventtime::input_error(fmt::format("zeromq '{}': a time is less than 0s", spec.name));
  }
  return check(spec.name, spec.endpoints);
}

void ZeroMqSocket::configure(const ZeroMqEndpoints& endpoints) {
  constexpr int kHeartbeatMillis = 10'000;
  constexpr int kLongestReconnectMillis = 5000;
  socket_.set(zmq::sockopt::sndhwm, endpoints.high_water_mark);
  socket_.set(zmq::sockopt::rcvhwm, endpoints.high_water_mark);
  socket_.set(zmq::sockopt::maxmsgsize, kMaxMessageBytes);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::ipv6, true);
  // A peer whose machine has gone says nothing.
  socket_.set(zmq::sockopt::heartbeat_ivl, kHeartbeatMillis);
  socket_.set(zmq::sockopt::reconnect_ivl_max, kLongestReconnectMillis);
  if (!endpoints.curve) return;
  const ZeroMqCurve& curve = *endpoints.curve;
  socket_.set(zmq::sockopt::curve_secretkey, curve.secret_key);
  if (curve.is_server) {
    socket_.set(zmq::sockopt::curve_server, true);
    return;
  }
  socket_.set(zmq::sockopt::curve_publickey, curve.public_key);
  socket_.set(zmq::sockopt::curve_serverkey, curve.server_key);
}

Result<void> ZeroMqSocket::attach(const ZeroMqEndpoints& endpoints, const std::string& name) {
  const auto failed = [&](std::string_view what, const std::string& endpoint) {
    return eventtime::world_error(fmt::format("zeromq '{}': cannot {} '{}': {}", name, what,
                                              endpoint, zmq_strerror(zmq_errno())));
  };
  for (const std::string& endpoint : endpoints.bind) {
    if (zmq_bind(socket_.handle(), endpoint.c_str()) != 0) return failed("bind", endpoint);
    bound_.push_back(socket_.get(zmq::sockopt::last_endpoint));
  }
  for (const std::string& endpoint : endpoints.connect) {
    if (zmq_connect(socket_.handle(), endpoint.c_str()) != 0) return failed("connect to", endpoint);
  }
  return {};
}

void ZeroMqSocket::close(int milliseconds) {
  if (!socket_) return;
  socket_.set(zmq::sockopt::linger, milliseconds);
  socket_.close();
  context_.close();
}

}  // namespace tocsin::connectors
