// What lies on a simulated disk: directories, the names in them, and what of both a power loss
// leaves.
//
// The model. A name is created, renamed or removed at once for every reader, and durably once its
// directory is synced. Of the changes since, a power loss leaves one of two things, drawn anew each
// time: the first so many of them in the order they were made, all directories together, as a
// journal leaves them; or any of them, except that a change never stays without the earlier changes
// of the same names. A rename is one change of two names. Syncing a file says nothing of its name,
// and the other way round.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/random_source.h"
#include "persistence/disk.h"
#include "tests/simulation/file_contents.h"

namespace raft::simulation {

// Paths are absolute. The root is there from the beginning.
class DiskContents {
 public:
  // Null: there is no such file.
  FilePointer FindFile(const std::string& path) const;
  bool HasDirectory(const std::string& path) const { return FindDirectory(path) != nullptr; }
  // By name; none where there is no such directory.
  std::vector<DirectoryMember> List(const std::string& path) const;

  // Each changes nothing and says false, or null, where its directory or its file is not there.
  FilePointer CreateFile(const std::string& path);
  bool CreateDirectory(const std::string& path);
  bool Rename(const std::string& from, const std::string& to);
  // A directory goes with everything in it.
  bool Remove(const std::string& path);
  bool SyncDirectory(const std::string& path);

  void LosePower(RandomSource& random);

 private:
  struct Directory;
  // Either is null; both: the name is not there.
  struct Node {
    FilePointer file;
    std::shared_ptr<Directory> directory;

    bool exists() const { return file != nullptr || directory != nullptr; }
  };
  using Names = std::map<std::string, Node>;
  struct Change {
    std::uint64_t number = 0;  // rises over the whole disk
    Names names;               // what each name stands for afterwards
  };
  struct Directory {
    Names names;
    Names durable_names;
    std::vector<Change> unsynced;
  };
  struct Place {
    Directory* directory = nullptr;  // null: there is none
    std::string name;
  };

  static void Carry(const Names& change, Names* names);
  static void LoseChanges(Directory& directory, RandomSource& random, bool in_order,
                          std::uint64_t last_kept);
  static void LosePowerBelow(Directory& directory, RandomSource& random, bool in_order,
                             std::uint64_t last_kept);

  Directory* FindDirectory(const std::string& path) const;
  Place PlaceOf(const std::string& path) const;
  void Make(Directory& directory, Names names);

  std::shared_ptr<Directory> root_ = std::make_shared<Directory>();
  std::uint64_t changes_ = 0;
};

}  // namespace raft::simulation
