// Takes events to the patterns that they concern, so that an event costs what it concerns: most
// concern nothing, and are not even put into order.
//
// Conditions that look only at the event are decided for a whole batch and for all patterns
// together (nfa/predicate.h). From a condition that holds the way leads to the patterns that it can
// begin, and of those that it can continue only to the ones with something to continue: of
// thousands of patterns few have. For one thread. Tested by tests/unit/runtime/dispatcher_test.cc.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"
#include "nfa/predicate.h"
#include "runtime/batch_shelf.h"

namespace tocsin::runtime {

class Dispatcher {
 public:
  explicit Dispatcher(size_t types) : want_all_(types) {}

  // Where conditions of patterns are compiled to. Before the first batch.
  nfa::PredicateSet& predicates() { return predicates_; }
  const nfa::PredicateSet& predicates() const { return predicates_; }

  // Patterns come in the order of their numbers. Events concern this one where one of `first`
  // holds, or one of `later` while it is active.
  void add(uint32_t pattern, const std::vector<nfa::StepPredicate>& first,
           const std::vector<nfa::StepPredicate>& later);
  // All events of the type concern the pattern.
  void add_all(uint32_t pattern, eventtime::TypeId type);

  // A place among patterns that share their first events (pair_group.h).
  struct Seat {
    static constexpr uint32_t kNone = UINT32_MAX;

    uint32_t group = kNone;
    uint32_t number = 0;  // in the group
  };
  // After add(). Seats are taken when all are known, and left group by group. Even without seats
  // take_seats() makes ways shorter.
  void seat(uint32_t pattern, Seat seat);
  void take_seats();
  void clear_seats(uint32_t group);

  // The pattern has something that a later event can continue, or has not.
  void activate(uint32_t pattern) {
    if (is_active_[pattern] == 0) make_active(pattern);
  }
  void deactivate(uint32_t pattern);
  const std::vector<uint32_t>& active() const { return active_; }

  // Fills in which conditions hold for which rows of `loaded.batch`.
  void decide(LoadedBatch& loaded);
  // Calls `visit(pattern, may_begin)` for each pattern that a row of a batch concerns, perhaps more
  // than once. Where the condition is that of one pattern only, `visit_seat(seat, pattern,
  // may_begin)` instead if it has a seat, else `visit_only(pattern, may_begin)`. They may activate
  // it.
  template <typename Visit, typename VisitOnly, typename VisitSeat>
  [[gnu::always_inline]] void visit(const LoadedBatch& loaded, size_t row, const Visit& visit,
                                    const VisitOnly& visit_only,
                                    const VisitSeat& visit_seat) const {
    if (wants_all_) {
      for (const uint32_t pattern : want_all_[loaded.batch->rows[row].type]) visit(pattern, true);
    }
    const OnlyUser* const only_users = only_users_.data();
    const uint8_t* const is_active = is_active_.data();
    const nfa::StepPredicate* hit = loaded.hits.data() + loaded.first_hit[row];
    const nfa::StepPredicate* const end = loaded.hits.data() + loaded.first_hit[row + 1];
    for (; hit != end; ++hit) {
      const OnlyUser& only = only_users[*hit];
      if (only.exists) {
        if (!only.begins && is_active[only.pattern] == 0) continue;
        if (only.seat.group != Seat::kNone) {
          visit_seat(only.seat, only.pattern, only.begins);
        } else {
          visit_only(only.pattern, only.begins);
        }
        continue;
      }
      if (end - hit > kPrefetched && is_large()) eventtime::prefetch(&users_[hit[kPrefetched]]);
      const Users& users = users_[*hit];
      for (const uint32_t pattern : users.first) visit(pattern, true);
      for (const uint32_t pattern : users.active) visit(pattern, false);
    }
  }
  // Asks for what visit() will read first.
  void prefetch(const LoadedBatch& loaded, size_t row) const {
    if (!is_large()) return;
    const std::span<const nfa::StepPredicate> hits = loaded.hits_of(row);
    for (size_t i = 0; i < std::min<size_t>(hits.size(), kPrefetched); ++i) {
      if (!only_users_[hits[i]].exists) eventtime::prefetch(&users_[hits[i]]);
    }
  }
  // Calls `visit(predicate, pattern)` for each condition of each pattern, whether active or not.
  template <typename Visit>
  void for_each_condition(const Visit& visit) const {
    for (size_t predicate = 0; predicate < users_.size(); ++predicate) {
      for (const uint32_t pattern : users_[predicate].first) {
        visit(static_cast<nfa::StepPredicate>(predicate), pattern);
      }
    }
    for (size_t pattern = 0; pattern < later_.size(); ++pattern) {
      for (const nfa::StepPredicate predicate : later_[pattern].predicates) {
        visit(predicate, static_cast<uint32_t>(pattern));
      }
    }
  }
  size_t types() const { return want_all_.size(); }
  // The patterns that all events of the type concern.
  const std::vector<uint32_t>& wanting_all(eventtime::TypeId type) const { return want_all_[type]; }

