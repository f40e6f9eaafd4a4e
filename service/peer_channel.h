// How servers connect to each other: the settings of both ends of a peer connection, in one place.
//
// Measured on the packaged gRPC (traps E16 to E18, I2, I4, I11): with its defaults a peer that was
// away for 90 s stays away for another 34 s, and keepalive closes connections. Both ends are set
// from one struct, so they cannot disagree. Creating is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace grpc {
class Channel;
class ServerBuilder;
}  // namespace grpc

namespace raft {

struct PeerLinkOptions {
  // Deadline of heartbeats and votes: about election_timeout_max; later the answer is worthless.
  std::chrono::milliseconds control_deadline{600};
  // Deadline of AppendEntries with entries: room for a slow disk.
  std::chrono::milliseconds entries_deadline{5000};
  // Deadline of Greet.
  std::chrono::milliseconds greet_deadline{1000};
  // Whether peers are greeted as soon as they are known or have announced themselves anew, before
  // there is anything to ask: whoever remembers more of this server than it does itself says so
  // then (ballot_gate.h).
  bool greet_at_once = false;
  // Waits between attempts to connect, a fifth more or less. gRPC takes less than 100 ms as 100 ms.
  // The maximum leaves room for a slow machine in the promise "back within a second".
  std::chrono::milliseconds reconnect_backoff_min{50};
  std::chrono::milliseconds reconnect_backoff_max{300};
  // One attempt to connect may take this long.
  std::chrono::milliseconds connect_timeout{500};
  // Names are resolved again at most this often; behind gRPC's 30 s no back-off helps (E18).
  std::chrono::milliseconds name_resolution_interval_min{200};
  // An idle connection is probed this often, and is dead when the probe is not answered in time.
  std::chrono::milliseconds keepalive_interval{2000};
  std::chrono::milliseconds keepalive_timeout{2000};
  // Largest message either way: max(append_bytes_max, largest command) + 512 KiB (trap I1).
  int message_bytes_max = 2 << 20;
};

// A connection of its own, shared with no other channel even to the same address (trap I7).
// `address` is "host:port"; connects when first used.
std::shared_ptr<grpc::Channel> OpenPeerChannel(const std::string& address,
                                               const PeerLinkOptions& options);

// The other end: to be called on the builder of the server that carries PeerService.
void PreparePeerServer(const PeerLinkOptions& options, grpc::ServerBuilder& builder);

}  // namespace raft
