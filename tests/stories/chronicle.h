// What the servers of a story did, told twice: as lines of the trace and as a Mermaid diagram.
//
// The trace has everything; the diagram draws a message when it arrives or is lost, and what a
// reader of a picture needs to know. While the chronicle is quiet, only what changes the story's
// course is told: who leads, commits and what clients hear. Knows no rule of Raft.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/types.h"
#include "tests/stories/message.h"

namespace raft::stories {

class Chronicle {
 public:
  // ---- What is told even while it is quiet.

  // "S1 becomes leader of term 2": a turn of the story.
  void Turn(ServerId server, const std::string& words);
  // A client asks a server, or hears from it.
  void ClientAsks(ServerId server, const std::string& words);
  void ClientHears(ServerId server, const std::string& words);
  // A heading, over all servers.
  void Scene(const std::string& words);

  // ---- What is told unless it is quiet.

  // Something a reader of the diagram wants to see.
  void Note(ServerId server, const std::string& words);
  // Something only the trace tells.
  void Detail(ServerId server, const std::string& words);
  void Leaves(const Message& message);
  void Arrives(const Message& message);
  // `reason`: "lost", "cut off", ...
  void IsLost(const Message& message, const std::string& reason);

  void set_quiet(bool is_quiet) { is_quiet_ = is_quiet; }
  void set_server_count(std::size_t count) { server_count_ = count; }

  // The lines since the last take.
  std::vector<std::string> TakeTrace() { return std::exchange(trace_, {}); }
  // The whole story so far as a Mermaid sequence diagram, with a line break at the end.
  std::string Diagram() const;

 private:
  void Tell(const std::string& line) { trace_.push_back(line); }
  void Draw(const std::string& line);

  bool is_quiet_ = false;
  bool has_client_ = false;
  std::size_t server_count_ = 0;
  std::vector<std::string> trace_;
  std::vector<std::string> drawing_;
};

}  // namespace raft::stories
