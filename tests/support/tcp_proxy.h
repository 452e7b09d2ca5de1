// A TCP proxy on 127.0.0.1 that disturbs what goes through it: between a client and its server,
// both on this machine. One thread; every order is carried out when its function returns.
//
// Tested by tests/unit/connectors/tcp_proxy_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

namespace tocsin::tests {

class TcpProxy {
 public:
  // On a port chosen by the system; each connection is passed on to port `to`.
  explicit TcpProxy(uint16_t to);
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;
  ~TcpProxy();

  uint16_t port() const { return port_; }

  // Resets all connections; what they had on its way is lost.
  void cut();
  // New connections are reset; those there are stay.
  void refuse(bool refused);
  // What comes from now on is passed on so much later, in each direction.
  void delay(std::chrono::milliseconds time);
  // Nothing is passed on, and nobody is told: a black hole. What came meanwhile is passed on when
  // it is over, unless it has been cut.
  void hold(bool held);
  // After so many more bytes, of all connections together, the one that brings the last of them is
  // reset behind it. Once.
  void cut_after(size_t bytes);

  size_t connections() const;  // that were accepted, and not refused
  size_t open() const;         // of these, still there
  uint64_t passed() const;     // bytes

 private:
  struct Core;
  void order(const std::function<void()>& work) const;

  std::unique_ptr<Core> core_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tocsin::tests
