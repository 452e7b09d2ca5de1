// What can be said of a webhook's settings without the network.
// Tested by tests/unit/connectors/webhook_check_test.cc.
#pragma once

#include <string>

#include "connectors/webhook/webhook_spec.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

// As messages name the endpoint: "https://example.test:8443". Its path and query may be secret.
std::string shown_endpoint(const std::string& url);

// The first thing that is wrong; no message holds a secret or the path of the URL.
eventtime::Result<void> check_webhook(const WebhookSpec& spec);

}  // namespace tocsin::connectors
