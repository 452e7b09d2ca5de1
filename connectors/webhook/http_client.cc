#include "connectors/webhook/http_client.h"

#include <fmt/core.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "connectors/webhook/address.h"
#include "connectors/webhook/fork_guard.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

namespace {

constexpr std::string_view kRetryAfter = "retry-after:";

void begin_curl() {
  static const CURLcode kBegun = curl_global_init(CURL_GLOBAL_DEFAULT);
  TOCSIN_CHECK(kBegun == CURLE_OK, "libcurl can be used");
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  TOCSIN_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

}  // namespace

HttpClient::HttpClient(const WebhookSpec& spec) : spec_(spec) {
  begin_curl();
  multi_ = curl_multi_init();
  TOCSIN_CHECK(multi_ != nullptr, "memory for libcurl");
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(spec.max_in_flight));
}

HttpClient::~HttpClient() {
  for (const auto& transfer : transfers_) {
    if (!transfer->is_free) curl_multi_remove_handle(multi_, transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->easy);
  }
  curl_multi_cleanup(multi_);
}

size_t HttpClient::on_body(char*, size_t size, size_t count, void* transfer) {
  size_t& bytes = static_cast<Transfer*>(transfer)->answer_bytes;
  bytes += size * count;
  return bytes > kMaxAnswerBytes ? 0 : size * count;  // 0 ends the transfer
}

size_t HttpClient::on_header(char* bytes, size_t size, size_t count, void* transfer) {
  const std::string_view line(bytes, size * count);
  std::string& wanted = static_cast<Transfer*>(transfer)->answer.retry_after;
  if (line.size() > kRetryAfter.size() &&
      ::strncasecmp(line.data(), kRetryAfter.data(), kRetryAfter.size()) == 0) {
    wanted = line.substr(kRetryAfter.size());
  }
  return size * count;
}

curl_socket_t HttpClient::on_socket(void* data, curlsocktype, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(data);
  const std::string_view special = special_address(address->addr);
  if (!special.empty() && !transfer.spec->allow_private_addresses) {
    transfer.refused =
        fmt::format("its address {} is {}; allow_private_addresses = true lets alerts go there",
                    address_text(address->addr), special);
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void HttpClient::prepare(Transfer& transfer) const {
  CURL* const easy = transfer.easy;
  set(easy, CURLOPT_URL, spec_.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // the environment's would see addresses and alerts
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (spec_.ca_file) {
    set(easy, CURLOPT_CAINFO, spec_.ca_file->c_str());
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // instead of the system's
  }
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  const auto timeout = static_cast<long>(spec_.timeout.micros / 1000);
  set(easy, CURLOPT_TIMEOUT_MS, timeout);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_USERAGENT, "tocsin-webhook/1");
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_WRITEFUNCTION, &HttpClient::on_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, &HttpClient::on_header);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &HttpClient::on_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  set(easy, CURLOPT_ERRORBUFFER, transfer.error.data());
  set(easy, CURLOPT_PRIVATE, &transfer);
}

void HttpClient::start(HttpRequest request) {
  TOCSIN_CHECK(in_flight_ < spec_.max_in_flight, "so many requests at a time and no more");
  if (in_flight_ == transfers_.size()) {
    transfers_.push_back(std::make_unique<Transfer>());
    transfers_.back()->spec = &spec_;
    transfers_.back()->easy = curl_easy_init();
    TOCSIN_CHECK(transfers_.back()->easy != nullptr, "memory for libcurl");
    prepare(*transfers_.back());
  }
  Transfer& transfer = **std::find_if(transfers_.begin(), transfers_.end(),
                                      [](const auto& each) { return each->is_free; });
  transfer.is_free = false;
  transfer.answer = {.token = request.token, .status = 0, .fault = {}, .retry_after = {}};
  transfer.answer_bytes = 0;
  transfer.refused.clear();
  transfer.error.front() = '\0';
  transfer.request = std::move(request);
  curl_slist_free_all(transfer.headers);
  transfer.headers = curl_slist_append(nullptr, "expect:");  // no round trip before a long body
  for (const std::string& header : transfer.request.headers) {
    transfer.headers = curl_slist_append(transfer.headers, header.c_str());
  }
  set(transfer.easy, CURLOPT_HTTPHEADER, transfer.headers);
  set(transfer.easy, CURLOPT_POSTFIELDSIZE_LARGE,
      static_cast<curl_off_t>(transfer.request.body.size()));
  set(transfer.easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
  TOCSIN_CHECK(curl_multi_add_handle(multi_, transfer.easy) == CURLM_OK, "libcurl takes it");
  ++in_flight_;
}

void HttpClient::perform(int& running) {
  const ForkGuard guard;
  curl_multi_perform(multi_, &running);
}

void HttpClient::wait(int milliseconds) {
  int running = 0;
  perform(running);
  // What has ended is worth more than waiting.
  if (static_cast<size_t>(running) == in_flight_ && milliseconds > 0) {
    curl_multi_poll(multi_, nullptr, 0, milliseconds, nullptr);
    perform(running);
  }
}

// A body that was too long, or that was, does not take back what the status has said.
void HttpClient::finish(Transfer& transfer, CURLcode code) {
  HttpAnswer& answer = transfer.answer;
  const bool is_cut = code == CURLE_WRITE_ERROR && transfer.answer_bytes > kMaxAnswerBytes;
  if (code == CURLE_OK || is_cut) {
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &answer.status);
  }
  if (answer.status != 0) return;
  if (!transfer.refused.empty()) {
    answer.fault = transfer.refused;
  } else if (transfer.error.front() != '\0') {
    answer.fault = transfer.error.data();
  } else {
    answer.fault = curl_easy_strerror(code);
  }
}

std::vector<HttpAnswer> HttpClient::take_answers() {
  std::vector<HttpAnswer> answers;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* const easy = message->easy_handle;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    finish(*transfer, code);
    curl_multi_remove_handle(multi_, easy);
    transfer->is_free = true;
    transfer->request = {};
    --in_flight_;
    answers.push_back(std::move(transfer->answer));
  }
  return answers;
}

}  // namespace tocsin::connectors
