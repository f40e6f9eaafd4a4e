#include "service/raftctl/load_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raft::ctl {
namespace {

constexpr size_t kReadBytes = 256 << 10;

size_t BytesOf(const LoadLine& line) { return line.key.size() + line.value.size(); }

}  // namespace

LoadLine ParseLoadLine(absl::string_view line, std::uint64_t number) {
  const size_t tab = line.find('\t');
  if (tab == absl::string_view::npos) return {std::string(line), "", number};
  return {std::string(line.substr(0, tab)), std::string(line.substr(tab + 1)), number};
}

LineReader::~LineReader() {
  if (descriptor_ > STDIN_FILENO) close(descriptor_);
}

absl::Status LineReader::Open(const std::string& path) {
  path_ = path == "-" ? "standard input" : path;
  descriptor_ = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts = {};
  if (descriptor_ < 0 || fstat(descriptor_, &facts) != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path_, ": ", std::generic_category().message(errno)));
  }
  if (S_ISDIR(facts.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path_, ": it is a directory"));
  }
  if (S_ISREG(facts.st_mode)) bytes_total_ = static_cast<std::uint64_t>(facts.st_size);
  return absl::OkStatus();
}

absl::Status LineReader::ReadAvailable(std::deque<LoadLine>* lines) {
  if (at_end_) return absl::OkStatus();
  struct pollfd readable = {.fd = descriptor_, .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, 0) <= 0) return absl::OkStatus();
  const size_t old_size = partial_.size();
  partial_.resize(old_size + kReadBytes);
  const ssize_t got = read(descriptor_, partial_.data() + old_size, kReadBytes);
  const int cause = errno;
  partial_.resize(old_size + (got > 0 ? static_cast<size_t>(got) : 0));
  if (got < 0 && (cause == EINTR || cause == EAGAIN)) return absl::OkStatus();
  if (got < 0)
    return absl::DataLossError(
        absl::StrCat("cannot read ", path_, ": ", std::generic_category().message(cause)));
  bytes_read_ += static_cast<std::uint64_t>(got);
  at_end_ = got == 0;
  return Split(lines);
}

absl::Status LineReader::Split(std::deque<LoadLine>* lines) {
  const absl::string_view bytes = partial_;
  size_t start = 0;
  size_t newline = bytes.find('\n', searched_);
  while (newline != absl::string_view::npos) {
    lines->push_back(ParseLoadLine(bytes.substr(start, newline - start), ++line_count_));
    start = newline + 1;
    newline = bytes.find('\n', start);
  }
  if (at_end_ && start < bytes.size()) {  // A last line without a newline is a line.
    lines->push_back(ParseLoadLine(bytes.substr(start), ++line_count_));
    start = bytes.size();
  }
  partial_.erase(0, start);
  searched_ = partial_.size();
  if (partial_.size() <= kLineBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("line ", line_count_ + 1, " of ", path_,
                                                 " is longer than ", kLineBytesMax, " bytes"));
}

void LoadQueue::Add(LoadLine line) {
  waiting_bytes_ += BytesOf(line);
  ready_.push_back(std::move(line));
}

std::optional<LoadLine> LoadQueue::Take() {
  if (!resumed_.empty()) return GiveOut(&resumed_);
  while (!ready_.empty()) {
    const auto [taken, is_free] = taken_.try_emplace(ready_.front().key);
    if (is_free) return GiveOut(&ready_);
    taken->second.push_back(std::move(ready_.front()));
    ready_.pop_front();
    ++held_count_;
  }
  return std::nullopt;
}

LoadLine LoadQueue::GiveOut(std::deque<LoadLine>* lines) {
  LoadLine line = std::move(lines->front());
  lines->pop_front();
  waiting_bytes_ -= BytesOf(line);
  return line;
}

void LoadQueue::Finish(const std::string& key) {
  const auto taken = taken_.find(key);
  if (taken == taken_.end()) return;
  std::deque<LoadLine>& held = taken->second;
  if (held.empty()) {
    taken_.erase(taken);
    return;
  }
  resumed_.push_back(std::move(held.front()));
  held.pop_front();
  --held_count_;
}

std::string EscapeField(absl::string_view bytes) {
  static constexpr char kHexDigits[] = "0123456789abcdef";
  std::string escaped;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\\') {
      escaped += "\\\\";
    } else if (byte == '\t') {
      escaped += "\\t";
    } else if (byte == '\n') {
      escaped += "\\n";
    } else if (value < 0x20 || value == 0x7f) {
      escaped += {'\\', 'x', kHexDigits[value >> 4], kHexDigits[value & 0xf]};
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

}  // namespace raft::ctl
