// Turns what happens inside a server into metrics and log lines.
//
// The one listener of the loop and of the peer side: metrics count everything, the log tells what
// an operator would want to know, and repeats are limited per kind of line. Thread-safe; never
// blocks and never calls back.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "metrics/raft_metrics.h"
#include "persistence/mutex.h"
#include "service/line_limit.h"
#include "service/loop/loop_observer.h"
#include "service/peer_observer.h"

namespace raft {

class ServerObserver final : public LoopObserver, public PeerObserver {
 public:
  // `metrics` outlives this object.
  explicit ServerObserver(RaftMetrics& metrics) : metrics_(metrics) {}

  void OnEvent(const RaftEvent& event) override;
  void OnLoopTurn(Seconds busy) override { metrics_.OnLoopTurn(busy); }
  void OnCommitted(Seconds since_append) override { metrics_.OnCommitted(since_append); }
  void OnPersisted(Seconds busy, std::size_t entries, std::uint64_t bytes) override;
  void OnApplied(Seconds busy, std::size_t entries) override;
  void OnCheckpointed(Seconds busy) override { metrics_.OnCheckpointed(busy); }

  void OnCallEnded(const PeerCallReport& report) override;
  void OnSnapshotPieceSent(ServerId to, std::uint64_t bytes) override;
  void OnSnapshotPieceReceived(ServerId from, std::uint64_t bytes) override;
  void OnSnapshotResumed(ServerId from) override;
  void OnSnapshotReceived(ServerId from, SnapshotReceipt receipt, Seconds busy) override;
  void OnHeaderRefused(HeaderProblem problem) override;
  void OnMessageMalformed(ServerId from) override;
  void OnTwoProcesses(ServerId member) override;

 private:
  struct Peer {
    PeerMetrics metrics;
    bool known = false;  // whether `answers` says anything yet
    bool answers = false;
  };

  void NoteQuarantine(const RaftEvent& event);
  void NoteSnapshotSent(const PeerCallReport& report);
  PeerMetrics MetricsOf(ServerId peer);
  // Whether this is news: the peer stopped or began to answer.
  bool NoteAnswering(ServerId peer, bool answers);

  RaftMetrics& metrics_;
  bool is_quarantined_ = false;  // event-loop thread only
  LineLimit refused_headers_;
  LineLimit malformed_messages_;
  LineLimit doubles_;
  LineLimit impossible_messages_;
  Mutex mutex_;
  std::map<ServerId, Peer> peers_;
};

}  // namespace raft
