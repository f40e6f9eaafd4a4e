#include "service/raftctl/fact_sheet.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/raftctl/json.h"

namespace raft::ctl {

void FactSheet::Add(std::string name, std::string value) {
  facts_.emplace_back(std::move(name), std::move(value));
}

void FactSheet::Add(std::string name, std::uint64_t value) {
  Add(std::move(name), absl::StrCat(value));
}

std::string FactSheet::ToText() const {
  size_t width = 0;
  for (const auto& [name, value] : facts_) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : facts_) {
    absl::StrAppend(&text, name, std::string(width - name.size() + 2, ' '), value, "\n");
  }
  return text;
}

std::string FactSheet::ToJson() const {
  std::string json;
  for (const auto& [name, value] : facts_) {
    absl::StrAppend(&json, json.empty() ? "{" : ",",
                    JsonString(absl::StrReplaceAll(name, {{" ", "_"}})), ":", JsonString(value));
  }
  return json.empty() ? "{}" : json + "}";
}

}  // namespace raft::ctl
