#include "core/configuration_history.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace raft {

const ConfigurationHistory::Item& ConfigurationHistory::At(LogIndex index) const {
  RAFT_CHECK(items_.front().index <= index, "the configuration that was in force is still known");
  const auto after = std::find_if(items_.begin(), items_.end(),
                                  [index](const Item& item) { return item.index > index; });
  return *std::prev(after);
}

bool ConfigurationHistory::MayVote(ServerId server, std::uint64_t incarnation) const {
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    return item.configuration->IsVoterInLife(server, incarnation);
  });
}

void ConfigurationHistory::Append(LogIndex index, ClusterConfiguration configuration) {
  RAFT_CHECK(index > newest().index, "configurations are appended in order");
  items_.push_back(
      {.index = index,
       .configuration = std::make_shared<const ClusterConfiguration>(std::move(configuration))});
}

void ConfigurationHistory::TruncateFrom(LogIndex first) {
  RAFT_CHECK(items_.front().index < first, "the configuration to return to is known (trap D3)");
  while (items_.back().index >= first) items_.pop_back();
}

void ConfigurationHistory::Commit(LogIndex index) {
  while (items_.size() > 1 && items_[1].index <= index) items_.pop_front();
}

void ConfigurationHistory::ResetTo(const IndexedConfiguration& only) {
  RAFT_CHECK(!only.configuration.members().empty(), "somebody is a member");
  items_.clear();
  items_.push_back(
      {.index = only.index,
       .configuration = std::make_shared<const ClusterConfiguration>(only.configuration)});
}

}  // namespace raft
