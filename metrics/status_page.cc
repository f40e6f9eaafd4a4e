#include "metrics/status_page.h"

#include <vector>

#include "metrics/html.h"
#include "metrics/log_window.h"
#include "metrics/members_card.h"
#include "metrics/status_page_assets.h"

namespace raft {
namespace {

std::string RoleWord(const MetricsSnapshot& snapshot) {
  if (!snapshot.forming.empty()) return "forming";
  return snapshot.status.role == RoleName::kPreCandidate ? "pre-candidate"
                                                         : ToString(snapshot.status.role);
}

std::string Header(const MetricsSnapshot& snapshot, const StatusPageFacts& facts) {
  const std::string role = RoleWord(snapshot);
  std::string about = "raftd " + EscapeHtml(facts.version);
  if (facts.process_age_seconds.has_value()) {
    about += " &middot; up " + HumanSeconds(*facts.process_age_seconds);
  }
  if (!snapshot.cluster_id.empty()) {
    about += "<br>cluster <code>" + EscapeHtml(snapshot.cluster_id) + "</code>";
  }
  const bool settled = role == "leader" || role == "follower";
  return "<header><h1>" + ServerName(snapshot.status.server_id) + "</h1>" +
         Element("span", settled ? (role == "leader" ? "pill leader" : "pill") : "pill warn",
                 role) +
         Element("div", "about", about) + "</header>";
}

std::string Warnings(const MetricsSnapshot& snapshot) {
  std::string items;
  if (!snapshot.forming.empty()) {
    items += "<li>The cluster is forming: " + EscapeHtml(snapshot.forming) + "</li>";
  }
  for (const std::string& warning : snapshot.warnings) {
    items += "<li>" + EscapeHtml(warning) + "</li>";
  }
  return items.empty() ? "" : Element("div", "notice", "<ul>" + items + "</ul>");
}

std::string Tile(const char* name, const std::string& value, const std::string& note) {
  return Element(
      "div", "tile",
      Element("div", "name", name) + Element("div", "value", value) + Element("div", "note", note));
}

constexpr char kNone[] = "<span class=\"warn-text\">none</span>";

std::string LeaderTile(const MetricsSnapshot& snapshot) {
  const RaftStatus& status = snapshot.status;
  if (!status.leader.has_value()) return Tile("Leader", kNone, "no leader is known here");
  std::string note;
  if (*status.leader == status.server_id) {
    note = "this server";
  } else if (const MemberAddress* leader = FindMember(snapshot, *status.leader)) {
    note = EscapeHtml(leader->client_address);
  }
  return Tile("Leader", ServerName(*status.leader), note);
}

std::string ContactTile(const MetricsSnapshot& snapshot) {
  const RaftStatus& status = snapshot.status;
  const bool leads = status.role == RoleName::kLeader;
  if (!status.leader_contact_ticks.has_value()) {
    return Tile("Leader contact", kNone,
                snapshot.forming.empty() ? "no leader to hear from" : "the cluster is forming");
  }
  return Tile(leads ? "Majority contact" : "Leader contact",
              HumanSeconds(TicksToSeconds(*status.leader_contact_ticks, snapshot.tick_ms)),
              leads ? "since a majority answered" : "since the leader spoke");
}

std::string Tiles(const MetricsSnapshot& snapshot) {
  const RaftStatus& status = snapshot.status;
  const std::string vote = status.voted_for.has_value()
                               ? "voted for server " + std::to_string(status.voted_for->value())
                               : "no vote given";
  return Element("div", "tiles",
                 LeaderTile(snapshot) +
                     Tile("Term", GroupDigits(status.current_term.value()), vote) +
                     Tile("Committed", Number(status.commit_index), "entries a majority holds") +
                     ContactTile(snapshot) +
                     Tile("Proposals waiting", GroupDigits(snapshot.proposals_pending),
                          HumanBytes(snapshot.proposals_pending_bytes)));
}

std::string LegendItem(const char* style_class, const char* name, LogIndex index) {
  const std::string mark = style_class[0] == '\0' ? "" : Element("i", style_class, "");
  return "<li>" + mark + "<span>" + name + "</span> <b>" + Number(index) + "</b></li>";
}

std::string LogCard(const RaftStatus& status, const LogWindow& window) {
  const double applied = window.Percent(status.applied_index);
  const double committed = window.Percent(status.commit_index);
  const std::string bar = Segment("applied", 0, applied) +
                          Segment("committed", applied, committed) +
                          Segment("appended", committed, window.Percent(status.last_log_index));
  const std::string ends = "<span>" + GroupDigits(window.start() + (window.last() > 0 ? 1 : 0)) +
                           "</span><span>" + GroupDigits(window.last()) + "</span>";
  const std::string legend = LegendItem("applied", "applied", status.applied_index) +
                             LegendItem("committed", "committed", status.commit_index) +
                             LegendItem("appended", "last", status.last_log_index) +
                             LegendItem("", "durable here", status.durable_index) +
                             LegendItem("", "equal to the majority's", status.verified_index) +
                             LegendItem("", "first kept", status.first_log_index);
  return Element("section", "card log",
                 "<h2>Log <small>its newest " + GroupDigits(window.last() - window.start()) +
                     " entries</small></h2>" + Element("div", "bar", bar) +
                     Element("div", "ends", ends) + Element("ul", "legend", legend));
}

std::string Fact(const std::string& name, const std::string& value) {
  return "<dt>" + name + "</dt><dd>" + value + "</dd>";
}

std::string StorageCard(const MetricsSnapshot& snapshot) {
  std::string facts;
  for (const StorageSize& size : snapshot.storage_sizes) {
    facts += Fact(EscapeHtml(size.component) + " on disk", HumanBytes(size.bytes));
  }
  if (snapshot.disk_free_bytes.has_value()) {
    facts += Fact("disk free", HumanBytes(*snapshot.disk_free_bytes));
  }
  facts += Fact("log in memory", HumanBytes(snapshot.status.log_bytes));
  if (snapshot.key_count.has_value()) facts += Fact("keys", GroupDigits(*snapshot.key_count));
  if (!snapshot.state_digest.empty()) {
    facts += Fact("state digest", "<code>" + EscapeHtml(snapshot.state_digest) + "</code>");
  }
  return Element("section", "card", "<h2>Storage</h2><dl>" + facts + "</dl>");
}

std::string QueuesCard(const MetricsSnapshot& snapshot) {
  std::string facts;
  for (const QueueDepth& queue : snapshot.queues) {
    facts += Fact(EscapeHtml(queue.queue), GroupDigits(queue.depth));
  }
  facts += Fact("reads waiting", GroupDigits(snapshot.status.reads_waiting));
  facts += Fact("not yet committed", HumanBytes(snapshot.status.uncommitted_bytes));
  return Element("section", "card", "<h2>Waiting</h2><dl>" + facts + "</dl>");
}

std::string CheckItems(const char* type, const std::vector<HealthCheck>& checks) {
  std::string items;
  for (const HealthCheck& check : checks) {
    const std::string label = std::string("<span class=\"soft\">") + type + "</span>";
    items +=
        "<li>" +
        (check.failure.has_value() ? Element("span", "bad-text", "&#10007;")
                                   : Element("span", "good-text", "&#10003;")) +
        "<span>" + EscapeHtml(check.name) + " " + label +
        (check.failure.has_value() ? "<small>" + EscapeHtml(*check.failure) + "</small>" : "") +
        "</span></li>";
  }
  return items;
}

std::string HealthCard(const MetricsSnapshot& snapshot) {
  return Element("section", "card",
                 "<h2>Health</h2>" + Element("ul", "checks",
                                             CheckItems("live", snapshot.livez) +
                                                 CheckItems("ready", snapshot.readyz)));
}

constexpr char kFooter[] =
    "<footer><a href=\"/metrics\">/metrics</a><a href=\"/status.json\">/status.json</a>"
    "<a href=\"/livez?verbose\">/livez?verbose</a><a href=\"/readyz?verbose\">/readyz?verbose</a>"
    "<span>This page refreshes itself every 2 s.</span></footer>";

std::string Title(const MetricsSnapshot& snapshot) {
  return ServerName(snapshot.status.server_id) + ": " + RoleWord(snapshot) + ", term " +
         GroupDigits(snapshot.status.current_term.value());
}

}  // namespace

std::string MakeStatusPage(const MetricsSnapshot& snapshot, const StatusPageFacts& facts) {
  const LogWindow window(snapshot.status);
  const bool leads = snapshot.status.role == RoleName::kLeader;
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
         "<link rel=\"icon\" href=\"data:,\"><title>" +
         Title(snapshot) + "</title><style>\n" + kStatusPageStyle +
         "</style><noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript></head><body>"
         "<div id=\"silent\" class=\"notice\" role=\"alert\" hidden></div><main>\n" +
         Header(snapshot, facts) + Warnings(snapshot) + Tiles(snapshot) + "\n" +
         LogCard(snapshot.status, window) + "\n" +
         (leads ? ReplicationCard(snapshot, window) : MembersCard(snapshot)) + "\n" +
         Element("div", "columns",
                 StorageCard(snapshot) + QueuesCard(snapshot) + HealthCard(snapshot)) +
         "\n" + kFooter + "</main><script>\n" + kStatusPageScript + "</script></body></html>\n";
}

}  // namespace raft
