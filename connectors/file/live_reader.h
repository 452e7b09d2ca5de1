// The bytes of a file that others go on writing, or of a stream as they come.
//
// read() never waits: 0 means that nothing more is there now (may_grow()), or that a stream has
// ended. Files do not end; one that became shorter than what was read of it, that is gone or whose
// name has another file now is the world's error, after all that it held has been read. (Emptied
// and written anew to at least the old length between two reads, it looks as if it had grown.)
// Compressed data are refused: a member that is still being written cannot be told from a damaged
// one. Tested by tests/unit/connectors/live_reader_test.cc.
#pragma once

#include <memory>
#include <string>

#include "connectors/file/byte_reader.h"

namespace tocsin::connectors {

// "-" is standard input, a stream whatever it is. Until begin_live() reads wait for bytes and a
// file ends where it ends, so that a source can go to its position.
eventtime::Result<std::unique_ptr<ByteReader>> open_live_bytes(const std::string& path);

}  // namespace tocsin::connectors
