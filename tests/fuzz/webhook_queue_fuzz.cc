// Any bytes as the only file of a queue, and as bodies of alerts that are otherwise right: no
// crash, what can be read is counted right, and the queue goes on behind it.
#include <cstdint>
#include <string>
#include <vector>

#include "connectors/webhook/delivery_queue.h"
#include "eventtime/check.h"
#include "tests/support/memory_storage.h"

namespace {

using tocsin::connectors::DeliveryQueue;
using tocsin::connectors::Found;
using tocsin::connectors::QueuedAlert;

constexpr const char* kName = "alerts-00000000000000000000";

std::vector<QueuedAlert> read(DeliveryQueue& queue, uint64_t& lost) {
  std::vector<QueuedAlert> alerts;
  DeliveryQueue::Place place;
  while (true) {
    const auto entry = queue.read(place).value();
    if (entry.found == Found::kEnd) break;
    if (entry.found == Found::kAlert) alerts.push_back(entry.alert);
    if (entry.found == Found::kDamaged) lost += entry.lost;
  }
  TOCSIN_CHECK(alerts.size() + lost == queue.end(), "each number is an alert, or lost");
  return alerts;
}

void check(const std::string& bytes) {
  tocsin::tests::MemoryStorage storage;
  storage.set_files({{kName, bytes}});
  auto opened = DeliveryQueue::open(storage);
  if (!opened) return;  // of another version
  uint64_t lost = 0;
  std::vector<QueuedAlert> alerts = read(**opened, lost);
  const QueuedAlert more = {{1}, {2}, false, "id", "{}"};
  TOCSIN_CHECK((*opened)->append({"p", more.id, "{}", more.complete, more.json}, more.queued),
               "there is room");
  TOCSIN_CHECK((*opened)->flush(), "memory can be written");
  alerts.push_back(more);
  uint64_t lost_again = 0;
  TOCSIN_CHECK(read(*DeliveryQueue::open(storage).value(), lost_again) == alerts,
               "all is there again, and more");
  TOCSIN_CHECK(lost == lost_again, "and nothing else is lost");
}

// Pieces of the bytes, each behind a length, as alerts; the last one is torn.
std::string queue_of(const std::string& bytes) {
  std::string file = tocsin::connectors::segment_header(0);
  size_t at = 0;
  for (uint64_t number = 0; at < bytes.size(); ++number) {
    const size_t size = static_cast<uint8_t>(bytes[at]);
    const std::string text = bytes.substr(at + 1, size);
    at += 1 + size;
    tocsin::connectors::append_queued(
        file, number,
        {{static_cast<int64_t>(size)}, {3}, size % 2 == 1, text.substr(0, size / 2), text});
  }
  return file.substr(0, file.size() - bytes.size() % 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check(queue_of(bytes));
  return 0;
}
