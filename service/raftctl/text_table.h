// A table of text with columns as wide as their widest cell.
//
// Room: service/raftctl. Knows text only.
#pragma once

#include <string>
#include <vector>

namespace raft::ctl {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> titles);
  // Requires: as many cells as titles. An empty cell is printed as "-".
  void AddRow(std::vector<std::string> cells);
  // Two spaces between columns, no spaces at line ends, a newline after each line.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace raft::ctl
