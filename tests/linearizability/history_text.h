// Histories as text that people read and write: one operation on one line.
//
//   c1 put k=a rev 3 @1..4             client 1 put a under k from time 1 to 4; revision 3
//   c2 get k=a rev 3 @5..6             was shown a of revision 3
//   c2 get k none @5..6                was told that there is no such key
//   c1 delete k rev 4 @7..8            deleted it, at revision 4
//   c1 delete k none @7..8             was told that nothing was there
//   c3 cas k=b if 4 rev 7 @9..10       swapped, because modified_revision was 4; revision 7
//   c3 cas k=b if 0 shown a rev 3 @9..10    did not swap, and was shown what is there
//   c3 cas k=b if 4 shown none @9..10
//   c1 put k=c unknown @11             nobody knows the outcome
//   c1 put k=c refused @11..12         certainly not
#pragma once

#include <string>

#include "tests/linearizability/history.h"

namespace raft::linearizability {

// One operation of a line; a line that is none ends the process with a message that quotes it.
Operation ParseOperation(const std::string& line);

// A history of lines; empty lines do not count.
History ParseHistory(const std::string& lines);

// The line that ParseOperation reads.
std::string ToText(const Operation& operation);
std::string ToText(const History& history);

}  // namespace raft::linearizability
