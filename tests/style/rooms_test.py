#!/usr/bin/env python3
"""Checks the arrows between rooms at the include lines, and that the core stays pure.

CMake enforces the arrows between libraries; headers could still slip past, because every room can
see the tree. The first rule whose folder starts a file's path holds for it.
"""
import re
import sources

# folder: what its files may include, as the beginnings of quoted or library headers.
MAY_INCLUDE = {
    "core/": ("core/",),
    "persistence/": ("core/", "persistence/", "raft/", "google/protobuf/", "leveldb/", "absl/", "xxhash.h"),
    "metrics/": ("core/", "metrics/", "prometheus/", "CivetServer.h", "civetweb.h"),
    "service/loop/": ("core/", "persistence/", "service/loop/", "service/conversion/", "raft/",
                      "google/protobuf/", "absl/"),
    "service/conversion/": ("core/", "persistence/", "service/conversion/", "raft/",
                            "google/protobuf/", "absl/"),
    "service/raftctl/": ("service/", "raft/", "google/protobuf/", "absl/", "grpc", "CLI/", "core/",
                         "persistence/"),
    "service/": ("core/", "persistence/", "metrics/", "service/", "raft/", "google/protobuf/", "absl/",
                 "grpc", "spdlog/", "CLI/"),
}
# Generated services pull in gRPC, which these rooms build without.
WITHOUT_GRPC = ("core/", "persistence/", "metrics/", "service/loop/", "service/conversion/")
# Of the standard library, what a pure function of its inputs has no use for.
BANNED_IN_CORE = {
    "thread", "mutex", "shared_mutex", "condition_variable", "atomic", "future", "semaphore", "latch",
    "barrier", "stop_token", "chrono", "ctime", "time.h", "fstream", "iostream", "filesystem",
    "cerrno", "system_error", "exception", "stdexcept", "regex", "locale",
    # Their order differs from library to library: same seed, same run.
    "unordered_map", "unordered_set",
}


def rule_for(name):
    """The folder of the rule that holds for a file, or None for tests."""
    return next((folder for folder in MAY_INCLUDE if name.startswith(folder)), None)


def is_system_header(header):
    """Headers of C and the kernel end in .h, those of the C++ library have neither dot nor slash."""
    return re.fullmatch(r"[a-z_0-9]+|(sys|netinet|arpa|linux)/[a-z_0-9]+\.h|[a-z_0-9]+\.h", header)


def check_include(folder, header, quoted):
    """What is wrong with this include in this folder, or None."""
    if folder == "core/" and header in BANNED_IN_CORE:
        return f"<{header}> is banned in core/: the core is a pure function of its inputs"
    if folder == "core/" and not quoted and not re.fullmatch(r"[a-z_]+", header):
        return f"<{header}> is not of the C++ standard library, the only one that core/ may use"
    if header.endswith(".grpc.pb.h") and folder in WITHOUT_GRPC:
        return f"{header} brings in gRPC, which {folder} builds without"
    if header.startswith(MAY_INCLUDE[folder]) or (not quoted and is_system_header(header)):
        return None
    return f"{folder} may not include {header}; see the table of rooms in README.md"


def main():
    checked, findings = sources.files(".h", ".cc"), []
    for name in checked:
        folder = rule_for(name)
        if folder is None:
            continue
        for number, header, quoted in sources.includes(name):
            problem = check_include(folder, header, quoted)
            if problem:
                findings.append(f"{name}:{number}: {problem}")
    sources.report(findings, checked)


if __name__ == "__main__":
    main()
