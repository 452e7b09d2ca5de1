// Events from ZeroMQ: SUB or PULL, one JSON object in the last frame of each message.
//
// At most once. ZeroMQ gives nothing back: what was received since the last checkpoint is gone
// after a kill, and so is what a publisher sent while nobody listened, or while high_water_mark
// messages were waiting here. A place is therefore just how many messages came, and any is taken;
// records after a restart are numbered on from there.
//
// Tested by tests/unit/connectors/zeromq_test.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/decoder.h"
#include "connectors/zeromq/zeromq_socket.h"
#include "runtime/source.h"

namespace tocsin::connectors {

class ZeroMqSource : public runtime::Source {
 public:
  // `decoding` is how the type is told where no frame names it. The catalog must outlive the
  // source. Errors are those of check_zeromq(), or the world's.
  static eventtime::Result<std::unique_ptr<ZeroMqSource>> open(const ZeroMqSourceSpec& spec,
                                                               const DecodeOptions& decoding,
                                                               const eventtime::Catalog& catalog);
  ~ZeroMqSource() override;

  const std::string& name() const override { return spec_.name; }
  const eventtime::RecordFormat& format() const override { return format_; }
  // Never waits and never ends. Messages without the frame, of an unknown type, or without JSON are
  // refused.
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override;
  runtime::SourcePosition position() const override;
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override;
  uint64_t bytes_read() const override { return bytes_; }
  std::optional<uint64_t> bytes_total() const override { return std::nullopt; }

  const std::vector<std::string>& bound() const { return socket_->bound(); }

 private:
  // As it came, but on one line.
  class Format : public eventtime::RecordFormat {
   public:
    void append_json(std::string& out, std::string_view raw, eventtime::TypeId type) const override;
  };
  struct Message {
    RecordSpan span;
    size_t decoder = 0;
    std::string refusal;  // instead of decoding it
  };

  ZeroMqSource(const ZeroMqSourceSpec& spec, const DecodeOptions& decoding,
               const eventtime::Catalog& catalog);
  // False: there is none now.
  eventtime::Result<bool> receive(std::vector<char>& raw, Message& message);
  void take_type(const std::vector<zmq::message_t>& frames, Message& message) const;
  void decode(eventtime::Batch& batch);

  ZeroMqSourceSpec spec_;
  const eventtime::Catalog& catalog_;
  Format format_;
  std::unique_ptr<ZeroMqSocket> socket_;
  // Where a frame names the type, one for each; else the only one.
  std::vector<std::unique_ptr<Decoder>> decoders_;
  std::vector<Message> messages_;  // reused, as these
  std::vector<RecordSpan> spans_;
  std::vector<zmq::message_t> frames_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace tocsin::connectors
