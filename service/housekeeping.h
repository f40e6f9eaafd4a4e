// What must be looked at regularly, off every busy thread: health names, sizes on disk, the state.
//
// Every 100 ms the health names follow the server's standing; every second the newest look at state
// and disk is noted for pages and metrics, and the leader writes down where members are now. One
// thread of its own.
#pragma once

#include <cstdint>
#include <thread>

#include "persistence/data_directory.h"
#include "persistence/mutex.h"
#include "service/client_gate.h"
#include "service/peer_directory.h"
#include "service/server_report.h"

namespace grpc {
class HealthCheckServiceInterface;
}

namespace raft {

class Housekeeping {
 public:
  // All references outlive this object.
  Housekeeping(const ClientGate& gate, const DataDirectory& directory, const PeerDirectory& peers,
               ServerReport& report, grpc::HealthCheckServiceInterface& health)
      : gate_(gate), directory_(directory), peers_(peers), report_(report), health_(health) {}
  ~Housekeeping() { Stop(); }
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  void Start();
  void Stop();

 private:
  void Run();
  void UpdateHealth();
  void LookAround();
  void RecordAddresses(const FormedServer& formed);

  const ClientGate& gate_;
  const DataDirectory& directory_;
  const PeerDirectory& peers_;
  ServerReport& report_;
  grpc::HealthCheckServiceInterface& health_;
  Mutex mutex_;
  ConditionVariable stopped_changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace raft
