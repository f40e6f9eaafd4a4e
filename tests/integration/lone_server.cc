#include "tests/integration/lone_server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

namespace raft::integration {
namespace {

constexpr Milliseconds kStatusDeadline{1'000};

}  // namespace

LoneServer::LoneServer(Id id, const std::string& data_dir, const std::string& folder)
    : LoneServer(id, data_dir, folder, FreeAddresses()) {}

LoneServer::LoneServer(Id id, const std::string& data_dir, const std::string& folder,
                       Addresses addresses)
    : id_(id),
      data_dir_(data_dir),
      addresses_(std::move(addresses)),
      log_path_(folder + "/lone-server-" + std::to_string(id) + ".log"),
      client_(addresses_.client) {}

void LoneServer::Start(const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {
      RaftdProgram(),  "--server-id",    std::to_string(id_), "--data-dir",      data_dir_,
      "--log-format",  "text",           "--client-address",  addresses_.client, "--peer-address",
      addresses_.peer, "--http-address", addresses_.http};
  arguments.insert(arguments.end(), options.begin(), options.end());
  process_ = std::make_unique<Process>(
      ProcessOptions{.arguments = arguments, .output_path = log_path_, .error_path = log_path_});
}

std::optional<v1::GetStatusResponse> LoneServer::Status() {
  const auto answer = client_.GetStatus(false, kStatusDeadline);
  if (!answer.ok()) return std::nullopt;
  return answer.response;
}

bool LoneServer::Leads() {
  const bool leads = WaitUntil([this] {
    const auto status = Status();
    return status && status->role() == v1::SERVER_ROLE_LEADER;
  });
  EXPECT_TRUE(leads) << "server " << id_ << " does not lead; its log:\n" << Log();
  return leads;
}

std::uint64_t LoneServer::MustPut(const std::string& key, const std::string& value) {
  std::uint64_t revision = 0;
  EXPECT_TRUE(WaitUntil([&] {
    const auto answer = client_.Put(key, value);
    if (answer.ok()) revision = answer.response.index();
    return answer.ok();
  })) << "cannot put "
      << key << "; the server's log:\n"
      << Log();
  return revision;
}

std::optional<v1::KeyValue> LoneServer::MustGet(const std::string& key) {
  std::optional<v1::KeyValue> item;
  EXPECT_TRUE(WaitUntil([&] {
    const auto answer = client_.Get(key);
    if (answer.ok() && answer.response.items_size() == 1) item = answer.response.items(0);
    return answer.ok();
  })) << "cannot get "
      << key << "; the server's log:\n"
      << Log();
  return item;
}

Finished RunRaftctl(const std::vector<std::string>& arguments, const std::string& folder,
                    const std::string& input_path) {
  std::vector<std::string> all = {RaftctlProgram()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunToEnd(all, folder, input_path);
}

std::string JsonFact(const std::string& output, const std::string& name) {
  const std::string before = "\"" + name + "\":\"";
  const auto found = output.find(before);
  if (found == std::string::npos) return "";
  const auto begin = found + before.size();
  return output.substr(begin, output.find('"', begin) - begin);
}

std::map<std::string, std::string> ContentsOf(const std::string& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = std::filesystem::relative(file.path(), directory);
    contents[name] = file.is_directory() ? "(directory)" : ReadFile(file.path());
  }
  return contents;
}

}  // namespace raft::integration
