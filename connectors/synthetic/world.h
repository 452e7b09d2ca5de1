// The people, cards, shops and places of the synthetic payments.
//
// Nothing here is stored: every property of customer n or shop n is derived from the seed and n
// when it is asked for. People have a home town, a few usual shops, a personal level of spending,
// one to three devices and one or two cards; some work across a border, some are travelling. Shops
// have a place, a category and an amount that is usual there.
//
// Distances keep the world honest: whoever travels needs a night for it, so that only fraud (and a
// shared card) is in two far places too soon.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/synthetic/random.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {

struct City {
  std::string_view country;
  std::string_view currency;
  int32_t lat_milli;  // thousandths of a degree
  int32_t lon_milli;
  int8_t utc_hours;  // of its local time
  uint8_t region;    // cities of different regions are more than 2,500 km apart
  uint8_t weight;    // its share of the customers
  uint8_t twin;      // a city across the border, near enough to work in; itself if there is none
};

struct Category {
  std::string_view code;  // ISO 18245 merchant category
  std::array<std::string_view, 4> names;
  int32_t usual_cents;
  uint8_t shop_weight;    // its share of the shops of a town
  uint8_t online_weight;  // its share of the shops online
};

using CityId = uint32_t;
using CustomerId = uint32_t;
using MerchantId = uint32_t;

inline constexpr size_t kCities = 42;
inline constexpr uint32_t kShopsPerCity = 400;
inline constexpr uint32_t kMachinesPerCity = 20;  // cash machines
inline constexpr uint32_t kOnlineShops = 3000;

const City& city(CityId id);
CityId random_city(uint64_t bits);
// Another city of the same region, or of another one.
CityId city_of_region(CityId from, uint64_t bits);
CityId city_far_from(CityId from, uint64_t bits);

struct Merchant {
  MerchantId id = 0;
  std::string_view name;
  std::string_view category;
  std::string_view country;
  std::string_view currency;
  int32_t usual_cents = 0;
  bool online = false;
  int32_t lat_milli = 0;  // of its terminal; nothing when online
  int32_t lon_milli = 0;
};

struct Customer {
  CustomerId id = 0;
  CityId home = 0;
  CityId work = 0;       // the home city, or its twin
  uint32_t level = 0;    // of spending, in 1/256 of the usual amounts
  uint32_t cards = 1;    // 1 or 2
  uint32_t devices = 1;  // 1 to 3
};

class World {
 public:
  World(uint64_t seed, uint32_t customers) : seed_(seed), customers_(customers) {}

  uint32_t customers() const { return customers_; }
  Customer customer(CustomerId id) const;
  Merchant merchant(MerchantId id) const;

  // Where a customer can pay at a terminal at that time; nothing on the way between two places.
  std::optional<CityId> place(const Customer& customer, eventtime::Timestamp time) const;
  // The hour of the day at home.
  int local_hour(const Customer& customer, eventtime::Timestamp time) const;

  // One of the shops that the customer goes to often in that city, and often online.
  MerchantId usual_shop(const Customer& customer, CityId city, uint64_t bits) const;
  MerchantId usual_online_shop(const Customer& customer, uint64_t bits) const;

  static MerchantId shop(CityId city, uint64_t bits);
  static MerchantId cash_machine(CityId city, uint32_t number);
  static MerchantId online_shop(uint64_t bits);

  uint32_t card(CustomerId customer, uint32_t number) const { return customer * 2 + number; }
  uint32_t device(CustomerId customer, uint32_t number) const { return customer * 3 + number; }
  // Devices that belong to nobody begin here.
  uint32_t first_free_device() const { return customers_ * 3; }
  // The customer's address at home, and a stranger's in some city.
  uint32_t home_address(const Customer& customer) const;
  static uint32_t stranger_address(CityId city, uint64_t bits);
  void append_email(std::string& out, CustomerId id) const;

 private:
  // The city of the customer's journey on that day, if there is one.
  std::optional<CityId> journey(const Customer& customer, int64_t day) const;

  uint64_t seed_;
  uint32_t customers_;
};

// A random factor in 1/256 with a long tail: the quantiles of a log-normal distribution
// (sigma 0.75), with straight lines between them.
uint32_t long_tail(uint64_t bits);

}  // namespace tocsin::connectors::synthetic
