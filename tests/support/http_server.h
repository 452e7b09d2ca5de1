// An HTTP server on 127.0.0.1 that behaves as a test wants it, badly for the most part.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/certificate.h"

namespace tocsin::tests {

struct SeenRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  size_t connection = 0;  // which one, from 0
};

struct Reply {
  enum class Way : uint8_t {
    kWhole,
    kClose,    // whole, and the connection ends
    kSilence,  // none; the connection stays open
    kReset,    // none; the connection is cut
    kHalf,     // a part of the body, then the connection ends
    kEndless,  // a body that goes on as long as anybody reads
    kNoHttp,   // something else
  };
  unsigned status = 200;
  Way way = Way::kWhole;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::chrono::milliseconds delay{0};
};

class HttpServer {
 public:
  // Called for each request, by any thread, one at a time.
  using Handler = std::function<Reply(const SeenRequest&)>;

  explicit HttpServer(Handler handler = {}, const Certificate* certificate = nullptr);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  uint16_t port() const { return port_; }
  std::string url(const std::string& host = "127.0.0.1") const;
  // In the order in which they came.
  std::vector<SeenRequest> requests() const;
  size_t connections() const;
  // Sent for an endless reply.
  uint64_t endless_bytes() const;

 private:
  struct Core;  // what knows of Boost
  std::unique_ptr<Core> core_;
  bool is_tls_;
  uint16_t port_ = 0;
};

}  // namespace tocsin::tests
