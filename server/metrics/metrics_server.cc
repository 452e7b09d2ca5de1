// Sockets by hand, HTTP by Boost.Beast: so it is known where this thread allocates, which it does
// with the lock held and never while it waits for the network.
#include "server/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

namespace tocsin::server {

using eventtime::Result;
namespace http = boost::beast::http;

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxHead = size_t{8} << 10;
constexpr std::chrono::seconds kPatience{2};  // for one client, from first to last byte
constexpr int kBacklog = 16;

// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  explicit Address(const MetricsListen& listen) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&bytes);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&bytes);
    if (::inet_pton(AF_INET, listen.address.c_str(), &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(listen.port);
      size = sizeof(sockaddr_in);
    } else if (::inet_pton(AF_INET6, listen.address.c_str(), &v6->sin6_addr) == 1) {
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(listen.port);
      size = sizeof(sockaddr_in6);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

uint16_t port_of(int socket) {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(bytes);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bytes), &size) != 0) return 0;
  return bytes.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6*>(&bytes)->sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in*>(&bytes)->sin_port);
}

Result<Descriptor> listen_at(const MetricsListen& listen) {
  const auto failed = [&](int error) {
    return eventtime::world_error(fmt::format("cannot serve metrics on {} port {}: {}",
                                              listen.address, listen.port, std::strerror(error)));
  };
  const Address address(listen);
  Descriptor socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  if (socket.number() < 0 ||
      ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      ::bind(socket.number(), address.get(), address.size) != 0 ||
      ::listen(socket.number(), kBacklog) != 0) {
    return failed(errno);
  }
  return socket;
}

}  // namespace

struct MetricsServer::Shared {
  Shared(Descriptor listening, Descriptor waking)
      : listener(std::move(listening)), wake(std::move(waking)) {}

  void serve();
  void answer_one();
  // False when time is over, or the server ends.
  bool wait_for(int socket, short events, SteadyClock::time_point until) const;
  // With the lock: what goes back, nothing if the request has more to come.
  std::optional<std::string> answer(std::string_view head);
  http::response<http::string_body> respond(const http::request<http::empty_body>& request) const;

  Descriptor listener;
  Descriptor wake;
  std::mutex mutex;  // of what follows, and held while anything is allocated
  std::string text;
  bool is_ready = false;
  std::thread thread;
};

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const MetricsListen& listen) {
  Result<Descriptor> listener = listen_at(listen);
  if (!listener) return eventtime::Unexpected<eventtime::Error>{listener.error()};
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (wake.number() < 0) {
    return eventtime::world_error(fmt::format("cannot serve metrics: {}", std::strerror(errno)));
  }
  const uint16_t port = port_of(listener->number());
  auto shared = std::make_unique<Shared>(*std::move(listener), std::move(wake));
  Shared& served = *shared;
  std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(shared), port));
  served.thread = std::thread([&served] { served.serve(); });
  return server;
}

MetricsServer::MetricsServer(std::unique_ptr<Shared> shared, uint16_t port)
    : shared_(std::move(shared)), port_(port) {}

MetricsServer::~MetricsServer() {
  if (!shared_->thread.joinable()) return;
  const uint64_t one = 1;
  // A counter that is full is readable, too.
  (void)!::write(shared_->wake.number(), &one, sizeof(one));
  shared_->thread.join();
}

void MetricsServer::publish(std::string text) {
  const std::lock_guard lock(shared_->mutex);
  shared_->text = std::move(text);
}

void MetricsServer::set_ready() {
  const std::lock_guard lock(shared_->mutex);
  shared_->is_ready = true;
}

std::mutex& MetricsServer::quiet() {
  return shared_->mutex;
}

bool MetricsServer::Shared::wait_for(int socket, short events,
                                     SteadyClock::time_point until) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> both = {{{socket, events, 0}, {wake.number(), POLLIN, 0}}};
    const int ready = ::poll(both.data(), both.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (both[1].revents != 0) return false;
    if (ready > 0 && both[0].revents != 0) return true;
  }
}

void MetricsServer::Shared::serve() {
  while (true) {
    std::array<pollfd, 2> both = {{{listener.number(), POLLIN, 0}, {wake.number(), POLLIN, 0}}};
    if (::poll(both.data(), both.size(), -1) < 0 && errno != EINTR) return;
    if (both[1].revents != 0) return;
    if (both[0].revents != 0) answer_one();
  }
}

void MetricsServer::Shared::answer_one() {
  const Descriptor client(
      ::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client.number() < 0) return;
  const auto until = SteadyClock::now() + kPatience;
  std::array<char, kMaxHead> head{};
  size_t size = 0;
  std::optional<std::string> out;
  while (!out) {
    if (!wait_for(client.number(), POLLIN, until)) return;
    const ssize_t count = ::recv(client.number(), head.data() + size, head.size() - size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return;
    size += static_cast<size_t>(count);
    const std::lock_guard lock(mutex);
    out = answer({head.data(), size});
  }
  std::string_view rest = *out;
  while (!rest.empty() && wait_for(client.number(), POLLOUT, until)) {
    const ssize_t count = ::send(client.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) break;
    if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
  }
  const std::lock_guard lock(mutex);
  out.reset();
}

std::optional<std::string> MetricsServer::Shared::answer(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMaxHead);
  boost::beast::error_code wrong;
  parser.put(boost::asio::buffer(head.data(), head.size()), wrong);
  const bool is_full = head.size() == kMaxHead;
  if (wrong == http::error::need_more && !is_full) return std::nullopt;
  if (!wrong && !parser.is_header_done() && !is_full) return std::nullopt;
  http::response<http::string_body> response;
  if (wrong || !parser.is_header_done()) {
    response.result(http::status::bad_request);
    response.body() = "this is no HTTP request\n";
  } else {
    response = respond(parser.get());
  }
  response.version(11);
  response.keep_alive(false);
  if (!response.count(http::field::content_type)) {
    response.set(http::field::content_type, "text/plain; charset=utf-8");
  }
  const bool is_head = parser.is_header_done() && parser.get().method() == http::verb::head;
  response.content_length(response.body().size());
  std::ostringstream out;
  out << response.base();
  if (!is_head) out << response.body();
  return std::move(out).str();
}

http::response<http::string_body> MetricsServer::Shared::respond(
    const http::request<http::empty_body>& request) const {
  http::response<http::string_body> response;
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    response.body() = "GET alone is served\n";
    return response;
  }
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = text;
  } else if (path == "/healthz") {
    response.body() = "ok\n";
  } else if (path == "/readyz") {
    response.result(is_ready ? http::status::ok : http::status::service_unavailable);
    response.body() = is_ready ? "ready\n" : "not ready: state is being restored\n";
  } else {
    response.result(http::status::not_found);
    response.body() = "there are /metrics, /healthz and /readyz\n";
  }
  return response;
}

}  // namespace tocsin::server
