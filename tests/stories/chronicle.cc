#include "tests/stories/chronicle.h"

#include <algorithm>

#include "tests/stories/words.h"

namespace raft::stories {
namespace {

// "S1-xS2: AppendEntries term 1, ...": numbers are for the trace, a picture shows the arrows.
std::string Arrow(const Message& message, const std::string& arrow) {
  return NameOf(message.from) + arrow + NameOf(message.to) + ": " + KindOf(message) + " " +
         ContentOf(message);
}

std::string NoteOver(ServerId server, const std::string& words) {
  return "Note over " + NameOf(server) + ": " + words;
}

}  // namespace

void Chronicle::Turn(ServerId server, const std::string& words) {
  Tell(NameOf(server) + " " + words);
  Draw(NoteOver(server, words));
}

void Chronicle::ClientAsks(ServerId server, const std::string& words) {
  has_client_ = true;
  Draw("Client->>" + NameOf(server) + ": " + words);
}

void Chronicle::ClientHears(ServerId server, const std::string& words) {
  Tell(NameOf(server) + " tells the client: " + words);
  Draw(NameOf(server) + "-->>Client: " + words);
}

void Chronicle::Scene(const std::string& words) {
  Draw("Note over S1,S" + std::to_string(server_count_) + ": " + words);
}

void Chronicle::Note(ServerId server, const std::string& words) {
  if (is_quiet_) return;
  Tell(NameOf(server) + " " + words);
  Draw(NoteOver(server, words));
}

void Chronicle::Detail(ServerId server, const std::string& words) {
  if (is_quiet_) return;
  Tell(NameOf(server) + " " + words);
}

void Chronicle::Leaves(const Message& message) {
  if (is_quiet_) return;
  Tell(ToldWithRoute(message));
}

void Chronicle::Arrives(const Message& message) {
  if (is_quiet_) return;
  Tell(NameOf(message.to) + " <- " + NameOf(message.from) + "  " + KindOf(message) + " #" +
       std::to_string(message.number().value()));
  Draw(Arrow(message, message.is_answer() ? "-->>" : "->>"));
}

void Chronicle::IsLost(const Message& message, const std::string& reason) {
  if (is_quiet_) return;
  Tell(NameOf(message.from) + " -x " + NameOf(message.to) + "  " + KindOf(message) + " #" +
       std::to_string(message.number().value()) + " " + reason);
  Draw(Arrow(message, message.is_answer() ? "--x" : "-x"));
}

std::string Chronicle::Diagram() const {
  std::string diagram = "sequenceDiagram\n";
  if (has_client_) diagram += "    participant Client\n";
  for (std::size_t id = 1; id <= server_count_; ++id) {
    diagram += "    participant S" + std::to_string(id) + "\n";
  }
  for (const std::string& line : drawing_) diagram += "    " + line + "\n";
  return diagram;
}

// Mermaid ends a statement at a semicolon and begins an entity with '#'.
void Chronicle::Draw(const std::string& line) {
  std::string drawn = line;
  std::replace(drawn.begin(), drawn.end(), ';', ',');
  std::erase(drawn, '#');
  drawing_.push_back(std::move(drawn));
}

}  // namespace raft::stories
