#include "tests/simulation/disk_contents.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace raft::simulation {

DiskContents::Directory* DiskContents::FindDirectory(const std::string& path) const {
  Directory* found = root_.get();
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string name(rest.substr(0, rest.find('/')));
    rest.remove_prefix(name.size());
    if (name.empty()) continue;
    const auto next = found->names.find(name);
    if (next == found->names.end() || next->second.directory == nullptr) return nullptr;
    found = next->second.directory.get();
  }
  return found;
}

DiskContents::Place DiskContents::PlaceOf(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  return {.directory = FindDirectory(path.substr(0, slash)), .name = path.substr(slash + 1)};
}

FilePointer DiskContents::FindFile(const std::string& path) const {
  const Place place = PlaceOf(path);
  if (place.directory == nullptr) return nullptr;
  const auto found = place.directory->names.find(place.name);
  return found == place.directory->names.end() ? nullptr : found->second.file;
}

std::vector<DirectoryMember> DiskContents::List(const std::string& path) const {
  std::vector<DirectoryMember> members;
  const Directory* directory = FindDirectory(path);
  if (directory == nullptr) return members;
  for (const auto& [name, node] : directory->names) {
    members.push_back({.name = name, .bytes = node.file ? node.file->bytes().size() : 0});
  }
  return members;
}

void DiskContents::Carry(const Names& change, Names* names) {
  for (const auto& [name, node] : change) {
    if (node.exists()) {
      (*names)[name] = node;
    } else {
      names->erase(name);
    }
  }
}

void DiskContents::Make(Directory& directory, Names names) {
  Carry(names, &directory.names);
  directory.unsynced.push_back({.number = ++changes_, .names = std::move(names)});
}

FilePointer DiskContents::CreateFile(const std::string& path) {
  const Place place = PlaceOf(path);
  if (place.directory == nullptr || place.name.empty()) return nullptr;
  const auto found = place.directory->names.find(place.name);
  if (found != place.directory->names.end()) return found->second.file;
  auto file = std::make_shared<FileContents>();
  Make(*place.directory, {{place.name, {.file = file, .directory = nullptr}}});
  return file;
}

bool DiskContents::CreateDirectory(const std::string& path) {
  const Place place = PlaceOf(path);
  if (place.directory == nullptr || place.directory->names.count(place.name) != 0) return false;
  Make(*place.directory,
       {{place.name, {.file = nullptr, .directory = std::make_shared<Directory>()}}});
  return true;
}

bool DiskContents::Rename(const std::string& from, const std::string& to) {
  const Place old_place = PlaceOf(from);
  const Place new_place = PlaceOf(to);
  const FilePointer file = FindFile(from);
  if (file == nullptr || new_place.directory != old_place.directory) return false;
  Make(*old_place.directory, {{old_place.name, {}}, {new_place.name, {file, nullptr}}});
  return true;
}

bool DiskContents::Remove(const std::string& path) {
  const Place place = PlaceOf(path);
  if (place.directory == nullptr || place.directory->names.count(place.name) == 0) return false;
  Make(*place.directory, {{place.name, {}}});
  return true;
}

bool DiskContents::SyncDirectory(const std::string& path) {
  Directory* directory = FindDirectory(path);
  if (directory == nullptr) return false;
  for (const Change& change : directory->unsynced) Carry(change.names, &directory->durable_names);
  directory->unsynced.clear();
  return true;
}

void DiskContents::LosePower(RandomSource& random) {
  const bool in_order = random.Between(0, 1) == 0;
  // Most changes of a long life are old: cut near the end, where the work that was cut short lies.
  const std::uint64_t lost = random.Between(0, 12);
  LosePowerBelow(*root_, random, in_order, changes_ - std::min(changes_, lost));
}

void DiskContents::LosePowerBelow(Directory& directory, RandomSource& random, bool in_order,
                                  std::uint64_t last_kept) {
  LoseChanges(directory, random, in_order, last_kept);
  for (auto& [name, node] : directory.names) {
    if (node.file) node.file->LosePower(random);
    if (node.directory) LosePowerBelow(*node.directory, random, in_order, last_kept);
  }
}

void DiskContents::LoseChanges(Directory& directory, RandomSource& random, bool in_order,
                               std::uint64_t last_kept) {
  std::set<std::string> lost_names;
  for (const Change& change : directory.unsynced) {
    const bool drawn = in_order ? change.number <= last_kept : random.Between(0, 1) == 0;
    const bool follows_a_lost_one =
        std::any_of(change.names.begin(), change.names.end(),
                    [&](const auto& name) { return lost_names.count(name.first) != 0; });
    if (drawn && !follows_a_lost_one) {
      Carry(change.names, &directory.durable_names);
    } else {
      for (const auto& [name, node] : change.names) lost_names.insert(name);
    }
  }
  directory.unsynced.clear();
  directory.names = directory.durable_names;
}

}  // namespace raft::simulation
