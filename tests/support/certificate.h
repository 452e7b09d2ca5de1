// Certificates that sign themselves, made anew by each test.
#pragma once

#include <string>

namespace tocsin::tests {

struct Certificate {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

// For "localhost" or "127.0.0.1"; from an hour ago, for so many seconds.
Certificate make_certificate(const std::string& host, long valid_seconds = 7200);

}  // namespace tocsin::tests
