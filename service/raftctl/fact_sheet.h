// What is to be told about one thing: lines with aligned values for people, or a JSON object.
//
// Room: service/raftctl. Knows text only. In JSON every value is text, as protobuf's mapping has it
// for 64-bit numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace raft::ctl {

class FactSheet {
 public:
  // `name`: lower-case words, "cluster id"; in JSON "cluster_id".
  void Add(std::string name, std::string value);
  void Add(std::string name, std::uint64_t value);

  // A line per fact, with an end after each.
  std::string ToText() const;
  // The object, on one line without its end.
  std::string ToJson() const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

}  // namespace raft::ctl
