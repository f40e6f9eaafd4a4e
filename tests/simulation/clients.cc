#include "tests/simulation/clients.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

using linearizability::Item;
using linearizability::kNever;
using linearizability::Operation;
using linearizability::OperationKind;
using linearizability::Outcome;

constexpr std::uint64_t kPart = 4;
constexpr Moment kPatienceMin = 200 * kMillisecond;
constexpr Moment kPatienceMax = 2 * kSecond;
// Of each operation: it goes to any server, so that old leaders and new ones are both asked.
constexpr std::uint32_t kRestlessPerThousand = 150;
constexpr Moment kPauseAfterRefusal = 20 * kMillisecond;

std::optional<Item> ItemOf(const raft::v1::KeyValue& item) {
  return Item{.value = item.value(), .modified_revision = item.modified_revision()};
}

std::string CommandOf(const Operation& operation) {
  raft::v1::Command command;
  switch (operation.kind) {
    case OperationKind::kGet:
      return {};
    case OperationKind::kPut:
      command.mutable_put()->set_key(operation.key);
      command.mutable_put()->set_value(operation.value);
      break;
    case OperationKind::kDelete:
      command.mutable_delete_()->set_key(operation.key);
      break;
    case OperationKind::kCompareAndSet:
      command.mutable_compare_and_set()->set_key(operation.key);
      command.mutable_compare_and_set()->set_value(operation.value);
      command.mutable_compare_and_set()->set_expected_revision(operation.expected_revision);
      break;
  }
  return command.SerializeAsString();
}

const char* Word(OperationKind kind) {
  constexpr const char* kWords[] = {"get", "put", "delete", "compare-and-set"};
  return kWords[static_cast<int>(kind)];
}

}  // namespace

Clients::Clients(std::uint64_t seed, const FaultPlan& plan, VirtualTime& time, Network& network,
                 ClusterLaws& laws, Story& story, Submit submit)
    : plan_(plan),
      time_(time),
      network_(network),
      laws_(laws),
      story_(story),
      submit_(std::move(submit)),
      dice_(seed, kPart) {}

void Clients::Begin() {
  for (std::uint32_t number = 0; number < plan_.clients; ++number) {
    clients_.push_back({.name = ++names_, .target = ServerId(1), .open = {}, .seen_revisions = {}});
    Next(number);
  }
}

bool Clients::are_idle() const {
  return std::none_of(clients_.begin(), clients_.end(),
                      [](const Client& client) { return client.open.has_value(); });
}

void Clients::Next(std::size_t client) {
  time_.After(dice_.About(plan_.think_time_mean), [this, client] {
    if (stopped_) return;
    const Operation operation = DrawOperation(clients_[client]);
    clients_[client].open = calls_.size();
    calls_.push_back({.operation = operation,
                      .command = CommandOf(operation),
                      .acknowledged_before = laws_.newest_acknowledged()});
    SendOpen(client);
  });
}

Operation Clients::DrawOperation(Client& client) {
  Operation operation;
  operation.client = client.name;
  operation.called_at = ++stamp_;
  operation.key = "k" + std::to_string(dice_.Between(1, plan_.keys));
  const std::uint32_t choice = dice_.Between(1, 100);
  if (choice <= 45) return operation;  // a get
  if (choice <= 52) {
    operation.kind = OperationKind::kDelete;
    return operation;
  }
  operation.value = "v" + std::to_string(calls_.size());
  operation.kind = choice <= 80 ? OperationKind::kPut : OperationKind::kCompareAndSet;
  if (operation.kind == OperationKind::kCompareAndSet) {
    operation.expected_revision = client.seen_revisions[operation.key];
  }
  return operation;
}

void Clients::SendOpen(std::size_t client) {
  const std::size_t call = *clients_[client].open;
  const Operation& operation = calls_[call].operation;
  ServerId& target = clients_[client].target;
  if (dice_.Chance(kRestlessPerThousand)) target = AnyServer();
  story_.Tell([&] {
    return "client " + std::to_string(operation.client) + " asks " + NameOf(target) + " to " +
           Word(operation.kind) + " " + operation.key + " " + operation.value;
  });
  ClientRequest request{
      .is_read = operation.kind == OperationKind::kGet,
      .command = calls_[call].command,
      .key = operation.key,
      .answer = [this, client, call](const ClientAnswer& answer) { Hear(client, call, answer); }};
  network_.SendOnce(ServerId(0), target,
                    [this, to = target, request = std::move(request)] { submit_(to, request); });
  time_.After(dice_.MomentBetween(kPatienceMin, kPatienceMax),
              [this, client, call] { GiveUp(client, call); });
}

