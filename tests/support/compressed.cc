#include "tests/support/compressed.h"

#include <zlib.h>
#include <zstd.h>

#include "eventtime/check.h"

namespace tocsin::tests {

std::string gzip(std::string_view text) {
  constexpr int kGzipWindow = MAX_WBITS + 16;  // with header and end of gzip
  constexpr size_t kHeaderBytes = 64;          // more than there are
  z_stream stream{};
  int state = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, MAX_MEM_LEVEL,
                           Z_DEFAULT_STRATEGY);
  TOCSIN_CHECK(state == Z_OK, "zlib is there");
  std::string out(deflateBound(&stream, text.size()) + kHeaderBytes, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  state = deflate(&stream, Z_FINISH);
  TOCSIN_CHECK(state == Z_STREAM_END, "a text can be compressed");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1);
  TOCSIN_CHECK(ZSTD_isError(size) == 0, "a text can be compressed");
  out.resize(size);
  return out;
}

}  // namespace tocsin::tests
