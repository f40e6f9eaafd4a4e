#include "tests/linearizability/simulated_register.h"

#include <algorithm>
#include <string>
#include <utility>

namespace raft::linearizability {

History SimulatedRegister::Run() {
  while (history_.size() < options_.operations || !IsEverybodyIdle()) {
    now_ += random_.Between(0, 2);
    const std::uint32_t number = random_.Between(0, options_.clients - 1);
    Advance(clients_[number], number + 1);
    if (Percent(10)) LetOneLateChangeHappen();
  }
  return std::move(history_);
}

bool SimulatedRegister::IsEverybodyIdle() const {
  return std::none_of(clients_.begin(), clients_.end(),
                      [](const Client& client) { return client.open.has_value(); });
}

void SimulatedRegister::Advance(Client& client, std::uint32_t number) {
  if (!client.open) {
    if (history_.size() < options_.operations) Call(client, number);
  } else if (client.loses_answer && (client.took_effect || Percent(50))) {
    LoseAnswer(client);
  } else if (client.took_effect) {
    history_[*client.open].outcome = Outcome::kHappened;
    history_[*client.open].returned_at = now_;
    client = {};
  } else if (Percent(options_.refused_percent)) {
    Refuse(client);
  } else {
    TakeEffect(history_[*client.open]);
    client.took_effect = true;
  }
}

void SimulatedRegister::Call(Client& client, std::uint32_t number) {
  Operation operation;
  operation.client = number;
  operation.key = std::string(1, static_cast<char>('a' + random_.Between(0, options_.keys - 1)));
  operation.called_at = now_;
  const std::uint32_t dice = random_.Between(1, 10);
  operation.kind = dice <= 4   ? OperationKind::kGet
                   : dice <= 7 ? OperationKind::kPut
                   : dice <= 9 ? OperationKind::kCompareAndSet
                               : OperationKind::kDelete;
  if (operation.kind == OperationKind::kPut || operation.kind == OperationKind::kCompareAndSet) {
    operation.value =
        "v" + std::to_string(options_.values == 0 ? history_.size()
                                                  : random_.Between(1, options_.values));
  }
  if (operation.kind == OperationKind::kCompareAndSet) {
    operation.expected_revision = AnExpectedRevision(operation.key);
  }
  client.open = history_.size();
  client.loses_answer = Percent(options_.unknown_percent);
  history_.push_back(std::move(operation));
}

// Mostly the right one, as of now; what is changed meanwhile makes it wrong.
std::uint64_t SimulatedRegister::AnExpectedRevision(const std::string& key) {
  const Slot& slot = store_[key];
  if (Percent(20)) return random_.Between(0, static_cast<std::uint32_t>(revision_));
  return slot.item ? slot.item->modified_revision : 0;
}

void SimulatedRegister::LoseAnswer(Client& client) {
  Operation& operation = history_[*client.open];
  if (!client.took_effect) late_.push_back(operation);
  // What it would have been told is nobody's knowledge.
  operation.revision = 0;
  operation.succeeded = false;
  operation.seen.reset();
  client = {};
}

void SimulatedRegister::Refuse(Client& client) {
  history_[*client.open].outcome = Outcome::kCertainlyNot;
  history_[*client.open].returned_at = now_;
  client = {};
}

void SimulatedRegister::LetOneLateChangeHappen() {
  if (late_.empty()) return;
  const auto chosen =
      late_.begin() + random_.Between(0, static_cast<std::uint32_t>(late_.size() - 1));
  if (Percent(70)) TakeEffect(*chosen);  // else never
  late_.erase(chosen);
}

void SimulatedRegister::TakeEffect(Operation& operation) {
  std::optional<Item>& item = store_[operation.key].item;
  const std::uint64_t revision = revision_ + random_.Between(1, 2);
  switch (operation.kind) {
    case OperationKind::kGet:
      operation.seen = item;
      return;
    case OperationKind::kPut:
      break;
    case OperationKind::kDelete:
      operation.succeeded = item.has_value();
      if (!operation.succeeded) return;
      break;
    case OperationKind::kCompareAndSet:
      operation.succeeded = (item ? item->modified_revision : 0) == operation.expected_revision;
      if (operation.succeeded) break;
      operation.seen = item;
      return;
  }
  operation.revision = revision_ = revision;
  item = Item{operation.value, revision};
  if (operation.kind == OperationKind::kDelete) item.reset();
}

}  // namespace raft::linearizability
