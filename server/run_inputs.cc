#include "server/run_inputs.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "connectors/zeromq/zeromq_source.h"
#include "patterns/diagnostic.h"
#include "server/log_inputs.h"

namespace tocsin::server {
namespace {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

Unexpected<Error> unknown_type(const std::string& type, const eventtime::Catalog& catalog) {
  std::vector<std::string> names;
  for (const eventtime::EventSchema& schema : catalog.types) names.push_back(schema.name);
  std::string help = patterns::did_you_mean(type, names);
  if (help.empty()) help = fmt::format("declared are {}", fmt::join(names, ", "));
  return eventtime::usage_error(fmt::format("there is no event type '{}'; {}", type, help));
}

Result<connectors::DecodeOptions> decoding_of(const RunInput& input,
                                              const eventtime::Catalog& catalog) {
  connectors::DecodeOptions decoding;
  decoding.cloud_events = input.format == InputFormat::kCloudEvents;
  decoding.type_field = input.type_field;
  if (!input.type) return decoding;
  decoding.type = catalog.find(*input.type);
  if (!decoding.type) return unknown_type(*input.type, catalog);
  return decoding;
}

}  // namespace

Result<std::unique_ptr<connectors::FileSource>> open_input(const RunInput& input,
                                                           const eventtime::Catalog& catalog) {
  connectors::SourceSpec spec;
  spec.path = input.path;
  spec.follow = input.follow;
  if (input.format) {
    spec.format =
        *input.format == InputFormat::kCsv ? connectors::Format::kCsv : connectors::Format::kJson;
  }
  Result<connectors::DecodeOptions> decoding = decoding_of(input, catalog);
  if (!decoding) return Unexpected<Error>{decoding.error()};
  spec.decoding = *std::move(decoding);
  return connectors::open_source(spec, catalog);
}

namespace {

using Stream = Result<std::unique_ptr<runtime::Source>>;

template <class T>
Stream opened_stream(Result<std::unique_ptr<T>> opened) {
  if (!opened) return Unexpected<Error>{opened.error()};
  return Stream(*std::move(opened));
}

}  // namespace

Stream open_stream(const RunInput& input, const eventtime::Catalog& catalog) {
  if (input.log != nullptr) return opened_stream(open_log(*input.log, catalog));
  const Result<connectors::DecodeOptions> decoding = decoding_of(input, catalog);
  if (!decoding) return Unexpected<Error>{decoding.error()};
  return opened_stream(connectors::ZeroMqSource::open(*input.zeromq, *decoding, catalog));
}

}  // namespace tocsin::server
