// Logins with planted break-ins: the kind `logins`.
//
// Fraud: brute_force (one address tries many passwords of one user and gets in) and
// password_spraying (one address tries one password on many users). They look like
// forgotten_password and office_address, which are legitimate.
#pragma once

#include <string>

#include "connectors/synthetic/random.h"
#include "connectors/synthetic/stream.h"
#include "connectors/synthetic/world.h"

namespace tocsin::connectors::synthetic {

struct LoginEvent : Scheduled {
  uint32_t user = 0;
  uint32_t device = 0;
  uint32_t ip = 0;
  uint32_t city = 0;
  bool success = true;
};

class LoginStream final : public ScheduledStream<LoginEvent> {
 public:
  LoginStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second);

  void write(RecordWriter& out) const override;

 protected:
  void background(Timestamp now) override;
  Duration gap(Timestamp now) override;
  std::string id_of(const LoginEvent& event) const override;

 private:
  Customer somebody();
  LoginEvent login(const Customer& user, Timestamp now) const;
  LoginEvent stranger();
  void begin_incident(Timestamp now);
  void brute_force(Timestamp now);
  void password_spraying(Timestamp now);
  void forgotten_password(Timestamp now);
  void office_address(Timestamp now);

  World world_;
  Random random_;
  Deck deck_;
  uint32_t next_device_;
  int64_t mean_gap_micros_;
};

}  // namespace tocsin::connectors::synthetic
