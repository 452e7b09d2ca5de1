// The proxy that disturbs connections of other tests does what it is told, and nothing else.
#include "tests/support/tcp_proxy.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "tests/support/running_program.h"

namespace tocsin::tests {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class TcpProxyTest : public testing::Test {
 protected:
  tcp::socket connect() {
    tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), proxy_.port()});
    return socket;
  }
  // A connection through the proxy, both ends.
  std::pair<tcp::socket, tcp::socket> pair() {
    tcp::socket client = connect();
    return {std::move(client), acceptor_.accept()};
  }
  static void write(tcp::socket& socket, const std::string& text) {
    asio::write(socket, asio::buffer(text));
  }
  // As long as something comes, up to so many bytes.
  static std::string read(tcp::socket& socket, size_t size) {
    std::string text(size, ' ');
    error_code error;
    text.resize(asio::read(socket, asio::buffer(text), error));
    return text;
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  TcpProxy proxy_{acceptor_.local_endpoint().port()};
};

TEST_F(TcpProxyTest, PassesBytesBothWaysUntilOneSideEnds) {
  auto [client, server] = pair();
  const std::string much(3 << 20, 'x');
  write(client, "hello");
  EXPECT_EQ(read(server, 5), "hello");
  std::thread sender([&, &to = server] { write(to, much); });
  EXPECT_EQ(read(client, much.size()), much);
  sender.join();
  EXPECT_TRUE(eventually([&] { return proxy_.passed() == much.size() + 5; }));
  write(client, "the end");
  client.shutdown(tcp::socket::shutdown_send);
  EXPECT_EQ(read(server, 100), "the end");
  write(server, "and an answer");
  server.close();
  EXPECT_EQ(read(client, 100), "and an answer");
  EXPECT_TRUE(eventually([&] { return proxy_.open() == 0; }));
  EXPECT_EQ(proxy_.connections(), 1U);
}

TEST_F(TcpProxyTest, CutsAllAndRefusesNewOnes) {
  auto [client, server] = pair();
  auto [other, far] = pair();
  proxy_.refuse(true);
  write(client, "a");
  EXPECT_EQ(read(server, 1), "a") << "those that are there stay";
  proxy_.cut();
  EXPECT_EQ(proxy_.open(), 0U);
  EXPECT_EQ(read(client, 1), "");
  EXPECT_EQ(read(far, 1), "");
  tcp::socket refused = connect();
  EXPECT_EQ(read(refused, 1), "");
  proxy_.refuse(false);
  auto [again, end] = pair();
  write(again, "b");
  EXPECT_EQ(read(end, 1), "b");
  EXPECT_EQ(proxy_.connections(), 3U);
}

TEST_F(TcpProxyTest, CutsBehindAByte) {
  auto [client, server] = pair();
  proxy_.cut_after(7);
  write(client, "abcde");
  EXPECT_EQ(read(server, 5), "abcde");
  write(server, "fghij");
  // A reset may overtake them, so they need not arrive; more never do.
  EXPECT_TRUE(std::string("fg").starts_with(read(client, 5)));
  EXPECT_TRUE(eventually([&] { return proxy_.open() == 0; }));
  EXPECT_EQ(proxy_.passed(), 7U);
}

TEST_F(TcpProxyTest, Delays) {
  auto [client, server] = pair();
  proxy_.delay(milliseconds(60));
  const Clock::time_point begin = Clock::now();
  write(client, "a");
  EXPECT_EQ(read(server, 1), "a");
  write(server, "b");
  EXPECT_EQ(read(client, 1), "b");
  EXPECT_GE(Clock::now() - begin, milliseconds(120));
}

TEST_F(TcpProxyTest, HoldsWhatComesAndLetsItGo) {
  auto [client, server] = pair();
  proxy_.hold(true);
  write(client, "abc");
  auto [late, far] = pair();
  write(far, "def");
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(server.available(), 0U);
  EXPECT_EQ(late.available(), 0U);
  EXPECT_EQ(proxy_.passed(), 0U);
  proxy_.hold(false);
  EXPECT_EQ(read(server, 3), "abc");
  EXPECT_EQ(read(late, 3), "def");
  proxy_.hold(true);
  write(client, "never");
  proxy_.cut();
  EXPECT_EQ(read(server, 5), "");
}

}  // namespace
}  // namespace tocsin::tests
