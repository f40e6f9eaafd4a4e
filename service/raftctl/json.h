// JSON for `-o json`: protobuf's own mapping, in which bytes are base64 and 64-bit numbers text.
//
// Room: service/raftctl. The one place that chooses how messages are printed.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace raft::ctl {

// The message on one line, fields that are zero included.
std::string ToJson(const google::protobuf::Message& message);

// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

}  // namespace raft::ctl
