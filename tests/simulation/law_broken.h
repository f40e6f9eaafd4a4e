// How a run ends when a law is broken: with the law's name and what was seen.
#pragma once

#include <stdexcept>
#include <string>

namespace raft::simulation {

class LawBroken final : public std::runtime_error {
 public:
  // `law`: its id and name, such as "W1 election safety".
  LawBroken(std::string law, const std::string& seen)
      : std::runtime_error(law + ": " + seen), law_(std::move(law)) {}

  const std::string& law() const { return law_; }

 private:
  std::string law_;
};

}  // namespace raft::simulation
