// One DownloadSnapshot call: piece after piece from one server, until the end, a stall or Ctrl-C.
//
// Room: service/raftctl. Knows the stream and the clock; nothing of what the pieces hold or where
// they go. It reads the next piece when the last one was taken, so that the server keeps our pace.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/raftctl/call_engine.h"
#include "service/raftctl/call_outcome.h"

namespace raft::ctl {

// How a download ended.
struct DownloadEnding {
  bool interrupted = false;
  absl::Status taken = absl::OkStatus();  // not OK: what taking a piece failed with
  CallOutcome outcome;                    // of the call, if neither
  bool began = false;                     // a first piece had arrived
  bool stalled = false;                   // nothing arrived for all our patience
};

// Gives every piece, in order, to `take`, on the calling thread; stops when it fails. Gives up when
// no piece arrives for `patience`.
DownloadEnding DownloadSnapshot(
    const std::string& endpoint, Clock::duration patience,
    const std::function<absl::Status(const v1::DownloadSnapshotResponse&)>& take);

}  // namespace raft::ctl
