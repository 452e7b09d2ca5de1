// Alerts to a webhook: POST with JSON, signed as Standard Webhooks says.
//
// At least once. write() puts an alert into a queue on disk, and a thread of the sink's own
// delivers from there (webhook_sender.h), so an endpoint that is slow or down holds up nothing.
// What was flushed is delivered by this run or a later one with the same queue, unless the endpoint
// refuses it: then it is in the dead letters. An alert comes twice, with the same id, where a kill
// came between its delivery and the note of it (at most kSaveEvery later), or the answer was lost.
//
// The thread begins with resume() or the first write(). It takes no signals, and nobody forks while
// it is at work (fork_guard.h). A child that is forked has no such thread, and must leave the sink
// alone.
// Tested by tests/unit/connectors/webhook_sink_test.cc.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "connectors/state/file_storage.h"
#include "connectors/webhook/webhook_sender.h"
#include "connectors/webhook/webhook_spec.h"
#include "runtime/clock.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

class WebhookSink : public runtime::Sink {
 public:
  // The clock must outlive it, and may be asked by another thread. Makes the folder of the queue,
  // and holds it alone.
  static eventtime::Result<std::unique_ptr<WebhookSink>> open(const WebhookSpec& spec,
                                                              const runtime::Clock& clock);
  ~WebhookSink() override;  // what is not delivered yet stays in the queue

  const std::string& name() const override { return spec_.name; }
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override;
  eventtime::Result<void> sync() override;
  std::string position() const override { return queue_->position(); }
  // Waits spec.close_within for what is queued. What is left stays for the next run; in a temporary
  // queue there is none, and the error says where it lies.
  eventtime::Result<void> close() override;
  runtime::Metrics metrics() const override;

  // Why nothing gets through at the moment; "" if all is well.
  std::string trouble() const { return sender_->stats().trouble; }

 private:
  WebhookSink(WebhookSpec spec, const runtime::Clock& clock);
  eventtime::Result<void> open_queue();
  void start();
  void serve();
  void stop();
  eventtime::Result<void> clear_temporary_queue();

  WebhookSpec spec_;
  const runtime::Clock& clock_;
  bool is_temporary_ = false;
  int lock_ = -1;
  std::unique_ptr<FileStorage> storage_;
  std::unique_ptr<DeliveryQueue> queue_;
  std::unique_ptr<ProgressFile> progress_;
  std::unique_ptr<DeadLetterFile> dead_letters_;
  std::unique_ptr<WebhookSender> sender_;

  std::mutex mutex_;
  std::condition_variable changed_;  // the thread has begun, or done something
  bool ends_ = false;                // guarded: the thread shall end
  bool has_begun_ = false;           // guarded: the thread runs
  std::thread thread_;
};

}  // namespace tocsin::connectors
