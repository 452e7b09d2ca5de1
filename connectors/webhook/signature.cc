#include "connectors/webhook/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;

namespace {

constexpr std::string_view kSecretPrefix = "whsec_";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// RFC 4648 with padding, nothing else in between.
bool is_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::string_view digits = text.substr(0, text.find('='));
  const std::string_view padding = text.substr(digits.size());
  return padding.size() <= 2 && padding.find_first_not_of('=') == std::string_view::npos &&
         std::all_of(digits.begin(), digits.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
         });
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

}  // namespace

Result<std::string> signing_key(std::string_view secret) {
  if (secret.empty()) return eventtime::input_error("the secret is empty");
  if (!secret.starts_with(kSecretPrefix)) return std::string(secret);
  secret.remove_prefix(kSecretPrefix.size());
  if (!is_base64(secret)) {
    return eventtime::input_error("the secret begins with 'whsec_', but no base64 follows");
  }
  std::string key(secret.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()), bytes_of(secret),
                                   static_cast<int>(secret.size()));
  TOCSIN_CHECK(size == static_cast<int>(key.size()), "all of it is base64");
  const auto padding = static_cast<size_t>(std::count(secret.end() - 2, secret.end(), '='));
  key.resize(key.size() - padding);  // OpenSSL decodes padding as zeros
  return key;
}

std::string sign_webhook(const std::vector<std::string>& keys, std::string_view id,
                         std::string_view timestamp, std::string_view body) {
  std::string content(id);
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content += '.';
  content += timestamp;
  content += '.';
  content += body;
  std::string signatures;
  for (const std::string& key : keys) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const unsigned char* const signed_by =
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(content),
             content.size(), digest.data(), &size);
    TOCSIN_CHECK(signed_by != nullptr, "OpenSSL has HMAC-SHA256");
    if (!signatures.empty()) signatures += ' ';
    signatures += "v1,";
    signatures += base64({reinterpret_cast<const char*>(digest.data()), size});
  }
  return signatures;
}

}  // namespace tocsin::connectors
