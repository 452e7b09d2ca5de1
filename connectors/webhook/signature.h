// Signatures of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over
// "id.timestamp.body", base64, one for each secret, so that secrets can be changed one after the
// other. Tested by tests/unit/connectors/webhook_signature_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"

namespace tocsin::connectors {

// The bytes that sign: those behind "whsec_" are base64, any other text signs as it is. Errors do
// not hold the secret.
eventtime::Result<std::string> signing_key(std::string_view secret);

// "v1,<base64>" for each key, with blanks between them.
std::string sign_webhook(const std::vector<std::string>& keys, std::string_view id,
                         std::string_view timestamp, std::string_view body);

}  // namespace tocsin::connectors
