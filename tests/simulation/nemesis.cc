#include "tests/simulation/nemesis.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/majority.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPart = 5;
constexpr Moment kStormMean = 3 * kSecond;
constexpr Moment kCalmMean = 1 * kSecond;
constexpr Moment kCheckpointMean = 3 * kSecond;
constexpr Moment kCopyMean = 5 * kSecond;
constexpr Moment kFlapMean = 300 * kMillisecond;

}  // namespace

Nemesis::Nemesis(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Network& network,
                 Story& story, std::vector<std::unique_ptr<SimulatedServer>>& servers)
    : plan_(plan),
      time_(time),
      network_(network),
      story_(story),
      servers_(servers),
      dice_(seed, kPart) {
  // What harms messages one by one is the network's.
  for (auto fault = static_cast<std::size_t>(Fault::kCutOneWay);
       fault < static_cast<std::size_t>(Fault::kStateDistorted); ++fault) {
    if (plan.faults[fault]) strikes_.push_back(static_cast<Fault>(fault));
  }
}

void Nemesis::Begin() {
  is_at_work_ = true;
  StormAndCalm(true);
  Strike();
  DistortStates();
  WipeDisks();
  KeepCopies();
}

void Nemesis::StormAndCalm(bool storms) {
  if (!is_at_work_) return;
  network_.Storm(storms);
  time_.After(dice_.About(storms ? kStormMean : kCalmMean),
              [this, storms] { StormAndCalm(!storms); });
}

void Nemesis::Strike() {
  time_.After(dice_.About(plan_.gap_mean), [this] {
    if (!is_at_work_ || strikes_.empty()) return;
    const Fault fault = dice_.OneOf(strikes_);
    SimulatedServer& victim = Victim();
    if (dice_.Chance(100)) dice_.OneOf(servers_)->CheckpointState();
    story_.Count(fault);
    story_.Tell([&] { return "FAULT " + std::string(NameOf(fault)) + " " + NameOf(victim.id()); });
    Apply(fault, victim);
    Strike();
  });
}

// At a pace of its own: the next comes once the last was found and undone.
void Nemesis::DistortStates() {
  if (!plan_.Has(Fault::kStateDistorted)) return;
  time_.After(dice_.About(plan_.distortion_gap_mean), [this] {
    if (!is_at_work_) return;
    const bool all_are_right =
        std::all_of(servers_.begin(), servers_.end(),
                    [](const auto& server) { return server->is_up() && server->is_state_right(); });
    if (all_are_right) {
      SimulatedServer& victim = Victim();
      story_.Count(Fault::kStateDistorted);
      story_.Tell([&] { return "FAULT state_distorted " + NameOf(victim.id()); });
      victim.machine().DistortState();
    }
    DistortStates();
  });
}

// Somebody makes backups, of which one will be put back when all is over.
void Nemesis::KeepCopies() {
  if (!plan_.Has(Fault::kOldDiskPutBack)) return;
  time_.After(dice_.About(kCopyMean), [this] {
    if (!is_at_work_) return;
    dice_.OneOf(servers_)->machine().KeepCopy();
    KeepCopies();
  });
}

// No cluster survives the loss of a majority of its disks.
void Nemesis::WipeDisks() {
  if (!plan_.Has(Fault::kDiskWiped)) return;
  time_.After(dice_.About(plan_.wipe_gap_mean), [this] {
    if (!is_at_work_) return;
    SimulatedServer& victim = Victim();
    if (CanLose(victim)) {
      story_.Count(Fault::kDiskWiped);
      story_.Tell([&] { return "FAULT disk_wiped " + NameOf(victim.id()); });
      victim.Wipe();
      RestartLater(victim);
    }
    WipeDisks();
  });
}

