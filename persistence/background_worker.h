// Who does the work that one database schedules: writing tables and merging them, behind its back.
//
// LevelDB's own thread is shared by all databases of a process; a worker of its own for each sees
// to it that compacting the state never holds up the log (trap H16).
#pragma once

#include <memory>

namespace raft {

class BackgroundWorker {
 public:
  // Finishes what was scheduled. Requires: the database is closed.
  virtual ~BackgroundWorker() = default;

  // Does `work(argument)` later, after all that was scheduled before. Any thread, also with a lock
  // held that the work takes.
  virtual void Schedule(void (*work)(void*), void* argument) = 0;

  // It works while others wait for what it does.
  virtual bool has_thread() const = 0;

  // Called after a database was opened and before it is closed. A worker that has no thread does
  // now what is scheduled: a first write may wait for it, and closing does. Requires: no lock of
  // the database is held.
  virtual void Settle() = 0;
};

// A worker with a thread of its own, started when there is something to do.
std::unique_ptr<BackgroundWorker> NewBackgroundThread();

}  // namespace raft
