// The three standard descriptors, made safe to write to, whoever started the program.
//
// A program that is started with one of them closed gets its number for the next file or socket it
// opens, and what it prints then goes into that: into a client's connection, or into the log. For
// the main file of a program only: including it is all there is to do.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace raft {

// Opens /dev/null for each of stdin, stdout and stderr that is closed.
inline void OccupyStandardStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // Descriptors are given out from the lowest free number, so this one becomes `stream`.
    [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
  }
}

// Run before the initialisers of shared libraries, which is long before main: one of gRPC's makes
// an eventfd. The linker takes this section from a program's own objects only.
[[gnu::used, gnu::section(".preinit_array")]] static void (*const occupy_standard_streams)() =
    OccupyStandardStreams;

}  // namespace raft