// Whether whatever configuration anybody goes by has a majority without it, and nobody else is lost
// or about to be made indispensable, be it by a change that was asked for and not begun yet.
bool Nemesis::CanLose(const SimulatedServer& victim) const {
  std::set<ServerId> others;
  for (const auto& server : servers_) {
    if (server->id() != victim.id()) others.insert(server->id());
  }
  return std::all_of(servers_.begin(), servers_.end(), [&](const auto& server) {
    if (!server->is_up() || server->has_inputs_waiting()) return false;
    const RaftStatus status = server->status();
    const ClusterConfiguration& now = *status.configuration;
    const bool is_quiet =
        !now.is_joint() && !now.HasJoining() && status.configuration_index <= status.commit_index;
    return is_quiet && IsMajority(now, others) &&
           std::none_of(servers_.begin(), servers_.end(),
                        [&now](const auto& any) { return any->IsLostIn(now); });
  });
}

// Most is lost with a leader.
SimulatedServer& Nemesis::Victim() {
  SimulatedServer& any = *dice_.OneOf(servers_);
  if (dice_.Coin()) return any;
  for (const auto& server : servers_) {
    if (server->is_up() && server->status().role == RoleName::kLeader) return *server;
  }
  return any;
}

void Nemesis::Last(Undoing undo) {
  const std::uint64_t number = ++last_undoing_;
  undoings_.emplace(number, std::move(undo));
  time_.After(dice_.About(plan_.length_mean), [this, number] {
    const auto undoing = undoings_.find(number);
    if (undoing == undoings_.end()) return;
    const Undoing undo_now = std::move(undoing->second);
    undoings_.erase(undoing);
    undo_now();
  });
}

void Nemesis::Apply(Fault fault, SimulatedServer& victim) {
  if (fault <= Fault::kCutChained) return ApplyToNetwork(fault, victim.id());
  if (fault <= Fault::kPowerLostInDiskStep && fault != Fault::kPowerLost) {
    return ApplyToDisk(fault, victim);
  }
  if (fault <= Fault::kPaused) return ApplyToProcess(fault, victim);
  ApplyToClock(fault, victim);
}

void Nemesis::ApplyToNetwork(Fault fault, ServerId victim) {
  const ServerId other = dice_.OneOf(servers_)->id();
  if (fault == Fault::kCutOneWay) {
    const bool inbound = dice_.Coin();
    CutOff(victim, inbound, !inbound);
  } else if (fault == Fault::kCutTwoWay) {
    CutOff(victim, true, true);
  } else if (fault == Fault::kCutPartial) {
    network_.Cut(victim, other);
    if (dice_.Coin()) network_.Cut(other, victim);
  } else {
    CutIntoChain();
  }
  Last([this] { network_.MendAll(); });
}

// Each server sees only the one before and the one after it.
void Nemesis::CutIntoChain() {
  for (std::size_t one = 0; one < servers_.size(); ++one) {
    for (std::size_t two = one + 2; two < servers_.size(); ++two) {
      network_.Cut(servers_[one]->id(), servers_[two]->id());
      network_.Cut(servers_[two]->id(), servers_[one]->id());
    }
  }
}

void Nemesis::CutOff(ServerId server, bool inbound, bool outbound) {
  for (const auto& other : servers_) {
    if (other->id() == server) continue;
    if (inbound) network_.Cut(other->id(), server);
    if (outbound) network_.Cut(server, other->id());
  }
}

void Nemesis::ApplyToDisk(Fault fault, SimulatedServer& victim) {
  Machine& machine = victim.machine();
  switch (fault) {
    case Fault::kDiskSlow:
      victim.disk().SetSlowness(dice_.Between(5, 100));
      return Last([&victim] { victim.disk().SetSlowness(1); });
    case Fault::kDiskStalled:
      victim.disk().lane().Hold();
      return Last([&victim] { victim.disk().lane().Release(); });
    case Fault::kDiskFailsOnce:
      return machine.FailOnce(dice_.Between(1, 5));
    case Fault::kDiskFailsForGood:
      machine.FailForGood();
      return Last([&machine] { machine.Repair(); });
    case Fault::kDiskFull:
      machine.FillUp();
      return Last([&machine] { machine.Repair(); });
    default:
      return machine.CutPowerAfter(4);
  }
}

