// What sources and sinks of ZeroMQ share: a socket of its own context, with its endpoints and keys.
//
// Numbers of peers are not limited and their names not known: with CURVE a client proves that it
// talks to this server, and everything is encrypted; who has the server's public key may connect.
// A child that is forked must not touch it. Tested by tests/unit/connectors/zeromq_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "connectors/zeromq/zeromq_spec.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

// What can be said of the settings without the network; no message holds a secret key.
eventtime::Result<void> check_zeromq(const ZeroMqSourceSpec& spec);
eventtime::Result<void> check_zeromq(const ZeroMqSinkSpec& spec);

// Used by one thread.
class ZeroMqSocket {
 public:
  // Messages of more bytes end the connection they came over.
  static constexpr int64_t kMaxMessageBytes = int64_t{16} << 20;

  explicit ZeroMqSocket(zmq::socket_type type) : socket_(context_, type) {}

  // Sets what `endpoints` says; then the caller sets what is special; then attach().
  void configure(const ZeroMqEndpoints& endpoints);
  eventtime::Result<void> attach(const ZeroMqEndpoints& endpoints, const std::string& name);

  zmq::socket_t& socket() { return socket_; }
  // Where it is bound: "tcp://127.0.0.1:*" says which port it has got.
  const std::vector<std::string>& bound() const { return bound_; }
  // Waits for what is queued at most so long.
  void close(int milliseconds);

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::vector<std::string> bound_;
};

}  // namespace tocsin::connectors
