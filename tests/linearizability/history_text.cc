#include "tests/linearizability/history_text.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace raft::linearizability {
namespace {

// Reads one line word by word; what does not fit ends the process.
class LineReader {
 public:
  explicit LineReader(const std::string& line) : line_(line), words_(line) { Next(); }

  const std::string& word() const { return word_; }

  std::string Take() {
    if (word_.empty()) Fail("a word is missing");
    std::string taken = word_;
    Next();
    return taken;
  }
  // Takes the word if it is the next.
  bool Takes(const std::string& expected) {
    if (word_ != expected) return false;
    Next();
    return true;
  }
  void Require(const std::string& expected) {
    if (!Takes(expected)) Fail("expected " + expected);
  }
  std::uint64_t TakeNumber() { return ToNumber(Take()); }

  std::uint64_t ToNumber(const std::string& word) const {
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0') Fail("not a number: " + word);
    return number;
  }

  [[noreturn]] void Fail(const std::string& reason) const {
    std::fprintf(stderr, "not an operation (%s): %s\n", reason.c_str(), line_.c_str());
    std::abort();
  }

 private:
  void Next() {
    word_.clear();
    words_ >> word_;
  }

  std::string line_;
  std::istringstream words_;
  std::string word_;
};

OperationKind ParseKind(LineReader& reader) {
  if (reader.Takes("get")) return OperationKind::kGet;
  if (reader.Takes("put")) return OperationKind::kPut;
  if (reader.Takes("delete")) return OperationKind::kDelete;
  reader.Require("cas");
  return OperationKind::kCompareAndSet;
}

// "none", or a revision of the value given.
std::optional<Item> ParseItem(LineReader& reader, const std::string& value) {
  if (reader.Takes("none")) return std::nullopt;
  reader.Require("rev");
  return Item{value, reader.TakeNumber()};
}

void ParseAnswer(LineReader& reader, const std::string& value, Operation& operation) {
  if (reader.Takes("unknown")) return;
  operation.outcome = reader.Takes("refused") ? Outcome::kCertainlyNot : Outcome::kHappened;
  if (operation.outcome == Outcome::kCertainlyNot) return;
  if (operation.kind == OperationKind::kGet) {
    operation.seen = ParseItem(reader, value);
  } else if (reader.Takes("shown")) {
    const std::string shown = reader.word() == "none" ? "" : reader.Take();
    operation.seen = ParseItem(reader, shown);
  } else if (!reader.Takes("none")) {
    reader.Require("rev");
    operation.revision = reader.TakeNumber();
    operation.succeeded = operation.kind != OperationKind::kPut;
  }
}

void ParseTimes(LineReader& reader, Operation& operation) {
  const std::string times = reader.Take();
  if (times[0] != '@') reader.Fail("expected @");
  const std::size_t dots = times.find("..");
  operation.called_at = static_cast<std::int64_t>(reader.ToNumber(times.substr(1, dots - 1)));
  if (dots != std::string::npos) {
    operation.returned_at = static_cast<std::int64_t>(reader.ToNumber(times.substr(dots + 2)));
  }
  if (!reader.word().empty()) reader.Fail("something follows the times");
}

std::string AnswerText(const Operation& operation) {
  if (operation.outcome == Outcome::kUnknown) return " unknown";
  if (operation.outcome == Outcome::kCertainlyNot) return " refused";
  if (operation.revision != 0) return " rev " + std::to_string(operation.revision);
  const bool is_get = operation.kind == OperationKind::kGet;
  const std::string shown = operation.kind == OperationKind::kCompareAndSet ? " shown" : "";
  if (!operation.seen) return shown + " none";
  return (is_get ? "=" : shown + " ") + operation.seen->value + " rev " +
         std::to_string(operation.seen->modified_revision);
}

}  // namespace

Operation ParseOperation(const std::string& line) {
  LineReader reader(line);
  Operation operation;
  const std::string client = reader.Take();
  if (client[0] != 'c') reader.Fail("expected a client");
  operation.client = static_cast<std::uint32_t>(reader.ToNumber(client.substr(1)));
  operation.kind = ParseKind(reader);
  operation.key = reader.Take();
  std::string value;
  if (const std::size_t equals = operation.key.find('='); equals != std::string::npos) {
    value = operation.key.substr(equals + 1);
    operation.key.resize(equals);
  }
  if (operation.kind != OperationKind::kGet) operation.value = value;
  if (operation.kind == OperationKind::kCompareAndSet) {
    reader.Require("if");
    operation.expected_revision = reader.TakeNumber();
  }
  ParseAnswer(reader, value, operation);
  ParseTimes(reader, operation);
  return operation;
}

History ParseHistory(const std::string& lines) {
  History history;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    if (line.find_first_not_of(' ') != std::string::npos) history.push_back(ParseOperation(line));
  }
  return history;
}

std::string ToText(const Operation& operation) {
  static constexpr const char* kKinds[] = {"get", "put", "delete", "cas"};
  std::string text = "c" + std::to_string(operation.client) + " " +
                     kKinds[static_cast<std::size_t>(operation.kind)] + " " + operation.key;
  const bool is_cas = operation.kind == OperationKind::kCompareAndSet;
  if (is_cas || operation.kind == OperationKind::kPut) text += "=" + operation.value;
  if (is_cas) text += " if " + std::to_string(operation.expected_revision);
  text += AnswerText(operation) + " @" + std::to_string(operation.called_at);
  if (operation.returned_at != kNever) text += ".." + std::to_string(operation.returned_at);
  return text;
}

std::string ToText(const History& history) {
  std::string text;
  for (const Operation& operation : history) text += ToText(operation) + "\n";
  return text;
}

}  // namespace raft::linearizability
