// One client under fire: calls one after the other, and writes down what it did and was told.
//
// A writer puts, gets, compares and deletes a handful of keys through whoever leads, following
// hints. A stray reads from any server and waits long: it is there to meet a leader that has been
// deposed while it stood still. After an unknown outcome a client does what the README tells its
// users: it reads before it writes again, under a new number, since the old call may still be open.
// One thread; the counters may be read from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>

#include "core/random_source.h"
#include "raft/v1/consensus_service.pb.h"
#include "tests/integration/cluster.h"
#include "tests/linearizability/history.h"

namespace raft::chaos {

enum class ClientKind : std::uint8_t {
  kWriter,
  kStray,
  // Asks for stale reads and writes them down as if they were none: to see that the check fails.
  kLiar,
};

// What the clients find out together. Any thread.
struct SharedView {
  std::atomic<integration::Id> leader{1};  // who acknowledged a write last
};

class LoadClient {
 public:
  struct Identity {
    ClientKind kind = ClientKind::kWriter;
    std::uint32_t number = 0;   // of this client, from 0
    std::uint32_t clients = 1;  // how many there are: numbers of later lives go up by this
    std::uint64_t seed = 0;
  };

  // Both outlive this; of `cluster` only the gRPC clients are used.
  LoadClient(const Identity& identity, integration::Cluster& cluster, SharedView& view);

  // Calls until `stop` is true.
  void Run(const std::atomic<bool>& stop);

  // Acknowledged writes of a writer, answered reads of a stray.
  std::uint64_t acknowledged() const { return acknowledged_; }
  bool is_writer() const { return identity_.kind == ClientKind::kWriter; }
  // After Run has returned.
  const linearizability::History& history() const { return history_; }
  const std::set<std::uint64_t>& leader_terms() const { return leader_terms_; }

 private:
  using Operation = linearizability::Operation;

  Operation NextOperation();
  void DrawWrite(Operation& operation);
  void Perform(Operation& operation);
  void Read(Operation& operation);
  void Propose(Operation& operation);
  // Notes what the answer says beyond its outcome: who leads, and whether to read first.
  template <typename Response>
  void Learn(const Operation& operation, const integration::Answer<Response>& answer);
  void Record(Operation operation);
  void Pause() const;

  // Of a writer's call.
  integration::Milliseconds DrawDeadline();
  integration::Id AnyServer();
  // True once in `times`.
  bool OnceIn(std::uint32_t times) { return random_.Between(1, times) == 1; }

  const Identity identity_;
  integration::Cluster& cluster_;
  SharedView& view_;
  RandomSource random_;
  std::uint32_t history_number_;
  integration::Id server_ = 1;     // asked next
  std::string key_to_read_first_;  // empty: no write of this client is open
  std::uint64_t values_ = 0;       // how many were made, so that each is another one
  Operation last_shown_;           // what a compare-and-set builds on
  std::atomic<std::uint64_t> acknowledged_{0};
  linearizability::History history_;
  std::set<std::uint64_t> leader_terms_;  // in which a write was acknowledged
};

}  // namespace raft::chaos
