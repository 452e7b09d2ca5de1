// Alerts to ZeroMQ: PUB or PUSH, messages of three frames: the pattern's name, the key as a JSON
// object, the alert as a JSON object.
//
// At most once on the way, and again after a restart: what was written behind a checkpoint is
// written again, with the same ids, and ZeroMQ takes nothing back.
//
// PUB never waits. A subscriber for which some high_water_mark alerts are waiting misses the next
// ones, until half of them are gone; all others get them. That this begins is counted, for all
// subscribers that run full at the same alert once. How many alerts are missed libzmq does not
// tell, nor that there is no subscriber at all.
//
// PUSH waits for room at the peers, or for a peer, as long as wait_for_room; then the alert is
// dropped and counted, and later ones are dropped at once until one goes through. What libzmq has
// taken for a peer that dies is gone, which it does not tell either.
//
// Tested by tests/unit/connectors/zeromq_test.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/zeromq/zeromq_socket.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

class ZeroMqSink : public runtime::Sink {
 public:
  static eventtime::Result<std::unique_ptr<ZeroMqSink>> open(const ZeroMqSinkSpec& spec);
  ~ZeroMqSink() override;

  const std::string& name() const override { return spec_.name; }
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override { return {}; }  // libzmq sends by itself
  eventtime::Result<void> sync() override { return {}; }   // nothing of it survives
  std::string position() const override { return std::to_string(written_); }
  eventtime::Result<void> close() override;
  runtime::Metrics metrics() const override;

  // Of PUSH; and of PUB, how often a subscriber ran full.
  uint64_t dropped() const { return dropped_; }
  uint64_t overruns() const { return overruns_; }
  const std::vector<std::string>& bound() const { return socket_->bound(); }

 private:
  explicit ZeroMqSink(const ZeroMqSinkSpec& spec);
  bool send(const runtime::OutgoingAlert& alert, zmq::send_flags flags);

  ZeroMqSinkSpec spec_;
  bool is_pub_;
  std::unique_ptr<ZeroMqSocket> socket_;
  uint64_t written_ = 0;  // by this run and those before
  uint64_t sent_ = 0;
  uint64_t dropped_ = 0;
  uint64_t overruns_ = 0;
  bool waits_ = true;  // for room: the last alert has gone through
};

}  // namespace tocsin::connectors
