#include "service/raftctl/option_kinds.h"

#include <CLI/CLI.hpp>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace raft::ctl {

std::string CheckEndpoint(const std::string& endpoint) {
  const size_t colon = endpoint.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(endpoint.substr(colon + 1), &port) || port == 0 || port > 65'535) {
    return absl::StrCat("\"", endpoint, "\" is no address like host:7000");
  }
  return "";
}

CLI::Option* AddDuration(CLI::App* app, const std::string& name, Clock::duration* target,
                         Clock::duration least, const std::string& description) {
  const auto parse = [target, least, name](const std::string& text) {
    absl::Duration duration;
    if (!absl::ParseDuration(text, &duration) || duration == absl::InfiniteDuration()) {
      throw CLI::ValidationError(name, "\"" + text + "\" is no duration like 500ms, 5s or 1m");
    }
    if (absl::ToChronoNanoseconds(duration) < least) {
      throw CLI::ValidationError(
          name, absl::StrCat("must be at least ", absl::FormatDuration(absl::FromChrono(least)),
                             ", not ", text));
    }
    *target = absl::ToChronoNanoseconds(duration);
  };
  return app->add_option_function<std::string>(name, parse, description)
      ->type_name("DURATION")
      ->default_str(absl::FormatDuration(absl::FromChrono(*target)));
}

}  // namespace raft::ctl
