// Random histories of an honest store: clients that overlap, answers that get lost, changes that
// take effect long after their clients have given up.
//
// What it hands out is linearizable by construction: every operation takes effect at one moment
// between its call and its return. Same seed, same history.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/random_source.h"
#include "tests/linearizability/history.h"

namespace raft::linearizability {

struct RegisterOptions {
  std::uint32_t clients = 4;
  std::uint32_t operations = 100;
  std::uint32_t keys = 1;
  std::uint32_t values = 0;           // different values written; 0: each write has its own
  std::uint32_t unknown_percent = 5;  // of all operations
  std::uint32_t refused_percent = 3;
};

class SimulatedRegister {
 public:
  SimulatedRegister(const RegisterOptions& options, std::uint64_t seed)
      : options_(options), random_(seed), clients_(options.clients) {}

  // Runs until every operation has ended. Once.
  History Run();

 private:
  struct Slot {
    std::optional<Item> item;
  };
  struct Client {
    std::optional<std::size_t> open;  // its operation, in history_
    bool loses_answer = false;
    bool took_effect = false;
  };

  bool Percent(std::uint32_t percent) { return random_.Between(1, 100) <= percent; }
  bool IsEverybodyIdle() const;
  void Advance(Client& client, std::uint32_t number);
  void Call(Client& client, std::uint32_t number);
  // The client will not be told; what it asked for happens now, later or never.
  void LoseAnswer(Client& client);
  void Refuse(Client& client);
  void LetOneLateChangeHappen();
  void TakeEffect(Operation& operation);
  std::uint64_t AnExpectedRevision(const std::string& key);

  RegisterOptions options_;
  RandomSource random_;
  History history_;
  std::vector<Client> clients_;
  std::map<std::string, Slot> store_;
  std::vector<Operation> late_;  // of unknown outcome, not happened yet
  std::uint64_t revision_ = 0;
  std::int64_t now_ = 0;
};

}  // namespace raft::linearizability
