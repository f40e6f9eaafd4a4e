// The input of `raftctl load`: bytes become lines, lines become puts, puts keep their order per
// key.
//
// Room: service/raftctl. Knows files and text; knows nothing of servers. A line is a key, a TAB and
// a value; the value keeps further TABs; without a TAB the whole line is the key and the value is
// empty. Bytes are taken as they are, also NUL and a carriage return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace raft::ctl {

struct LoadLine {
  std::string key;
  std::string value;
  std::uint64_t number = 0;  // In the input, from 1.
};

// Cuts a line, without its newline, at its first TAB.
LoadLine ParseLoadLine(absl::string_view line, std::uint64_t number);

// Reads a file or standard input without ever blocking, so that answers are handled meanwhile.
class LineReader {
 public:
  static constexpr size_t kLineBytesMax = 64 << 20;

  LineReader() = default;
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // `path`: a file, or "-" for standard input.
  absl::Status Open(const std::string& path);
  // Appends to `lines` what can be read now, at most one piece of 256 KiB; the end of the
  // input shows in at_end(). Fails when the file cannot be read or a line is longer than
  // kLineBytesMax.
  absl::Status ReadAvailable(std::deque<LoadLine>* lines);

  // Every line has been given out.
  bool at_end() const { return at_end_; }
  // Bytes of the whole input; 0: not known, as for a pipe.
  std::uint64_t bytes_total() const { return bytes_total_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  absl::Status Split(std::deque<LoadLine>* lines);

  std::string path_;
  int descriptor_ = -1;
  std::string partial_;  // The bytes after the last newline.
  size_t searched_ = 0;  // Of partial_, known to hold no newline.
  std::uint64_t line_count_ = 0;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool at_end_ = false;
};

// Gives out lines in input order, but never two of one key at once: the second waits for the first,
// so that the later line wins.
class LoadQueue {
 public:
  void Add(LoadLine line);
  // The next line that may be sent; nothing when all that are left wait for their key.
  std::optional<LoadLine> Take();
  // The line of `key` taken before is finished, whatever became of it.
  void Finish(const std::string& key);

  // Lines added and not yet taken.
  size_t waiting() const { return ready_.size() + resumed_.size() + held_count_; }
  // Their keys and values.
  size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  LoadLine GiveOut(std::deque<LoadLine>* lines);

  std::deque<LoadLine> ready_;
  // Lines whose key has just become free; the key stays taken for them.
  std::deque<LoadLine> resumed_;
  // For each key taken and not finished, the lines that wait for it.
  std::unordered_map<std::string, std::deque<LoadLine>> taken_;
  size_t held_count_ = 0;
  size_t waiting_bytes_ = 0;
};

// A key as one field of a line: backslash, TAB, newline and other control bytes become \\, \t, \n
// and \xNN; every other byte stays.
std::string EscapeField(absl::string_view bytes);

}  // namespace raft::ctl