void Clients::GiveUp(std::size_t client, std::size_t call) {
  if (clients_[client].open != call) return;
  clients_[client].target = AnyServer();
  End(client, Outcome::kUnknown);
}

void Clients::Hear(std::size_t client, std::size_t call, const ClientAnswer& answer) {
  Judge(calls_[call], answer);
  if (clients_[client].open != call) return;  // Too late, or a copy: it was given up or answered.
  if (answer.kind == ClientAnswer::Kind::kApplied || answer.kind == ClientAnswer::Kind::kRead) {
    Record(clients_[client], calls_[call], answer);
    return End(client, Outcome::kHappened);
  }
  clients_[client].target = answer.leader_hint.value_or(AnyServer());
  End(client,
      answer.kind == ClientAnswer::Kind::kRefused ? Outcome::kCertainlyNot : Outcome::kUnknown);
}

// What the server claims is held against the ledger, whether or not anybody still waits.
void Clients::Judge(const Call& call, const ClientAnswer& answer) {
  if (answer.kind == ClientAnswer::Kind::kApplied) {
    laws_.Acknowledged(call.command, answer.position);
  } else if (answer.kind == ClientAnswer::Kind::kRead) {
    laws_.ReadAnswered(answer.read_index, call.acknowledged_before);
  } else if (answer.kind == ClientAnswer::Kind::kRefused && !call.operation.value.empty()) {
    laws_.Refused(call.command);
  }
}

void Clients::Record(Client& client, Call& call, const ClientAnswer& answer) {
  Operation& operation = call.operation;
  if (answer.kind == ClientAnswer::Kind::kRead) {
    if (answer.read.items_size() > 0) operation.seen = ItemOf(answer.read.items(0));
    client.seen_revisions[operation.key] = operation.seen ? operation.seen->modified_revision : 0;
    return;
  }
  raft::v1::CommandResult result;
  RAFT_CHECK(result.ParseFromString(answer.result), "a command is answered with its result");
  operation.succeeded =
      result.has_put() || result.delete_().deleted() > 0 || result.compare_and_set().succeeded();
  if (operation.succeeded) operation.revision = answer.position.index.value();
  if (result.compare_and_set().has_current()) {
    operation.seen = ItemOf(result.compare_and_set().current());
  }
  client.seen_revisions[operation.key] = operation.seen ? operation.seen->modified_revision
                                         : operation.kind == OperationKind::kDelete
                                             ? 0
                                             : operation.revision;
}

void Clients::End(std::size_t client, Outcome outcome) {
  Client& one = clients_[client];
  Call& call = calls_[*one.open];
  call.operation.outcome = outcome;
  call.is_open = false;
  if (outcome == Outcome::kUnknown) {
    one.name = ++names_;
  } else {
    call.operation.returned_at = ++stamp_;
  }
  one.open.reset();
  if (outcome == Outcome::kCertainlyNot) {
    time_.After(kPauseAfterRefusal, [this, client] { Next(client); });
  } else {
    Next(client);
  }
}

linearizability::History Clients::history() const {
  linearizability::History history;
  for (const Call& call : calls_) {
    const bool happened = call.operation.outcome == Outcome::kHappened;
    if (call.operation.kind == OperationKind::kGet && !happened) continue;
    history.push_back(call.operation);
  }
  return history;
}

void Clients::CountUnknown() const {
  for (const Call& call : calls_) {
    if (call.operation.outcome != Outcome::kUnknown) continue;
    ++story_.counters.operations_unknown;
    if (call.operation.value.empty()) continue;
    story_.Count(laws_.IsCommitted(call.command) ? Sometimes::kUnknownWriteTookEffect
                                                 : Sometimes::kUnknownWriteNeverHappened);
  }
}

}  // namespace raft::simulation
