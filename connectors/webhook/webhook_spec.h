// What a pipeline says of a webhook: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

struct WebhookSpec {
  std::string name;
  std::string url;
  // "whsec_" and base64, or any text; each signs, so that a secret can be changed.
  std::vector<std::string> secrets;
  uint32_t batch = 1;  // alerts in a request; more than 1: a JSON array
  eventtime::Duration timeout{10'000'000};
  eventtime::Duration retry_for{86'400'000'000};  // then an alert is a dead letter
  uint32_t max_in_flight = 4;
  std::optional<double> max_per_second;  // requests
  bool allow_private_addresses = false;
  std::optional<std::string> ca_file;  // instead of the system's
  // The folder of alerts that are not delivered yet. "": a temporary one, which stays where some of
  // them could not be delivered.
  std::string queue;
  std::optional<std::string> dead_letter;  // a file; "dead-letters.jsonl" in the queue otherwise
  eventtime::Duration close_within{5'000'000};  // so long the end of a run waits for deliveries
};

}  // namespace tocsin::connectors
