// Declaration files from disk to checked patterns: the one way in which commands read them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "eventtime/result.h"
#include "patterns/front_end.h"
#include "patterns/source_file.h"

namespace tocsin::server {

// The file, or standard input, which may be packed as inputs may. `kind` is what the file is, in
// messages.
eventtime::Result<std::string> read_text(const std::string& path, size_t max_bytes,
                                         std::string_view kind);

// Everything in the file, or, of "-", on standard input, which is then called "<stdin>". Refuses
// what is longer than a declaration file may be.
eventtime::Result<patterns::SourceFile> read_source(const std::string& path);

// A look-up list.
eventtime::Result<std::string> read_list(const std::string& path, size_t max_bytes);

// All files, bound together. An error only where one cannot be read: mistakes in them are
// diagnostics of what is returned.
// The texts of lists that were read go to `lists`, by path, where a caller wants them.
eventtime::Result<patterns::Loaded> read_patterns(
    std::span<const std::string> paths, std::map<std::string, std::string>* lists = nullptr);

}  // namespace tocsin::server
