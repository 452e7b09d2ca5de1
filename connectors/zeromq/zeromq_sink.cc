#include "connectors/zeromq/zeromq_sink.h"

#include <fmt/core.h>

#include <cerrno>
#include <charconv>
#include <string_view>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

int milliseconds(eventtime::Duration span) {
  return static_cast<int>(span.micros / 1000);
}

// False: there is no room, and it did not wait or has waited long enough. A signal only begins the
// waiting anew.
bool send_frame(zmq::socket_t& socket, std::string_view frame, zmq::send_flags flags) {
  while (true) {
    try {
      return socket.send(zmq::buffer(frame), flags).has_value();
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;
    }
  }
}

}  // namespace

ZeroMqSink::ZeroMqSink(const ZeroMqSinkSpec& spec)
    : spec_(spec),
      is_pub_(spec.socket == ZeroMqSinkSpec::Socket::kPub),
      socket_(std::make_unique<ZeroMqSocket>(is_pub_ ? zmq::socket_type::pub
                                                     : zmq::socket_type::push)) {
  socket_->configure(spec.endpoints);
  zmq::socket_t& socket = socket_->socket();
  if (is_pub_) {
    socket.set(zmq::sockopt::xpub_nodrop, true);
  } else {
    // Nothing is queued for a peer that was never there.
    socket.set(zmq::sockopt::immediate, true);
    socket.set(zmq::sockopt::sndtimeo, milliseconds(spec.wait_for_room));
  }
}

ZeroMqSink::~ZeroMqSink() = default;

Result<std::unique_ptr<ZeroMqSink>> ZeroMqSink::open(const ZeroMqSinkSpec& spec) {
  Result<void> done = check_zeromq(spec);
  if (!done) return Unexpected<Error>{done.error()};
  try {
    std::unique_ptr<ZeroMqSink> sink(new ZeroMqSink(spec));
    done = sink->socket_->attach(spec.endpoints, spec.name);
    if (!done) return Unexpected<Error>{done.error()};
    return sink;
  } catch (const zmq::error_t& error) {
    return eventtime::world_error(fmt::format("zeromq '{}': {}", spec.name, error.what()));
  }
}

Result<void> ZeroMqSink::resume(std::string_view position) {
  uint64_t written = 0;
  const char* const end = position.data() + position.size();
  const auto [parsed, error] = std::from_chars(position.data(), end, written);
  if (!position.empty() && (error != std::errc() || parsed != end)) {
    return eventtime::world_error(
        fmt::format("zeromq '{}': the state has a place in its alerts that is none: '{}'",
                    spec_.name, position));
  }
  written_ = written;
  return {};
}

// Room for the first frame is room for all: libzmq counts whole messages.
bool ZeroMqSink::send(const runtime::OutgoingAlert& alert, zmq::send_flags flags) {
  zmq::socket_t& socket = socket_->socket();
  if (!send_frame(socket, alert.pattern, zmq::send_flags::sndmore | flags)) return false;
  send_frame(socket, alert.key, zmq::send_flags::sndmore);
  send_frame(socket, alert.json, zmq::send_flags::none);
  return true;
}

Result<void> ZeroMqSink::write(const runtime::OutgoingAlert& alert) {
  try {
    ++written_;
    const bool waits = waits_ && !is_pub_;
    waits_ = send(alert, waits ? zmq::send_flags::none : zmq::send_flags::dontwait);
    if (!waits_ && is_pub_) {
      // Some subscriber has just run full: now to all but such. libzmq passes over it from here on.
      ++overruns_;
      zmq::socket_t& socket = socket_->socket();
      socket.set(zmq::sockopt::xpub_nodrop, false);
      waits_ = send(alert, zmq::send_flags::dontwait);
      socket.set(zmq::sockopt::xpub_nodrop, true);
    }
    ++(waits_ ? sent_ : dropped_);
    return {};
  } catch (const zmq::error_t& error) {
    return eventtime::world_error(
        fmt::format("zeromq '{}': cannot send: {}", spec_.name, error.what()));
  }
}

Result<void> ZeroMqSink::close() {
  socket_->close(milliseconds(spec_.close_within));
  return {};
}

runtime::Metrics ZeroMqSink::metrics() const {
  using Kind = runtime::Metric::Kind;
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  runtime::Metrics metrics = {
      {"zeromq_sent_total", "Alerts that libzmq has taken.", Kind::kCounter, {}, number(sent_)}};
  if (is_pub_) {
    metrics.push_back({"zeromq_overruns_total",
                       "How often a subscriber had no room and began to miss alerts.",
                       Kind::kCounter,
                       {},
                       number(overruns_)});
  } else {
    metrics.push_back({"zeromq_dropped_total",
                       "Alerts for which no peer had room in time.",
                       Kind::kCounter,
                       {},
                       number(dropped_)});
  }
  return metrics;
}

}  // namespace tocsin::connectors
