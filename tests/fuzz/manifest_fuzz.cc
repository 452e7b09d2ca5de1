// Any bytes as a manifest, and as one whose hash is right: no crash, and what is accepted is the
// same after it has been printed and read again.
#include <xxhash.h>

#include <cstdint>
#include <string>

#include "connectors/state/digest.h"
#include "connectors/state/manifest.h"
#include "eventtime/check.h"

namespace {

using tocsin::connectors::Manifest;
using tocsin::connectors::parse_manifest;
using tocsin::connectors::print_manifest;

void check(const std::string& text) {
  const auto manifest = parse_manifest(text);
  if (!manifest) return;
  const std::string printed = print_manifest(*manifest);
  const auto again = parse_manifest(printed);
  TOCSIN_CHECK(again.has_value(), "what is printed is read");
  TOCSIN_CHECK(again->files == manifest->files && again->spilled == manifest->spilled &&
                   again->meta == manifest->meta,
               "what is read is what was printed");
  TOCSIN_CHECK(print_manifest(*again) == printed, "there is one way to print it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check(bytes + "\"hash\":\"" +
        tocsin::connectors::to_hex(XXH3_128bits(bytes.data(), bytes.size())) + "\"}\n");
  return 0;
}
