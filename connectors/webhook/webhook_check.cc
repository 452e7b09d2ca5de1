#include "connectors/webhook/webhook_check.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "connectors/webhook/address.h"
#include "connectors/webhook/signature.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

using Url = std::unique_ptr<CURLU, void (*)(CURLU*)>;

std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

Unexpected<Error> wrong(const WebhookSpec& spec, std::string_view what) {
  return eventtime::input_error(fmt::format("webhook '{}': {}", spec.name, what));
}

Result<void> check_url(const WebhookSpec& spec) {
  if (spec.url.empty()) return wrong(spec, "it has no URL, give it one");
  const Url url(curl_url(), &curl_url_cleanup);
  const CURLUcode parsed = curl_url_set(url.get(), CURLUPART_URL, spec.url.c_str(), 0);
  if (parsed != CURLUE_OK) {
    return wrong(spec, fmt::format("the URL cannot be used: {}", curl_url_strerror(parsed)));
  }
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return wrong(spec, fmt::format("the URL begins with '{}', use https or http", scheme));
  }
  if (!part_of(url, CURLUPART_USER).empty() || !part_of(url, CURLUPART_PASSWORD).empty()) {
    return wrong(spec, "the URL holds a user or a password; alerts are signed with a secret");
  }
  std::string host = part_of(url, CURLUPART_HOST);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const std::string_view special = special_address(std::string_view(host));
  if (!special.empty() && !spec.allow_private_addresses) {
    return wrong(spec, fmt::format("the address {} is {}; allow_private_addresses = true lets "
                                   "alerts go there",
                                   host, special));
  }
  return {};
}

Result<void> check_limits(const WebhookSpec& spec) {
  constexpr uint32_t kMaxBatch = 10'000;
  constexpr uint32_t kMaxInFlight = 256;
  if (spec.batch < 1 || spec.batch > kMaxBatch) {
    return wrong(spec, fmt::format("batch is {}, use 1 to {}", spec.batch, kMaxBatch));
  }
  if (spec.max_in_flight < 1 || spec.max_in_flight > kMaxInFlight) {
    return wrong(spec,
                 fmt::format("max_in_flight is {}, use 1 to {}", spec.max_in_flight, kMaxInFlight));
  }
  const double rate = spec.max_per_second.value_or(1);
  if (!std::isfinite(rate) || rate < 1e-3 || rate > 1e6) {
    return wrong(spec, fmt::format("max_per_second is {}, use 0.001 to 1000000", rate));
  }
  if (spec.timeout.micros < 1000) return wrong(spec, "timeout is less than 1ms");
  if (spec.retry_for.micros < 0) return wrong(spec, "retry_for is less than 0s");
  if (spec.close_within.micros < 0) return wrong(spec, "close_within is less than 0s");
  return {};
}

}  // namespace

std::string shown_endpoint(const std::string& text) {
  const Url url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return "the endpoint";
  const std::string port = part_of(url, CURLUPART_PORT);
  return fmt::format("{}://{}{}{}", part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST),
                     port.empty() ? "" : ":", port);
}

Result<void> check_webhook(const WebhookSpec& spec) {
  Result<void> checked = check_url(spec);
  if (checked) checked = check_limits(spec);
  if (!checked) return checked;
  for (const std::string& secret : spec.secrets) {
    const Result<std::string> key = signing_key(secret);
    if (!key) return wrong(spec, key.error().message);
  }
  if (spec.ca_file && !std::ifstream(*spec.ca_file)) {
    return wrong(
        spec, fmt::format("cannot read the ca_file '{}': {}", *spec.ca_file, std::strerror(errno)));
  }
  return {};
}

}  // namespace tocsin::connectors
