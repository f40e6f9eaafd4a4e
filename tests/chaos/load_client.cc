#include "tests/chaos/load_client.h"

#include <chrono>
#include <thread>
#include <utility>

namespace raft::chaos {
namespace {

using integration::Answer;
using integration::Milliseconds;
using linearizability::Operation;
using linearizability::OperationKind;
using linearizability::Outcome;

constexpr std::uint32_t kKeys = 5;
// Above an election timeout, so that many calls outlive a change of leader; below two, so that a
// leader that stands still does not hold every client.
constexpr Milliseconds kWriterDeadline{800};
// Now and then a call outlives the longest that a server takes to stop.
constexpr Milliseconds kPatientDeadline{3'000};
constexpr std::uint32_t kPatientOnceIn = 4;
// Above the longest standstill.
constexpr Milliseconds kStrayDeadline{4'000};
constexpr Milliseconds kPauseAfterFailure{10};
constexpr std::uint32_t kReadOnceIn = 3;  // calls of a writer
// Now and then a value spans several packets.
constexpr std::uint32_t kLongValueOnceIn = 100;
constexpr std::size_t kLongValueBytes = 8'000;

std::string Key(std::uint32_t number) { return "key-" + std::to_string(number); }

std::int64_t NowNanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

v1::ProposeRequest RequestFor(const Operation& operation) {
  v1::ProposeRequest request;
  v1::Command& command = *request.mutable_command();
  if (operation.kind == OperationKind::kDelete) {
    command.mutable_delete_()->set_key(operation.key);
  } else if (operation.kind == OperationKind::kPut) {
    command.mutable_put()->set_key(operation.key);
    command.mutable_put()->set_value(operation.value);
  } else {
    command.mutable_compare_and_set()->set_key(operation.key);
    command.mutable_compare_and_set()->set_value(operation.value);
    command.mutable_compare_and_set()->set_expected_revision(operation.expected_revision);
  }
  return request;
}

linearizability::Item ItemOf(const v1::KeyValue& item) {
  return {.value = item.value(), .modified_revision = item.modified_revision()};
}

// What an acknowledged proposal did.
void TakeResult(const v1::ProposeResponse& response, Operation& operation) {
  operation.succeeded = true;
  if (operation.kind == OperationKind::kDelete) {
    operation.succeeded = response.result().delete_().deleted() > 0;
  } else if (operation.kind == OperationKind::kCompareAndSet) {
    const v1::CompareAndSetResult& result = response.result().compare_and_set();
    operation.succeeded = result.succeeded();
    if (!result.succeeded() && result.has_current()) operation.seen = ItemOf(result.current());
  }
  if (operation.succeeded) operation.revision = response.index();
}

// Of the key's item as this operation left it or was shown it; 0: there is none.
std::uint64_t RevisionAfter(const Operation& operation) {
  if (operation.kind == OperationKind::kDelete) return 0;
  return operation.seen.has_value() ? operation.seen->modified_revision : operation.revision;
}

Outcome OutcomeOf(integration::Outcome outcome) {
  if (outcome == integration::Outcome::kDone) return Outcome::kHappened;
  return outcome == integration::Outcome::kRefused ? Outcome::kCertainlyNot : Outcome::kUnknown;
}

}  // namespace

LoadClient::LoadClient(const Identity& identity, integration::Cluster& cluster, SharedView& view)
    : identity_(identity),
      cluster_(cluster),
      view_(view),
      random_(identity.seed),
      history_number_(identity.number) {
  last_shown_.key = Key(1);  // which nobody has written yet
}

void LoadClient::Run(const std::atomic<bool>& stop) {
  while (!stop) {
    Operation operation = NextOperation();
    operation.called_at = NowNanoseconds();
    Perform(operation);
    if (operation.outcome != Outcome::kUnknown) operation.returned_at = NowNanoseconds();
    const bool happened = operation.outcome == Outcome::kHappened;
    Record(std::move(operation));
    if (!happened) Pause();
  }
}

Operation LoadClient::NextOperation() {
  Operation operation;
  operation.client = history_number_;
  operation.key = Key(random_.Between(1, kKeys));
  if (!is_writer()) {
    server_ = AnyServer();
  } else if (!key_to_read_first_.empty()) {
    operation.key = key_to_read_first_;
  } else if (!OnceIn(kReadOnceIn)) {
    DrawWrite(operation);
  }
  return operation;
}

void LoadClient::DrawWrite(Operation& operation) {
  const std::uint32_t chance = random_.Between(1, 10);
  if (chance == 1) {
    operation.kind = OperationKind::kDelete;
    return;
  }
  operation.kind = OperationKind::kPut;
  operation.value = std::to_string(identity_.number) + "-" + std::to_string(++values_);
  if (OnceIn(kLongValueOnceIn)) operation.value.resize(kLongValueBytes, '.');
  if (chance > 3) return;
  operation.kind = OperationKind::kCompareAndSet;
  operation.key = last_shown_.key;
  operation.expected_revision = RevisionAfter(last_shown_);
}

void LoadClient::Perform(Operation& operation) {
  if (operation.kind == OperationKind::kGet) return Read(operation);
  Propose(operation);
}

void LoadClient::Read(Operation& operation) {
  v1::ReadRequest request = integration::GetRequest(operation.key);
  if (identity_.kind == ClientKind::kLiar) request.set_consistency(v1::READ_CONSISTENCY_STALE);
  const Answer<v1::ReadResponse> answer =
      cluster_.client(server_).Read(request, is_writer() ? DrawDeadline() : kStrayDeadline);
  operation.outcome = OutcomeOf(answer.outcome);
  if (answer.ok() && answer.response.items_size() > 0) {
    operation.seen = ItemOf(answer.response.items(0));
  }
  Learn(operation, answer);
}

void LoadClient::Propose(Operation& operation) {
  const Answer<v1::ProposeResponse> answer =
      cluster_.client(server_).Propose(RequestFor(operation), DrawDeadline());
  operation.outcome = OutcomeOf(answer.outcome);
  if (answer.ok()) {
    TakeResult(answer.response, operation);
    view_.leader = server_;
    leader_terms_.insert(answer.response.header().term());
  }
  Learn(operation, answer);
}

template <typename Response>
void LoadClient::Learn(const Operation& operation, const Answer<Response>& answer) {
  const bool is_read = operation.kind == OperationKind::kGet;
  if (answer.ok()) {
    if (is_read) key_to_read_first_.clear();
    if (is_read != is_writer()) ++acknowledged_;
    last_shown_ = operation;
    return;
  }
  if (!is_read && operation.outcome == Outcome::kUnknown) key_to_read_first_ = operation.key;
  const integration::Id hinted = answer.error.leader_hint.leader_id();
  server_ = hinted != 0 && hinted != server_ ? hinted : AnyServer();
}

void LoadClient::Record(Operation operation) {
  if (operation.outcome == Outcome::kUnknown) history_number_ += identity_.clients;
  history_.push_back(std::move(operation));
}

Milliseconds LoadClient::DrawDeadline() {
  return OnceIn(kPatientOnceIn) ? kPatientDeadline : kWriterDeadline;
}

void LoadClient::Pause() const { std::this_thread::sleep_for(kPauseAfterFailure); }

integration::Id LoadClient::AnyServer() {
  return random_.Between(1, static_cast<std::uint32_t>(cluster_.ids().size()));
}

}  // namespace raft::chaos