void Nemesis::ApplyToProcess(Fault fault, SimulatedServer& victim) {
  switch (fault) {
    case Fault::kPaused:
      victim.Pause();
      return Last([&victim] { victim.Resume(); });
    case Fault::kCrashLoop:
      return CrashAgainAndAgain(victim, dice_.Between(2, 6));
    case Fault::kPowerLost:
      victim.LosePower();
      return RestartLater(victim);
    default:
      victim.Kill();
      return RestartLater(victim);
  }
}

void Nemesis::CrashAgainAndAgain(SimulatedServer& victim, std::uint32_t times) {
  if (dice_.Coin()) {
    victim.Kill();
  } else {
    victim.LosePower();
  }
  if (times == 0 || !is_at_work_) return RestartLater(victim);
  time_.After(dice_.About(50 * kMillisecond), [this, &victim, times] {
    victim.Start();
    time_.After(dice_.About(200 * kMillisecond), [this, &victim, times] {
      if (is_at_work_) CrashAgainAndAgain(victim, times - 1);
    });
  });
}

void Nemesis::ApplyToClock(Fault fault, SimulatedServer& victim) {
  if (fault == Fault::kClockRate) {
    victim.SetClockRate(dice_.Between(900, 1100));
  } else if (fault == Fault::kClockJumps) {
    victim.JumpClock(dice_.Between(2, 100));
  } else {
    victim.FreezeClock(true);
    Last([&victim] { victim.FreezeClock(false); });
  }
}

void Nemesis::WentDown(SimulatedServer& server) { RestartLater(server); }

void Nemesis::RestartLater(SimulatedServer& server) {
  time_.After(dice_.About(plan_.length_mean), [this, &server] {
    if (!down_for_good_.contains(server.id()) && !server.Start()) RestartLater(server);
  });
}

void Nemesis::HealAll() {
  is_at_work_ = false;
  flapping_.clear();
  down_for_good_.clear();
  network_.Storm(false);
  for (const auto& [number, undo] : std::exchange(undoings_, {})) undo();
  network_.MendAll();
  for (const auto& server : servers_) {
    server->machine().Repair();
    server->SetClockRate(1000);
    server->Start();
  }
}

void Nemesis::HealOnly(const std::vector<ServerId>& healthy) {
  HealAll();
  for (const auto& server : servers_) {
    if (std::find(healthy.begin(), healthy.end(), server->id()) == healthy.end()) Break(*server);
  }
}

void Nemesis::HideLeaderFromBroken(ServerId leader, const std::vector<ServerId>& healthy) {
  flapping_.clear();
  for (const auto& server : servers_) {
    const ServerId id = server->id();
    if (std::find(healthy.begin(), healthy.end(), id) != healthy.end() || dice_.Coin()) continue;
    MendAllOf(id);
    network_.Cut(leader, id);
    network_.Cut(id, leader);
  }
}

void Nemesis::MendAllOf(ServerId server) {
  for (const auto& other : servers_) {
    network_.Mend(other->id(), server);
    network_.Mend(server, other->id());
  }
}

void Nemesis::Break(SimulatedServer& server) {
  switch (dice_.Between(0, 5)) {
    case 0:
      server.Kill();
      down_for_good_.insert(server.id());
      break;
    case 1:
      CutOff(server.id(), true, true);
      break;
    case 2:
      CutOff(server.id(), true, false);
      break;
    case 3:
      CutOff(server.id(), false, true);
      break;
    case 4:
      server.disk().lane().Hold();
      undoings_.emplace(++last_undoing_, [&server] { server.disk().lane().Release(); });
      break;
    default:
      flapping_.insert(server.id());
      Flap(server.id(), true);
  }
}

void Nemesis::Flap(ServerId server, bool is_cut) {
  if (is_cut) {
    CutOff(server, true, true);
  } else {
    MendAllOf(server);
  }
  time_.After(dice_.About(kFlapMean), [this, server, is_cut] {
    if (flapping_.contains(server)) Flap(server, !is_cut);
  });
}

}  // namespace raft::simulation
