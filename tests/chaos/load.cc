#include "tests/chaos/load.h"

#include <algorithm>

namespace raft::chaos {
namespace {

constexpr std::uint32_t kWriters = 6;
constexpr std::uint32_t kStrays = 4;

}  // namespace

Load::Load(integration::Cluster& cluster, std::uint64_t seed, ClientKind strays) {
  constexpr std::uint32_t kClients = kWriters + kStrays;
  for (std::uint32_t number = 0; number < kClients; ++number) {
    const LoadClient::Identity identity{.kind = number < kWriters ? ClientKind::kWriter : strays,
                                        .number = number,
                                        .clients = kClients,
                                        .seed = seed + number};
    clients_.push_back(std::make_unique<LoadClient>(identity, cluster, view_));
  }
  for (const auto& client : clients_) {
    threads_.emplace_back([this, &client = *client] { client.Run(stop_); });
  }
}

Load::~Load() { Stop(); }

bool Load::WaitForProgress() const {
  // The first answer from now on may be of a call that was under way.
  constexpr std::uint64_t kAnswers = 2;
  std::vector<std::uint64_t> before;
  for (const auto& client : clients_) before.push_back(client->acknowledged());
  return integration::WaitUntil([&] {
    for (std::size_t number = 0; number < clients_.size(); ++number) {
      if (clients_[number]->acknowledged() < before[number] + kAnswers) return false;
    }
    return true;
  });
}

void Load::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

linearizability::History Load::History() const {
  linearizability::History all;
  for (const auto& client : clients_) {
    all.insert(all.end(), client->history().begin(), client->history().end());
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& one, const auto& other) {
    return one.called_at < other.called_at;
  });
  return all;
}

std::set<std::uint64_t> Load::LeaderTerms() const {
  std::set<std::uint64_t> terms;
  for (const auto& client : clients_) {
    terms.insert(client->leader_terms().begin(), client->leader_terms().end());
  }
  return terms;
}

}  // namespace raft::chaos
