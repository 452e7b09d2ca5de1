#include "tests/support/tcp_proxy.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <future>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace tocsin::tests {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr size_t kChunkBytes = size_t{16} << 10;
// In one direction of a connection; then it is not read from, and its sender has to wait.
constexpr size_t kMostHeld = size_t{1} << 20;

struct Orders {
  bool refused = false;
  bool held = false;
  std::chrono::milliseconds delay{0};
  std::optional<size_t> cut_after;
  uint64_t passed = 0;
};

void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

class Link;

// One direction of a connection.
class Flow {
 public:
  Flow(Link& link, tcp::socket& from, tcp::socket& to, Orders& orders)
      : link_(link), from_(from), to_(to), orders_(orders), timer_(from.get_executor()) {}

  void read();
  // Passes on what is due.
  void pump();
  void end() { timer_.cancel(); }

 private:
  struct Chunk {
    Clock::time_point due;
    std::vector<char> bytes;
    bool is_end = false;  // the sender has said so
  };
  void take(const error_code& error, size_t size);
  void write();

  Link& link_;
  tcp::socket& from_;
  tcp::socket& to_;
  Orders& orders_;
  asio::steady_timer timer_;
  std::array<char, kChunkBytes> buffer_{};
  std::deque<Chunk> chunks_;
  size_t held_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool has_ended_ = false;
};

// Two sockets. Work that is under way keeps it alive.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(tcp::socket client, Orders& orders, std::function<void(Link*)> gone)
      : client_(std::move(client)),
        server_(client_.get_executor()),
        there_(*this, client_, server_, orders),
        back_(*this, server_, client_, orders),
        gone_(std::move(gone)) {}

  void start(uint16_t to) {
    server_.async_connect({asio::ip::address_v4::loopback(), to},
                          [self = shared_from_this()](const error_code& error) {
                            if (error) return self->cut();
                            self->is_connected_ = true;
                            self->there_.read();
                            self->back_.read();
                          });
  }
  void pump() {
    if (!is_connected_) return;
    there_.pump();
    back_.pump();
  }
  void cut() {
    reset(client_);
    reset(server_);
    end();
  }
  // One direction has ended. With the other the connection does.
  void end_one() {
    if (++ended_ < 2) return;
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
    end();
  }

 private:
  void end() {
    there_.end();
    back_.end();
    if (gone_) std::exchange(gone_, nullptr)(this);
  }

  tcp::socket client_;
  tcp::socket server_;
  Flow there_;
  Flow back_;
  std::function<void(Link*)> gone_;
  bool is_connected_ = false;
  int ended_ = 0;
};

void Flow::read() {
  if (is_reading_ || has_ended_ || held_ >= kMostHeld || !from_.is_open()) return;
  is_reading_ = true;
  from_.async_read_some(asio::buffer(buffer_), [this, self = link_.shared_from_this()](
                                                   const error_code& error, size_t size) {
    is_reading_ = false;
    take(error, size);
  });
}

void Flow::take(const error_code& error, size_t size) {
  if (error && error != asio::error::eof) {
    if (error != asio::error::operation_aborted) link_.cut();
    return;
  }
  const Clock::time_point due = Clock::now() + orders_.delay;
  has_ended_ = error == asio::error::eof;
  chunks_.push_back({due, {buffer_.begin(), buffer_.begin() + size}, has_ended_});
  held_ += size;
  read();
  pump();
}

void Flow::pump() {
  if (is_writing_ || orders_.held || chunks_.empty() || !to_.is_open()) return;
  if (chunks_.front().due <= Clock::now()) return write();
  timer_.expires_at(chunks_.front().due);
  timer_.async_wait([this, self = link_.shared_from_this()](const error_code& error) {
    if (!error) pump();
  });
}

void Flow::write() {
  Chunk& chunk = chunks_.front();
  if (chunk.is_end) {
    error_code ignored;
    to_.shutdown(tcp::socket::shutdown_send, ignored);
    chunks_.clear();
    return link_.end_one();
  }
  size_t most = chunk.bytes.size();
  const bool is_last = orders_.cut_after && *orders_.cut_after <= most;
  if (is_last) {
    most = *orders_.cut_after;
    orders_.cut_after.reset();
  } else if (orders_.cut_after) {
    *orders_.cut_after -= most;
  }
  is_writing_ = true;
  asio::async_write(
      to_, asio::buffer(chunk.bytes.data(), most),
      [this, is_last, self = link_.shared_from_this()](const error_code& error, size_t size) {
        is_writing_ = false;
        orders_.passed += size;
        if (error || is_last) return link_.cut();
        held_ -= chunks_.front().bytes.size();
        chunks_.pop_front();
        read();
        pump();
      });
}

}  // namespace

struct TcpProxy::Core {
  asio::io_context context;
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  uint16_t to = 0;
  Orders orders;
  std::set<Link*> links;
  size_t accepted = 0;

  void accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      if (orders.refused) {
        reset(socket);
      } else {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const auto link = std::make_shared<Link>(std::move(socket), orders,
                                                 [this](Link* gone) { links.erase(gone); });
        links.insert(link.get());
        ++accepted;
        link->start(to);
      }
      accept();
    });
  }
  void cut() {
    while (!links.empty()) (*links.begin())->cut();
  }
};

TcpProxy::TcpProxy(uint16_t to) : core_(std::make_unique<Core>()) {
  core_->to = to;
  port_ = core_->acceptor.local_endpoint().port();
  core_->accept();
  thread_ = std::thread([this] { core_->context.run(); });
}

TcpProxy::~TcpProxy() {
  order([this] {
    error_code ignored;
    core_->acceptor.close(ignored);
    core_->cut();
  });
  thread_.join();
}

void TcpProxy::order(const std::function<void()>& work) const {
  std::promise<void> done;
  asio::post(core_->context, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void TcpProxy::cut() {
  order([this] { core_->cut(); });
}
void TcpProxy::refuse(bool refused) {
  order([&] { core_->orders.refused = refused; });
}
void TcpProxy::delay(std::chrono::milliseconds time) {
  order([&] { core_->orders.delay = time; });
}
void TcpProxy::hold(bool held) {
  order([&] {
    core_->orders.held = held;
    if (held) return;
    const std::set<Link*> links = core_->links;
    for (Link* link : links) {
      if (core_->links.contains(link)) link->pump();
    }
  });
}
void TcpProxy::cut_after(size_t bytes) {
  order([&] { core_->orders.cut_after = bytes; });
}

size_t TcpProxy::connections() const {
  size_t count = 0;
  order([&] { count = core_->accepted; });
  return count;
}
size_t TcpProxy::open() const {
  size_t count = 0;
  order([&] { count = core_->links.size(); });
  return count;
}
uint64_t TcpProxy::passed() const {
  uint64_t bytes = 0;
  order([&] { bytes = core_->orders.passed; });
  return bytes;
}

}  // namespace tocsin::tests
