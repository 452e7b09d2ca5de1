// Requests to one endpoint with libcurl, several at a time, by one thread.
//
// Never follows a redirect, uses no proxy whatever the environment says, verifies certificates and
// their names, speaks TLS 1.2 or newer, HTTP/1.1 with connections that stay open. An address is
// looked at when the connection to it is opened: no second look-up of the name can lead elsewhere.
// An answer's body is read up to kMaxAnswerBytes and thrown away.
// Tested by tests/unit/connectors/webhook_http_test.cc.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connectors/webhook/webhook_spec.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

struct HttpRequest {
  uint64_t token = 0;                // of the caller
  std::vector<std::string> headers;  // "name: value"
  std::string body;
};

struct HttpAnswer {
  uint64_t token = 0;
  long status = 0;          // 0: there was no whole answer
  std::string fault;        // why, then
  std::string retry_after;  // the header's text
};

class HttpClient {
 public:
  static constexpr size_t kMaxAnswerBytes = size_t{64} << 10;

  // A spec that has been checked; it must outlive the client.
  explicit HttpClient(const WebhookSpec& spec);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();  // gives up what is under way

  size_t in_flight() const { return in_flight_; }
  // At most spec.max_in_flight at a time.
  void start(HttpRequest request);
  // Waits for news up to so many milliseconds, or for wake(); without a ForkGuard.
  void wait(int milliseconds);
  // The requests that have ended.
  std::vector<HttpAnswer> take_answers();
  // From any thread.
  void wake() { curl_multi_wakeup(multi_); }

 private:
  struct Transfer {
    const WebhookSpec* spec = nullptr;
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    HttpRequest request;
    HttpAnswer answer;
    size_t answer_bytes = 0;
    std::string refused;  // an address that the connection would have gone to
    std::vector<char> error = std::vector<char>(CURL_ERROR_SIZE);
    bool is_free = true;
  };
  static size_t on_body(char* bytes, size_t size, size_t count, void* transfer);
  static size_t on_header(char* bytes, size_t size, size_t count, void* transfer);
  static curl_socket_t on_socket(void* transfer, curlsocktype purpose, curl_sockaddr* address);
  void perform(int& running);
  void prepare(Transfer& transfer) const;
  static void finish(Transfer& transfer, CURLcode code);

  const WebhookSpec& spec_;
  CURLM* multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // made as they are needed, then used again
  size_t in_flight_ = 0;
};

}  // namespace tocsin::connectors
