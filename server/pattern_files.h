// Declaration files from disk to checked patterns: the one way in which commands read them.
#pragma once

#include <map>
#include <span>
#include <string>

#include "eventtime/result.h"
#include "patterns/front_end.h"
#include "patterns/source_file.h"

namespace tocsin::server {

// Everything in the file, or, of "-", on standard input, which is then called "<stdin>". Refuses
// what is longer than a declaration file may be.
eventtime::Result<patterns::SourceFile> read_source(const std::string& path);

// A look-up list, which may be packed as inputs may.
eventtime::Result<std::string> read_list(const std::string& path, size_t max_bytes);

// All files, bound together. An error only where one cannot be read: mistakes in them are
// diagnostics of what is returned.
// The texts of lists that were read go to `lists`, by path, where a caller wants them.
eventtime::Result<patterns::Loaded> read_patterns(
    std::span<const std::string> paths, std::map<std::string, std::string>* lists = nullptr);

}  // namespace tocsin::server
