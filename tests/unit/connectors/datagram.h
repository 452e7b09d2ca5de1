// The worked example of docs/connectors.md: events and alerts as datagrams (UDP). Whole and used by
// tests/unit/connectors/datagram_test.cc, which also sees to it that the document shows what stands
// here.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "connectors/json/json_decoder.h"
#include "connectors/record_splitter.h"
#include "runtime/sink.h"
#include "runtime/source.h"

namespace tocsin::connectors {

// A socket on 127.0.0.1. Not left to programs that are started.
class DatagramSocket {
 public:
  DatagramSocket() : file_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  ~DatagramSocket() { ::close(file_); }

  int file() const { return file_; }
  static sockaddr_in address(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

 private:
  int file_;
};

inline eventtime::Unexpected<eventtime::Error> datagram_error(std::string_view what) {
  return eventtime::world_error(std::string(what) + ": " + std::strerror(errno));
}

// One alert a datagram. At most once on the way, and again behind a checkpoint.
class DatagramSink : public runtime::Sink {
 public:
  DatagramSink(std::string name, uint16_t port)
      : name_(std::move(name)), to_(DatagramSocket::address(port)) {}

  const std::string& name() const override { return name_; }

  // What went out cannot be taken back: it comes twice. All there is to go on with is the count.
  eventtime::Result<void> resume(std::string_view position) override {
    std::from_chars(position.data(), position.data() + position.size(), written_);
    return {};
  }
  std::string position() const override { return std::to_string(written_); }

  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override {
    ++written_;
    const ssize_t sent = ::sendto(socket_.file(), alert.json.data(), alert.json.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&to_), sizeof(to_));
    // A receiver that is slow or away must not hold up the engine: count what it misses.
    if (sent < 0) ++dropped_;
    return {};
  }
  eventtime::Result<void> flush() override { return {}; }
  eventtime::Result<void> sync() override { return {}; }
  eventtime::Result<void> close() override { return {}; }

  runtime::Metrics metrics() const override {
    return {{"datagram_dropped_total",
             "Alerts that the system did not take.",
             runtime::Metric::Kind::kCounter,
             {},
             static_cast<double>(dropped_)}};
  }

 private:
  std::string name_;
  DatagramSocket socket_;
  sockaddr_in to_;
  uint64_t written_ = 0;
  uint64_t dropped_ = 0;
};

// One JSON object a datagram.
class DatagramSource : public runtime::Source {
 public:
  DatagramSource(std::string name, const eventtime::Catalog& catalog)
      : name_(std::move(name)), decoder_(catalog, {}) {}

  eventtime::Result<void> bind(uint16_t port) {
    const sockaddr_in here = DatagramSocket::address(port);
    const auto* const address = reinterpret_cast<const sockaddr*>(&here);
    if (::bind(socket_.file(), address, sizeof(here)) != 0) return datagram_error("cannot bind");
    return {};
  }

  const std::string& name() const override { return name_; }
  const eventtime::RecordFormat& format() const override { return decoder_.format(); }

  // Bodies stand in batch.raw one behind the other, each as a line, with padding behind the last.
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override {
    std::vector<RecordSpan> spans;
    std::vector<char> body(65536);
    batch.raw.clear();
    while (spans.size() < max_records) {
      const ssize_t size = ::recv(socket_.file(), body.data(), body.size(), 0);
      if (size < 0 && errno != EAGAIN && errno != EINTR) return datagram_error("cannot receive");
      if (size < 0) break;
      const std::string_view line(body.data(), static_cast<size_t>(size));
      if (is_blank(line) || line.find('\n') != std::string_view::npos) continue;
      spans.push_back({static_cast<uint32_t>(batch.raw.size()), static_cast<uint32_t>(size)});
      batch.raw.insert(batch.raw.end(), body.data(), body.data() + size);
      batch.raw.push_back('\n');
    }
    batch.raw.resize(batch.raw.size() + kPaddingBytes);
    decoder_.resume(records_, runtime::LineState::kEnded);
    decoder_.decode(spans, batch);
    records_ += spans.size();
    return true;  // live: nothing now is not the end
  }

  // Datagrams do not come again: a place is how many there were, and any will do.
  runtime::SourcePosition position() const override {
    runtime::SourcePosition position;
    position.records = records_;
    return position;
  }
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override {
    records_ = position.records;
    return {};
  }
  uint64_t bytes_read() const override { return 0; }
  std::optional<uint64_t> bytes_total() const override { return std::nullopt; }

  uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof(here);
    ::getsockname(socket_.file(), reinterpret_cast<sockaddr*>(&here), &size);
    return ntohs(here.sin_port);
  }

 private:
  std::string name_;
  DatagramSocket socket_;
  JsonDecoder decoder_;
  uint64_t records_ = 0;
};

}  // namespace tocsin::connectors