 private:
  static constexpr ptrdiff_t kPrefetched = 8;  // conditions
  static constexpr size_t kNear = 128;         // so many conditions lie in a near cache

  // Of a condition. Most have one pattern: what visit() reads of it is one line of the cache.
  using Patterns = boost::container::small_vector<uint32_t, 2>;
  struct alignas(eventtime::kCacheLineBytes) Users {
    Patterns first;
    Patterns active;  // of those that it can continue
  };
  // Of a condition, if one pattern alone has it, as one that begins it or one that continues it.
  // Rules that differ in their constants have such conditions, which hold for many of them at once.
  struct OnlyUser {
    bool exists = false;  // else: see Users
    bool begins = false;
    uint32_t pattern = 0;
    Seat seat;
  };
  // Of a pattern.
  struct Later {
    uint32_t place = 0;  // in active_
    std::vector<nfa::StepPredicate> predicates;
    std::vector<uint32_t> places;  // in Users::active of each
    // That begin it, too, and so lead to it anyway; a group has to be told of both.
    std::vector<nfa::StepPredicate> begin_too;
  };
  struct Hit {
    uint32_t row = 0;  // of Batch::rows
    nfa::StepPredicate predicate = 0;
  };

  bool is_large() const { return users_.size() > kNear; }
  void make_active(uint32_t pattern);
  void make_room(uint32_t pattern);
  Users& users(nfa::StepPredicate predicate);
  bool is_used(nfa::StepPredicate predicate) const {
    return predicate < used_.size() && used_[predicate] != 0;
  }
  void find_rows(const eventtime::Batch& batch);
  void find_hits(const nfa::PredicateResults& results, eventtime::TypeId type, uint32_t rows);
  bool has_used_dense(const LoadedBatch& loaded) const;
  void list_indexed(LoadedBatch& loaded);
  void list_hits(LoadedBatch& loaded);

  nfa::PredicateSet predicates_;
  std::vector<Users> users_;                     // by StepPredicate
  std::vector<OnlyUser> only_users_;             // by StepPredicate
  std::vector<Seat> seats_;                      // by pattern
  std::vector<uint8_t> used_;                    // by StepPredicate: whether a pattern has it
  std::vector<Later> later_;                     // by pattern
  std::vector<uint8_t> is_active_;               // by pattern
  std::vector<uint32_t> active_;                 // patterns
  std::vector<std::vector<uint32_t>> want_all_;  // patterns, by TypeId
  bool wants_all_ = false;                       // any pattern

  // Of the present batch.
  static constexpr uint32_t kLeftOut = UINT32_MAX;
  std::vector<std::vector<uint32_t>> rows_;  // by TypeId and row of the table: in Batch::rows
  bool leaves_out_ = false;                  // rows of tables that are not in Batch::rows
  std::vector<Hit> hits_;
};

}  // namespace tocsin::runtime
