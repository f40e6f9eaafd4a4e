// What a story can expect of its servers, and in which words.
#pragma once

#include <functional>

#include "tests/stories/stage.h"
#include "tests/stories/words.h"

namespace raft::stories {

// Parses what follows the word "expect". The result says what stands there instead, if the
// expectation is not met.
std::function<Stage::Outcome(Stage&)> TakeExpectation(Words& words);

// The expectations as rows of the vocabulary table.
std::string ExpectationRows();

}  // namespace raft::stories
