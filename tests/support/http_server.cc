#include "tests/support/http_server.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <optional>
#include <set>

namespace tocsin::tests {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

struct HttpServer::Core {
  Handler handler;
  asio::io_context context;
  std::optional<asio::ssl::context> tls;
  tcp::acceptor acceptor{context};
  std::thread accepting;

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool ends = false;  // guarded, as all of these
  std::vector<SeenRequest> requests;
  std::set<int> open;  // sockets
  std::vector<std::thread> threads;
  size_t connections = 0;
  std::atomic<uint64_t> endless_bytes = 0;

  void accept();
  void serve(tcp::socket socket, size_t connection);
  template <class Stream>
  void talk(Stream& stream, int socket, size_t connection);
  template <class Stream>
  bool answer(Stream& stream, int socket, const Reply& reply);
  template <class Stream>
  void send_endless(Stream& stream);
  void pause(std::chrono::milliseconds time);
  Reply see(SeenRequest request);
};

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

SeenRequest seen(const http::request<http::string_body>& request, size_t connection) {
  SeenRequest result;
  result.method = std::string(request.method_string());
  result.target = std::string(request.target());
  result.body = request.body();
  result.connection = connection;
  for (const auto& field : request) {
    result.headers[lower(std::string(field.name_string()))] = std::string(field.value());
  }
  return result;
}

}  // namespace

void HttpServer::Core::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, time, [this] { return ends; });
}

Reply HttpServer::Core::see(SeenRequest request) {
  const std::lock_guard lock(mutex);
  requests.push_back(std::move(request));
  return handler ? handler(requests.back()) : Reply();
}

void HttpServer::Core::accept() {
  while (true) {
    error_code error;
    tcp::socket socket = acceptor.accept(error);
    const std::lock_guard lock(mutex);
    if (ends) return;
    if (error) continue;
    const size_t connection = connections++;
    open.insert(socket.native_handle());
    threads.emplace_back([this, connection, socket = std::move(socket)]() mutable {
      serve(std::move(socket), connection);
    });
  }
}

void HttpServer::Core::serve(tcp::socket socket, size_t connection) {
  const int handle = socket.native_handle();
  error_code error;
  socket.set_option(tcp::no_delay(true), error);
  if (tls) {
    asio::ssl::stream<tcp::socket&> stream(socket, *tls);
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) talk(stream, handle, connection);
  } else {
    talk(socket, handle, connection);
  }
  const std::lock_guard lock(mutex);
  open.erase(handle);  // before its number is given to another
  socket.close(error);
}

template <class Stream>
void HttpServer::Core::talk(Stream& stream, int socket, size_t connection) {
  boost::beast::flat_buffer buffer;
  while (true) {
    error_code error;
    http::request_parser<http::string_body> parser;
    parser.body_limit(uint64_t{64} << 20);
    http::read(stream, buffer, parser, error);
    if (error) return;
    const Reply reply = see(seen(parser.get(), connection));
    if (reply.delay.count() > 0) pause(reply.delay);
    if (!answer(stream, socket, reply)) return;
  }
}

// False: the connection ends.
template <class Stream>
bool HttpServer::Core::answer(Stream& stream, int socket, const Reply& reply) {
  using Way = Reply::Way;
  error_code error;
  if (reply.way == Way::kSilence) {
    char byte = 0;
    asio::read(stream, asio::buffer(&byte, 1), error);  // until the other side has gone
    return false;
  }
  if (reply.way == Way::kReset) {
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    return false;
  }
  if (reply.way == Way::kNoHttp) {
    asio::write(stream, asio::buffer(std::string("220 mail.test ESMTP\r\n")), error);
    return false;
  }
  http::response<http::string_body> response{http::status::ok, 11};
  response.result(reply.status);
  response.body() = "thanks";
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.keep_alive(reply.way == Way::kWhole);
  response.prepare_payload();
  if (reply.way == Way::kHalf) response.content_length(1000);
  if (reply.way == Way::kEndless) response.content_length(uint64_t{1} << 40);
  http::response_serializer<http::string_body> serializer(response);
  if (reply.way == Way::kHalf || reply.way == Way::kEndless) {
    http::write_header(stream, serializer, error);
    asio::write(stream, asio::buffer(std::string("{\"a")), error);
    if (reply.way == Way::kEndless) send_endless(stream);
    return false;
  }
  http::write(stream, serializer, error);
  return !error && reply.way == Way::kWhole;
}

template <class Stream>
void HttpServer::Core::send_endless(Stream& stream) {
  const std::string piece(16384, 'x');
  error_code error;
  while (!error) endless_bytes += asio::write(stream, asio::buffer(piece), error);
}

HttpServer::HttpServer(Handler handler, const Certificate* certificate)
    : core_(std::make_unique<Core>()), is_tls_(certificate != nullptr) {
  core_->handler = std::move(handler);
  if (certificate != nullptr) {
    core_->tls.emplace(asio::ssl::context::tls_server);
    core_->tls->use_certificate_chain(asio::buffer(certificate->certificate));
    core_->tls->use_private_key(asio::buffer(certificate->key), asio::ssl::context::pem);
  }
  const tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  core_->acceptor.open(any.protocol());
  core_->acceptor.bind(any);
  core_->acceptor.listen();
  port_ = core_->acceptor.local_endpoint().port();
  core_->accepting = std::thread([core = core_.get()] { core->accept(); });
}

HttpServer::~HttpServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(core_->mutex);
    core_->ends = true;
    for (const int socket : core_->open) ::shutdown(socket, SHUT_RDWR);
    threads.swap(core_->threads);
  }
  core_->changed.notify_all();
  ::shutdown(core_->acceptor.native_handle(), SHUT_RDWR);
  core_->accepting.join();
  for (std::thread& thread : threads) thread.join();
}

std::string HttpServer::url(const std::string& host) const {
  return (is_tls_ ? "https://" : "http://") + host + ":" + std::to_string(port_) + "/hook?key=1";
}

std::vector<SeenRequest> HttpServer::requests() const {
  const std::lock_guard lock(core_->mutex);
  return core_->requests;
}

size_t HttpServer::connections() const {
  const std::lock_guard lock(core_->mutex);
  return core_->connections;
}

uint64_t HttpServer::endless_bytes() const {
  return core_->endless_bytes;
}

}  // namespace tocsin::tests
