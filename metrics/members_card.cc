#include "metrics/members_card.h"

#include "metrics/html.h"

namespace raft {
namespace {

// From here on a number is shown in a colour that asks for attention. The upper ones are those of
// the alert on followers that lag.
constexpr double kLagSecondsWarn = 1, kLagSecondsBad = 10;
constexpr std::uint64_t kLagEntriesBad = 10'000;
constexpr double kContactSecondsWarn = 0.5, kContactSecondsBad = 2;

// The class of a number that is good when small.
const char* Grade(double value, double warn, double bad) {
  return value >= bad ? "bad-text" : value >= warn ? "warn-text" : "soft";
}

std::string Cell(const char* style_class, const std::string& content) {
  return Element("td", style_class, content);
}

std::string MemberCell(const MetricsSnapshot& snapshot, ServerId server) {
  const RaftStatus& status = snapshot.status;
  std::string name = "<b>" + ServerName(server) + "</b>";
  if (server == status.server_id) name += " <span class=\"soft\">(this)</span>";
  if (const MemberAddress* member = FindMember(snapshot, server)) {
    name += "<small><code>" + EscapeHtml(member->peer_address) + "</code></small>";
  }
  return Cell("", name);
}

std::string StateCell(const PeerStatus& peer, bool silent) {
  if (silent) return Cell("", Element("span", "pill bad", "silent"));
  switch (peer.state) {
    case PeerState::kProbe:
      return Cell("", Element("span", "pill warn", "probing"));
    case PeerState::kReplicate:
      return Cell("", Element("span", "pill good", "replicating"));
    case PeerState::kSnapshot:
      return Cell("", Element("span", "pill warn", "receiving a snapshot"));
  }
  return Cell("", "");
}

// What the leader knows of one peer.
std::string PeerRow(const MetricsSnapshot& snapshot, const LogWindow& window,
                    const PeerStatus& peer) {
  const double contact = TicksToSeconds(peer.last_contact_ticks, snapshot.tick_ms);
  const double lag_seconds = static_cast<double>(peer.lag_ms) / 1000.0;
  const bool silent = contact >= kContactSecondsBad;
  const char* const lag_grade = peer.lag_entries >= kLagEntriesBad
                                    ? "bad-text"
                                    : Grade(lag_seconds, kLagSecondsWarn, kLagSecondsBad);
  return "<tr>" + MemberCell(snapshot, peer.peer) + StateCell(peer, silent) +
         Cell("wide",
              Element("div", "bar", Segment("applied", 0, window.Percent(peer.match_index)))) +
         Cell("number", Number(peer.match_index)) +
         Cell("number", Element("span", lag_grade, GroupDigits(peer.lag_entries))) +
         Cell("number", Element("span", lag_grade, HumanSeconds(lag_seconds))) +
         Cell("number", Element("span", Grade(contact, kContactSecondsWarn, kContactSecondsBad),
                                HumanSeconds(contact))) +
         "</tr>";
}

// The leader's own row, for comparison: it holds its whole log.
std::string OwnRow(const MetricsSnapshot& snapshot, const LogWindow& window) {
  const RaftStatus& status = snapshot.status;
  return "<tr>" + MemberCell(snapshot, status.server_id) +
         Cell("", Element("span", "pill leader", "leader")) +
         Cell("wide",
              Element("div", "bar", Segment("applied", 0, window.Percent(status.last_log_index)))) +
         Cell("number", Number(status.last_log_index)) + Cell("number soft", "&ndash;") +
         Cell("number soft", "&ndash;") + Cell("number soft", "&ndash;") + "</tr>";
}

}  // namespace

std::string ReplicationCard(const MetricsSnapshot& snapshot, const LogWindow& window) {
  std::string rows = OwnRow(snapshot, window);
  for (const PeerStatus& peer : snapshot.status.peers) rows += PeerRow(snapshot, window, peer);
  return Element(
      "section", "card",
      "<h2>Replication <small>how far each server is, as the leader knows</small></h2>" +
          Element("div", "scroll",
                  "<table><thead><tr><th>Server</th><th>State</th><th class=\"wide\">Log</th>"
                  "<th class=\"number\">Holds up to</th><th class=\"number\">Lag, entries</th>"
                  "<th class=\"number\">Lag, time</th><th class=\"number\">Last answer</th>"
                  "</tr></thead><tbody>" +
                      rows + "</tbody></table>"));
}

std::string MembersCard(const MetricsSnapshot& snapshot) {
  if (snapshot.members.empty()) return {};
  std::string rows;
  for (const MemberAddress& member : snapshot.members) {
    const bool leads = snapshot.status.leader == member.server_id;
    rows += "<tr>" + MemberCell(snapshot, member.server_id) +
            Cell("", leads ? Element("span", "pill leader", "leader")
                           : Element("span", "soft", EscapeHtml(member.role))) +
            Cell("", member.client_address.empty()
                         ? "<span class=\"soft\">not heard yet</span>"
                         : "<code>" + EscapeHtml(member.client_address) + "</code>") +
            "</tr>";
  }
  return Element(
      "section", "card",
      "<h2>Members <small>how far each one is, only the leader knows: see its page"
      "</small></h2>" +
          Element("div", "scroll",
                  "<table><thead><tr><th>Server</th><th></th><th>Clients reach it at</th>"
                  "</tr></thead><tbody>" +
                      rows + "</tbody></table>"));
}

}  // namespace raft
