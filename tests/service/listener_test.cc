// Our own accept loop: exclusive ports, clear messages, and life after descriptors ran out.
#include "service/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/service/loop/fakes.h"

namespace raft {
namespace {

using testing::HasSubstr;

// A connection to a port of this machine; -1 when refused.
int Connect(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

std::unique_ptr<Listener> OpenAnyPort() {
  return Listener::Open({"127.0.0.1", 0}, "clients").value();
}

TEST(ListenerTest, HandsOverEachConnection) {
  Notebook<int> connections;
  const auto listener = OpenAnyPort();
  listener->Start([&](int, int connection) { connections.Write(connection); });
  const int first = Connect(listener->port());
  const int second = Connect(listener->port());
  EXPECT_TRUE(connections.WaitForCount(2));
  listener->Stop();
  for (const int fd : connections.Read()) close(fd);
  close(first);
  close(second);
}

TEST(ListenerTest, RefusesAPortThatSomebodyListensOn) {
  const auto listener = OpenAnyPort();
  const auto second = Listener::Open({"127.0.0.1", listener->port()}, "peers");
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("cannot listen for peers on"));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process has it"));
}

TEST(ListenerTest, RefusesAnAddressThatIsNotThisMachines) {
  const auto listener = Listener::Open({"192.0.2.1", 7000}, "clients");
  ASSERT_FALSE(listener.ok());
  EXPECT_THAT(std::string(listener.status().message()), HasSubstr("192.0.2.1:7000"));
}

TEST(ListenerTest, AcceptsNothingAfterItStopped) {
  const auto listener = OpenAnyPort();
  const std::uint16_t port = listener->port();
  listener->Start([](int, int connection) { close(connection); });
  listener->Stop();
  EXPECT_EQ(Connect(port), -1);
}

// Takes every descriptor that is left under a small limit, and gives all back at the end.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit small = before_;
    small.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &small);
    for (int fd = dup(0); fd >= 0; fd = dup(0)) taken_.push_back(fd);
  }
  ~NoDescriptorsLeft() {
    for (const int fd : taken_) close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  bool none_left() const { return taken_.empty() ? false : dup(0) < 0; }
  // Makes room for exactly one descriptor.
  void GiveOneBack() {
    close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(ListenerTest, AcceptsAgainAfterDescriptorsRanOut) {
  Notebook<int> connections;
  const auto listener = OpenAnyPort();
  listener->Start([&](int, int connection) { connections.Write(connection); });
  int waiting = -1;
  {
    NoDescriptorsLeft exhausted;
    ASSERT_TRUE(exhausted.none_left());
    exhausted.GiveOneBack();
    waiting = Connect(listener->port());  // connects; the other end finds no descriptor
    ASSERT_GE(waiting, 0);
    EXPECT_TRUE(connections.Read().empty());
  }
  EXPECT_TRUE(connections.WaitForCount(1)) << "the connection that waited is accepted";
  listener->Stop();
  for (const int fd : connections.Read()) close(fd);
  close(waiting);
}

TEST(ListenerTest, KeepsDescriptorsFreeForFiles) {
  Notebook<int> connections;
  const auto listener = OpenAnyPort();
  listener->Start([&](int, int connection) { connections.Write(connection); });
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 200;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
  std::vector<int> clients;
  for (int count = 0; count < 90; ++count) clients.push_back(Connect(listener->port()));
  char byte = 0;
  // Refused ones are closed by the other side, which a read sees as the end.
  EXPECT_EQ(read(clients.back(), &byte, 1), 0);
  const int still_free = dup(0);
  EXPECT_GE(still_free, 0);
  for (const int fd : clients) close(fd);
  close(still_free);
  setrlimit(RLIMIT_NOFILE, &before);
  listener->Stop();
  for (const int fd : connections.Read()) close(fd);
}

}  // namespace
}  // namespace raft
