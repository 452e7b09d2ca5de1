// A run with a state directory that a test disturbs, and the same run undisturbed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/scenarios.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::faults {

// All that a run tells; seconds apart.
struct Written {
  std::string alerts;
  std::string late;
  std::string dead_letters;
  std::string counters;  // of --metrics
};

// What differs, for a person to read; "" if nothing does.
std::string difference(const Written& wanted, const Written& got);

class Rig {
 public:
  explicit Rig(const Scenario& scenario);  // makes the inputs

  // The words of a run without state; its outputs are in the given folder.
  std::vector<std::string> arguments(const std::string& folder) const;
  // The words of the disturbed run.
  std::vector<std::string> arguments() const;

  // What comes out when nothing is in its way. The inputs are as they are now.
  Written undisturbed() const;
  // What the disturbed run has written.
  Written written() const { return written(folder_); }
  // Runs to the end, which must come.
  void finish() const;
  // Removes state and outputs of the disturbed run.
  void forget() const;

  std::string input(size_t number) const { return directory_.path(scenario_.inputs[number].file); }
  const std::string& text(size_t number) const { return texts_[number]; }
  // The input has these bytes from now on, compressed if its name says so.
  void set_text(size_t number, std::string_view text) const;

  std::string state() const { return folder_ + "/state"; }
  // An output: alerts, late, dead, metrics; or another file beside them.
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  static Written written(const std::string& folder);

 private:
  const Scenario& scenario_;
  tests::TemporaryDirectory directory_;
  std::string folder_;
  std::vector<std::string> texts_;
};

}  // namespace tocsin::faults
