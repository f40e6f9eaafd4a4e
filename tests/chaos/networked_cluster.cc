#include "tests/chaos/networked_cluster.h"

#include <map>
#include <string>

namespace raft::chaos {
namespace {

std::map<Id, std::uint16_t> PeerPorts(const integration::Cluster& cluster) {
  std::map<Id, std::uint16_t> ports;
  for (const Id id : cluster.ids()) {
    const std::string& address = cluster.addresses(id).peer;
    ports[id] = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
  }
  return ports;
}

}  // namespace

NetworkedCluster::NetworkedCluster(std::size_t servers, std::uint64_t seed)
    : cluster_(servers), network_(PeerPorts(cluster_), seed) {
  for (const Id id : cluster_.ids()) cluster_.AdvertisePeer(id, network_.DoorOf(id));
}

void NetworkedCluster::Start(Id server) {
  cluster_.Start(server);
  network_.Expect(server, cluster_.process(server).pid());
}

void NetworkedCluster::StartAll() {
  for (const Id id : cluster_.ids()) Start(id);
}

}  // namespace raft::chaos
