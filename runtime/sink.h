// Where alerts go: one of the four doors to the world (with Source, Clock and Storage).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/metric.h"

namespace tocsin::runtime {

// An alert as it goes out. Texts are valid during the call.
struct OutgoingAlert {
  static constexpr std::string_view kAlert = "alert";

  std::string_view pattern;
  std::string_view id;   // 32 hexadecimal digits: the same match has the same id in every run
  std::string_view key;  // the JSON object of the key's fields
  eventtime::Timestamp complete;
  std::string_view json;  // one object, without a line end
  // "late" or "dead_letter" of records that a pipeline sends there, too. Then `pattern` says the
  // same, `key` is "{}", and the time of a dead letter is kEarliestTimestamp.
  std::string_view kind = kAlert;
  // Of the record that it becomes in a log (Alert::append_record_key); nothing: the pattern has no
  // key, this is no alert, or no sink of the run writes to a log.
  std::optional<std::string_view> record_key = {};
};

// Used by one thread. Alerts come in the order of completion. After an error of write(), flush() or
// sync() the sink must not be written to again; what had been synced is safe.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  // As the configuration names it.
  virtual const std::string& name() const = 0;

  // Before the first write: goes on from where position() was. What was written behind it will be
  // written again, the same; a sink that keeps what it has takes it back, one that cannot says in
  // its documentation that these alerts come twice. "": it begins empty.
  virtual eventtime::Result<void> resume(std::string_view position) = 0;

  // Takes the alert; it may stay in a buffer until flush().
  virtual eventtime::Result<void> write(const OutgoingAlert& alert) = 0;
  // What was written is on its way, or stands where the end of this program does not touch it.
  virtual eventtime::Result<void> flush() = 0;
  // What was written survives a loss of power. Called before a checkpoint, with position().
  virtual eventtime::Result<void> sync() = 0;
  // Whether sync() can be called in a forked child, where there is no other thread and nothing that
  // it changes in memory is kept. Otherwise the run waits for it.
  virtual bool syncs_anywhere() const { return false; }
  // Behind all that was written; a short text for a checkpoint.
  virtual std::string position() const = 0;
  // There is a checkpoint with this position: a run that goes on begins there, or behind.
  virtual eventtime::Result<void> settle(std::string_view position) {
    (void)position;
    return {};
  }
  // The inputs have ended, and all that they decide was written. Before close(), which is also
  // called where a run was stopped and will go on.
  virtual eventtime::Result<void> finish() { return {}; }

  // Nobody reads any more (`| head`), and that is no error: the run may end.
  virtual bool is_abandoned() const { return false; }
  // Flushes, waits for what is on its way as long as the sink promises, and closes.
  virtual eventtime::Result<void> close() = 0;

  // Of this sink; whoever asks adds its name as a label.
  virtual Metrics metrics() const { return {}; }
};

}  // namespace tocsin::runtime
