// Says that all of these tests are skipped where there is no broker to be had.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  constexpr int kSkipped = 77;
  const bool has_java = std::system("java -version >/dev/null 2>&1") == 0;  // NOLINT: no input
  if (has_java && std::filesystem::exists(TOCSIN_KAFKA_JARS)) return RUN_ALL_TESTS();
  std::cout << "SKIPPED: no " << (has_java ? "broker in '" TOCSIN_KAFKA_JARS "'" : "java")
            << ", so nothing is tested against Kafka; ./dev test installs what it needs\n";
  return kSkipped;
}
