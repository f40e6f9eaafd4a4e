// The few HTML words the status page is written with.
//
// Room: metrics/. Pure functions; `content` is HTML already, foreign text goes through EscapeHtml.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "core/types.h"
#include "metrics/text_format.h"

namespace raft {

inline std::string Element(const char* name, const char* style_class, const std::string& content) {
  return std::string("<") + name + " class=\"" + style_class + "\">" + content + "</" + name + ">";
}

inline std::string ServerName(ServerId server) {
  return "Server " + std::to_string(server.value());
}

inline std::string Number(LogIndex index) { return GroupDigits(index.value()); }

// A piece of a bar, from one percentage of its width to another.
inline std::string Segment(const char* style_class, double from, double to) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "<i class=\"%s\" style=\"left:%.2f%%;width:%.2f%%\"></i>",
                style_class, from, std::max(to - from, 0.0));
  return text.data();
}

}  // namespace raft
