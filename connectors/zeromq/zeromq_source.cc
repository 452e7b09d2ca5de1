#include "connectors/zeromq/zeromq_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "connectors/json/json_decoder.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::SourcePosition;

namespace {

constexpr size_t kMaxBatchBytes = size_t{8} << 20;  // and one message

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace

void ZeroMqSource::Format::append_json(std::string& out, std::string_view raw,
                                       eventtime::TypeId) const {
  const size_t begin = out.size();
  out += raw;
  // In valid JSON none of them stands inside a string.
  std::replace_if(
      out.begin() + static_cast<ptrdiff_t>(begin), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

ZeroMqSource::ZeroMqSource(const ZeroMqSourceSpec& spec, const DecodeOptions& decoding,
                           const eventtime::Catalog& catalog)
    : spec_(spec), catalog_(catalog) {
  const bool is_sub = spec.socket == ZeroMqSourceSpec::Socket::kSub;
  socket_ = std::make_unique<ZeroMqSocket>(is_sub ? zmq::socket_type::sub : zmq::socket_type::pull);
  if (!spec.event_frame) {
    decoders_.push_back(std::make_unique<JsonDecoder>(catalog, decoding));
    return;
  }
  for (size_t type = 0; type < catalog.types.size(); ++type) {
    const DecodeOptions its = {static_cast<eventtime::TypeId>(type), std::nullopt};
    decoders_.push_back(std::make_unique<JsonDecoder>(catalog, its));
  }
}

ZeroMqSource::~ZeroMqSource() = default;

Result<std::unique_ptr<ZeroMqSource>> ZeroMqSource::open(const ZeroMqSourceSpec& spec,
                                                         const DecodeOptions& decoding,
                                                         const eventtime::Catalog& catalog) {
  Result<void> done = check_zeromq(spec);
  if (!done) return Unexpected<Error>{done.error()};
  try {
    std::unique_ptr<ZeroMqSource> source(new ZeroMqSource(spec, decoding, catalog));
    source->socket_->configure(spec.endpoints);
    if (spec.socket == ZeroMqSourceSpec::Socket::kSub) {
      for (const std::string& prefix : spec.subscribe) {
        source->socket_->socket().set(zmq::sockopt::subscribe, prefix);
      }
    }
    done = source->socket_->attach(spec.endpoints, spec.name);
    if (!done) return Unexpected<Error>{done.error()};
    return source;
  } catch (const zmq::error_t& error) {
    return eventtime::world_error(fmt::format("zeromq '{}': {}", spec.name, error.what()));
  }
}

Result<bool> ZeroMqSource::read(Batch& batch, size_t max_records) {
  TOCSIN_CHECK(max_records > 0, "a batch has room for a record");
  messages_.clear();
  std::vector<char>& raw = batch.raw;
  raw.clear();
  Result<bool> more = true;
  while (messages_.size() < max_records && raw.size() < kMaxBatchBytes) {
    Message message;
    more = receive(raw, message);
    if (!more || !*more) break;
    messages_.push_back(std::move(message));
  }
  if (messages_.empty()) return more ? Result<bool>(true) : more;
  raw.resize(raw.size() + kPaddingBytes);
  decode(batch);
  return true;  // an error comes again with the next read
}

// The line end keeps a string that does not end from going on in the next message.
Result<bool> ZeroMqSource::receive(std::vector<char>& raw, Message& message) {
  frames_.clear();
  try {
    do {
      frames_.emplace_back();
      if (!socket_->socket().recv(frames_.back(), zmq::recv_flags::dontwait)) return false;
    } while (frames_.back().more());
  } catch (const zmq::error_t& error) {
    if (error.num() == EINTR) return false;  // before the first frame: the others are there
    return eventtime::world_error(
        fmt::format("zeromq '{}': cannot receive: {}", spec_.name, error.what()));
  }
  const std::string_view body = trimmed(frames_.back().to_string_view());
  bytes_ += frames_.back().size();
  message.span = {static_cast<uint32_t>(raw.size()), static_cast<uint32_t>(body.size()), false};
  raw.insert(raw.end(), body.begin(), body.end());
  raw.push_back('\n');
  take_type(frames_, message);
  if (message.refusal.empty() && body.empty()) message.refusal = "no JSON object";
  return true;
}

void ZeroMqSource::take_type(const std::vector<zmq::message_t>& frames, Message& message) const {
  if (!spec_.event_frame) return;
  if (*spec_.event_frame + 1 >= frames.size()) {
    message.refusal = fmt::format("no frame {} that names the event's type before the body, of {}",
                                  *spec_.event_frame, frames.size());
    return;
  }
  const std::string_view name = frames[*spec_.event_frame].to_string_view();
  const auto type = catalog_.find(name);
  if (type) {
    message.decoder = *type;
  } else {
    message.refusal = unknown_type_reason(name);
  }
}

// Messages of one type after the other go to its decoder together.
void ZeroMqSource::decode(Batch& batch) {
  for (size_t i = 0; i < messages_.size();) {
    Message& first = messages_[i];
    if (!first.refusal.empty()) {
      const std::string_view raw(batch.raw.data() + first.span.begin, first.span.size);
      batch.rejects.push_back({records_++, std::move(first.refusal), std::string(raw)});
      ++i;
      continue;
    }
    spans_.clear();
    for (; i < messages_.size(); ++i) {
      const Message& message = messages_[i];
      if (!message.refusal.empty() || message.decoder != first.decoder) break;
      spans_.push_back(message.span);
    }
    Decoder& decoder = *decoders_[first.decoder];
    decoder.resume(records_, runtime::LineState::kEnded);
    decoder.decode(spans_, batch);
    records_ += spans_.size();
  }
}

SourcePosition ZeroMqSource::position() const {
  SourcePosition position;
  position.records = records_;
  position.bytes = bytes_;
  return position;
}

Result<void> ZeroMqSource::resume(const SourcePosition& position) {
  records_ = position.records;
  bytes_ = position.bytes;
  return {};
}

}  // namespace tocsin::connectors
