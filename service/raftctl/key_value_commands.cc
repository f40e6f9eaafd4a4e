#include "service/raftctl/key_value_commands.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "raft/v1/consensus_service.pb.h"
#include "service/raftctl/conversation.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/interrupt.h"
#include "service/raftctl/json.h"

namespace raft::ctl {
namespace {

constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
constexpr char kRead[] = "/raft.v1.ConsensusService/Read";
constexpr std::uint64_t kPageItems = 1'000;
// Far above what any server takes, so that a wrong file does not fill the memory first.
constexpr size_t kValueBytesMax = 64 << 20;

void WriteBytes(const std::string& bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }

int Propose(const GlobalOptions& global, const char* what, const v1::ProposeRequest& request,
            v1::ProposeResponse* response) {
  return Conversation(global).Change(what, kPropose, request, response);
}

bool WantsJson(const GlobalOptions& global) { return global.output == OutputFormat::kJson; }

v1::ReadConsistency ConsistencyOf(bool stale) {
  return stale ? v1::READ_CONSISTENCY_STALE : v1::READ_CONSISTENCY_LINEARIZABLE;
}

std::string DescribeCurrent(const std::string& key, const v1::CompareAndSetResult& result) {
  if (!result.has_current()) return absl::StrCat("the key \"", key, "\" does not exist");
  return absl::StrCat("the key \"", key, "\" is at revision ",
                      result.current().modified_revision());
}

// Prints the items of one scan, whatever the number of pages.
class ScanPrinter {
 public:
  ScanPrinter(OutputFormat output, const ScanOptions& options)
      : output_(output), options_(options) {}
  void Print(const v1::KeyValue& item) {
    if (output_ == OutputFormat::kJson) {
      WriteBytes(absl::StrCat(first_ ? kJsonBegin : ",", "\n", ToJson(item)));
    } else {
      WriteBytes(item.key());
      if (!options_.keys_only) WriteBytes(absl::StrCat("\t", item.value()));
      if (options_.revisions) WriteBytes(absl::StrCat("\t", item.modified_revision()));
      WriteBytes("\n");
    }
    first_ = false;
  }
  void Finish() {
    // Begun only now when there is no item: a scan that fails at once has printed nothing.
    if (output_ == OutputFormat::kJson)
      WriteBytes(absl::StrCat(first_ ? kJsonBegin : "", "\n]}\n"));
  }

 private:
  static constexpr char kJsonBegin[] = "{\"items\":[";

  const OutputFormat output_;
  const ScanOptions& options_;
  bool first_ = true;
};

}  // namespace

int ResolveValue(const std::optional<std::string>& given, std::string* value) {
  if (given) {
    *value = *given;
    return kExitOk;
  }
  char piece[64 << 10];
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));
    if (Interrupted()) return FailInterrupted("reading the value", Effect::kReads);
    if (got == 0) return kExitOk;
    if (got < 0) {
      return Fail({kExitFailed, absl::StrCat("cannot read the value from standard input: ",
                                             std::generic_category().message(errno))});
    }
    value->append(piece, static_cast<size_t>(got));
    if (value->size() > kValueBytesMax) {
      return Fail({kExitUsage, absl::StrCat("the value on standard input is longer than ",
                                            kValueBytesMax, " bytes")});
    }
  }
}

int RunPut(const GlobalOptions& global, const std::string& key, const std::string& value) {
  v1::ProposeRequest request;
  request.mutable_command()->mutable_put()->set_key(key);
  request.mutable_command()->mutable_put()->set_value(value);
  v1::ProposeResponse response;
  const int code = Propose(global, "put", request, &response);
  if (code != kExitOk) return code;
  if (WantsJson(global)) {
    absl::PrintF("%s\n", ToJson(response));
  } else {
    absl::PrintF("revision %u\n", response.index());
  }
  return kExitOk;
}

int RunGet(const GlobalOptions& global, const std::string& key, bool stale) {
  v1::ReadRequest request;
  request.mutable_query()->mutable_get()->set_key(key);
  request.set_consistency(ConsistencyOf(stale));
  v1::ReadResponse response;
  const int code = Conversation(global).Read("get", kRead, request, &response);
  if (code != kExitOk) return code;
  if (response.items().empty()) {
    return Fail({kExitFailed, absl::StrCat("the key \"", key, "\" does not exist")});
  }
  if (WantsJson(global)) {
    absl::PrintF("%s\n", ToJson(response.items(0)));
  } else {
    WriteBytes(response.items(0).value());
    if (isatty(STDOUT_FILENO) == 1) WriteBytes("\n");
  }
  return kExitOk;
}

int RunDelete(const GlobalOptions& global, const std::string& key) {
  v1::ProposeRequest request;
  request.mutable_command()->mutable_delete_()->set_key(key);
  v1::ProposeResponse response;
  const int code = Propose(global, "delete", request, &response);
  if (code != kExitOk) return code;
  if (WantsJson(global)) {
    absl::PrintF("%s\n", ToJson(response));
  } else {
    absl::PrintF("deleted %u\n", response.result().delete_().deleted());
  }
  return kExitOk;
}

int RunCompareAndSet(const GlobalOptions& global, const std::string& key,
                     std::uint64_t expected_revision, const std::string& value) {
  v1::ProposeRequest request;
  v1::CompareAndSet* command = request.mutable_command()->mutable_compare_and_set();
  command->set_key(key);
  command->set_expected_revision(expected_revision);
  command->set_value(value);
  v1::ProposeResponse response;
  const int code = Propose(global, "cas", request, &response);
  if (code != kExitOk) return code;
  const v1::CompareAndSetResult& result = response.result().compare_and_set();
  if (WantsJson(global)) {
    absl::PrintF("%s\n", ToJson(response));
  } else if (result.succeeded()) {
    absl::PrintF("revision %u\n", result.revision());
  }
  if (result.succeeded()) return kExitOk;
  return Fail({kExitPrecondition, absl::StrCat("nothing was stored: ", DescribeCurrent(key, result),
                                               ", not at revision ", expected_revision)});
}

int RunScan(const GlobalOptions& global, const ScanOptions& options) {
  Conversation conversation(global);
  ScanPrinter printer(global.output, options);
  v1::ReadRequest request;
  request.set_consistency(ConsistencyOf(options.stale));
  v1::Scan* scan = request.mutable_query()->mutable_scan();
  scan->set_start(options.prefix.empty() ? options.start : options.prefix);
  scan->set_end(options.prefix.empty() ? options.end : EndOfPrefix(options.prefix));
  scan->set_keys_only(options.keys_only);
  std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
  for (bool more = true; more && left > 0;) {
    scan->set_limit(static_cast<std::uint32_t>(std::min(left, kPageItems)));
    v1::ReadResponse page;
    const int code = conversation.Read("scan", kRead, request, &page);
    if (code != kExitOk) return code;
    for (const v1::KeyValue& item : page.items()) printer.Print(item);
    left -= std::min<std::uint64_t>(left, static_cast<std::uint64_t>(page.items_size()));
    more = page.more() && !page.items().empty();
    // The smallest key after the last one is that key with a zero byte behind it.
    if (more) scan->set_start(page.items().rbegin()->key() + '\0');
  }
  printer.Finish();
  return kExitOk;
}

std::string EndOfPrefix(std::string prefix) {
  // A last byte of 0xff cannot be raised: the end is then that of the shorter prefix.
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace raft::ctl
