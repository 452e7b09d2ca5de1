// The engine against the model: the bytes are the choices that make a case of patterns and events.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/model/case_runner.h"
#include "tests/model/generator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::model;
  const Case example = generate_case(size, {data, size}).example;
  Verdict verdict = judge(example, 1 + size % 7);
  if (!verdict.difference && size % 8 == 0) verdict = judge_state(example, 1 + size % 7);
  if (!verdict.difference) return 0;
  std::fprintf(stderr, "%s%s\n", to_string(example).c_str(), verdict.difference->c_str());
  std::abort();
}
