#include "connectors/synthetic/world.h"

#include <algorithm>

#include "connectors/synthetic/record_writer.h"

namespace tocsin::connectors::synthetic {
namespace {

// What mix() is asked for; each property has its own number.
enum Property : uint8_t {
  kHome = 1,
  kWorksAbroad,
  kLevel,
  kCards,
  kDevices,
  kJourney,
  kJourneyCity,
  kUsualShop,
  kUsualOnlineShop,
  kShopKind,
  kShopName,
  kShopPlace,
  kShopAmount,
  kAddress,
  kEmail,
};

// In order of regions. Twins stand next to each other.
constexpr std::array<City, kCities> kCityTable = {{
    {"DE", "EUR", 52520, 13405, 1, 0, 12, 0},     // Berlin
    {"DE", "EUR", 48137, 11575, 1, 0, 8, 1},      // Munich
    {"DE", "EUR", 53551, 9994, 1, 0, 7, 2},       // Hamburg
    {"FR", "EUR", 48857, 2352, 1, 0, 12, 3},      // Paris
    {"FR", "EUR", 45764, 4836, 1, 0, 5, 4},       // Lyon
    {"GB", "GBP", 51507, -128, 0, 0, 14, 5},      // London
    {"GB", "GBP", 53481, -2242, 0, 0, 6, 6},      // Manchester
    {"ES", "EUR", 40417, -3704, 1, 0, 8, 7},      // Madrid
    {"ES", "EUR", 41385, 2173, 1, 0, 6, 8},       // Barcelona
    {"IT", "EUR", 41903, 12496, 1, 0, 7, 9},      // Rome
    {"IT", "EUR", 45464, 9190, 1, 0, 6, 10},      // Milan
    {"PL", "PLN", 52230, 21012, 1, 0, 6, 11},     // Warsaw
    {"CZ", "CZK", 50076, 14438, 1, 0, 4, 12},     // Prague
    {"NL", "EUR", 52368, 4904, 1, 0, 6, 13},      // Amsterdam
    {"PT", "EUR", 38722, -9139, 0, 0, 4, 14},     // Lisbon
    {"IE", "EUR", 53350, -6260, 0, 0, 4, 15},     // Dublin
    {"GR", "EUR", 37984, 23728, 2, 0, 4, 16},     // Athens
    {"NO", "NOK", 59914, 10752, 1, 0, 3, 17},     // Oslo
    {"FI", "EUR", 60170, 24938, 2, 0, 3, 18},     // Helsinki
    {"DK", "DKK", 55676, 12568, 1, 0, 4, 20},     // Copenhagen
    {"SE", "SEK", 55605, 13004, 1, 0, 3, 19},     // Malmo
    {"CH", "CHF", 47560, 7589, 1, 0, 3, 22},      // Basel
    {"FR", "EUR", 47586, 7560, 1, 0, 2, 21},      // Saint-Louis
    {"FR", "EUR", 48573, 7752, 1, 0, 3, 24},      // Strasbourg
    {"DE", "EUR", 48573, 7815, 1, 0, 2, 23},      // Kehl
    {"AT", "EUR", 48208, 16372, 1, 0, 4, 26},     // Vienna
    {"SK", "EUR", 48149, 17107, 1, 0, 3, 25},     // Bratislava
    {"US", "USD", 40713, -74006, -5, 1, 10, 27},  // New York
    {"US", "USD", 42360, -71059, -5, 1, 5, 28},   // Boston
    {"US", "USD", 41878, -87630, -6, 1, 6, 29},   // Chicago
    {"US", "USD", 25762, -80192, -5, 1, 4, 30},   // Miami
    {"CA", "CAD", 43651, -79347, -5, 1, 4, 31},   // Toronto
    {"US", "USD", 42331, -83046, -5, 1, 3, 33},   // Detroit
    {"CA", "CAD", 42315, -83036, -5, 1, 2, 32},   // Windsor
    {"SG", "SGD", 1352, 103820, 8, 2, 3, 34},     // Singapore
    {"TH", "THB", 13756, 100502, 7, 2, 3, 35},    // Bangkok
    {"MY", "MYR", 3139, 101687, 8, 2, 2, 36},     // Kuala Lumpur
    {"VN", "VND", 10823, 106630, 7, 2, 2, 37},    // Ho Chi Minh City
    {"BR", "BRL", -23551, -46633, -3, 3, 4, 38},  // Sao Paulo
    {"BR", "BRL", -22907, -43173, -3, 3, 3, 39},  // Rio de Janeiro
    {"AR", "ARS", -34604, -58382, -3, 3, 2, 40},  // Buenos Aires
    {"UY", "UYU", -34901, -56165, -3, 3, 2, 41},  // Montevideo
}};

constexpr std::array<Category, 17> kCategories = {{
    {"5411", {"Nordmarkt", "Fresco", "Daily", "Korb"}, 2600, 60, 6},
    {"5812", {"Osteria", "Bistro 9", "Lotus", "Anker"}, 3400, 40, 0},
    {"5814", {"Snackbar", "Burgerei", "Kebab 24", "Tostado"}, 1150, 44, 8},
    {"5541", {"Petrol", "Tankhof", "Rasta", "Oktan"}, 5200, 20, 0},
    {"5912", {"Apotheke", "Pharma", "Salus", "Vita"}, 1800, 18, 8},
    {"4111", {"Metro", "Tram", "Bahn", "CityBus"}, 780, 30, 10},
    {"4121", {"Taxi", "Cabbie", "Rollo", "Hopin"}, 1900, 14, 10},
    {"5651", {"Modus", "Linea", "Faden", "Velvet"}, 5400, 20, 24},
    {"5732", {"Elektra", "Volt", "Pixelo", "Radix"}, 13500, 8, 20},
    {"5942", {"Lettera", "Folio", "Papyr", "Inkwell"}, 2100, 8, 16},
    {"5977", {"Belle", "Aura", "Rosa", "Lumi"}, 2900, 8, 12},
    {"7832", {"Cinema", "Lichtspiel", "Odeon", "Rex"}, 2300, 8, 6},
    {"7011", {"Hotel Post", "Albergo", "Inn", "Pension"}, 16500, 6, 10},
    {"5944", {"Juwel", "Oro", "Karat", "Tempo"}, 22000, 2, 4},
    {"5815", {"Playbox", "Tonality", "Appstall", "Streamo"}, 690, 0, 40},
    {"4722", {"Fernweh", "Viaggi", "Tripko", "Meridian"}, 29000, 2, 10},
    {"5399", {"Allerlei", "Bazaro", "Kaufladen", "Tuttoweb"}, 4100, 12, 60},
}};
constexpr std::array<std::string_view, 4> kBankNames = {"Bankomat", "Geldhaus", "Cassa",
                                                        "CashPoint"};
constexpr std::string_view kCashCategory = "6011";

constexpr uint32_t kCityStride = 1000;  // merchant numbers of a city: city * stride + shop
constexpr uint32_t kFirstMachine = 900;
constexpr uint32_t kFirstOnlineShop = 100'000;
static_assert(kShopsPerCity <= kFirstMachine && kFirstMachine + kMachinesPerCity <= kCityStride);
static_assert(kCities * kCityStride <= kFirstOnlineShop);

constexpr int64_t kMicrosPerHour = 3'600'000'000;

constexpr uint32_t total_weight() {
  uint32_t total = 0;
  for (const City& each : kCityTable) total += each.weight;
  return total;
}

int64_t local_hours(const City& city, eventtime::Timestamp time) {
  int64_t hours = time.micros / kMicrosPerHour;
  if (time.micros % kMicrosPerHour < 0) --hours;
  return hours + city.utc_hours;
}

int64_t floor_div(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

const Category& category_of(uint64_t bits, bool online) {
  uint32_t total = 0;
  for (const Category& each : kCategories) total += online ? each.online_weight : each.shop_weight;
  uint32_t at = reduce(bits, total);
  for (const Category& each : kCategories) {
    const uint32_t weight = online ? each.online_weight : each.shop_weight;
    if (at < weight) return each;
    at -= weight;
  }
  return kCategories.front();
}

// Favours small numbers, so that some shops are busy and some are not.
uint32_t skewed(uint64_t bits, uint32_t limit) {
  return std::min(reduce(bits, limit), reduce(bits << 32, limit));
}

}  // namespace

const City& city(CityId id) {
  return kCityTable[id];
}

CityId random_city(uint64_t bits) {
  uint32_t at = reduce(bits, total_weight());
  for (CityId id = 0; id < kCities; ++id) {
    if (at < kCityTable[id].weight) return id;
    at -= kCityTable[id].weight;
  }
  return 0;
}

CityId city_of_region(CityId from, uint64_t bits) {
  for (uint64_t i = 0;; ++i) {
    const CityId found = random_city(mix(bits, 0, i));
    const bool near = found == from || found == kCityTable[from].twin;
    if (!near && kCityTable[found].region == kCityTable[from].region) return found;
  }
}

CityId city_far_from(CityId from, uint64_t bits) {
  for (uint64_t i = 0;; ++i) {
    const CityId found = random_city(mix(bits, 0, i));
    if (kCityTable[found].region != kCityTable[from].region) return found;
  }
}

Customer World::customer(CustomerId id) const {
  Customer result;
  result.id = id;
  result.home = random_city(mix(seed_, kHome, id));
  const CityId twin = kCityTable[result.home].twin;
  result.work = reduce(mix(seed_, kWorksAbroad, id), 3) == 0 ? twin : result.home;
  result.level = long_tail(mix(seed_, kLevel, id)) / 2 + 100;
  result.cards = 1 + (reduce(mix(seed_, kCards, id), 4) == 0 ? 1 : 0);
  result.devices = 1 + reduce(mix(seed_, kDevices, id), 3);
  return result;
}

Merchant World::merchant(MerchantId id) const {
  Merchant result;
  result.id = id;
  result.online = id >= kFirstOnlineShop;
  const CityId where = result.online ? random_city(mix(seed_, kShopPlace, id)) : id / kCityStride;
  const City& place = kCityTable[where];
  result.country = place.country;
  result.currency = place.currency;
  const uint32_t name = reduce(mix(seed_, kShopName, id), 4);
  if (!result.online && id % kCityStride >= kFirstMachine) {
    result.category = kCashCategory;
    result.name = kBankNames[name];
    result.usual_cents = 12'000;
  } else {
    const Category& category = category_of(mix(seed_, kShopKind, id), result.online);
    result.category = category.code;
    result.name = category.names[name];
    const auto factor = static_cast<int32_t>(192 + reduce(mix(seed_, kShopAmount, id), 128));
    result.usual_cents = category.usual_cents * factor / 256;
  }
  if (!result.online) {
    const uint64_t spot = mix(seed_, kShopPlace, id);
    result.lat_milli = place.lat_milli + static_cast<int32_t>(reduce(spot, 60)) - 30;
    result.lon_milli = place.lon_milli + static_cast<int32_t>(reduce(spot << 32, 80)) - 40;
  }
  return result;
}

int World::local_hour(const Customer& customer, eventtime::Timestamp time) const {
  const int64_t hours = local_hours(kCityTable[customer.home], time);
  return static_cast<int>(hours - floor_div(hours, 24) * 24);
}

std::optional<CityId> World::journey(const Customer& customer, int64_t day) const {
  const uint64_t which = (uint64_t{customer.id} << 24) ^ static_cast<uint64_t>(day);
  if (reduce(mix(seed_, kJourney, which), 40) != 0) return std::nullopt;
  return city_of_region(customer.home, mix(seed_, kJourneyCity, which));
}

std::optional<CityId> World::place(const Customer& customer, eventtime::Timestamp time) const {
  const int64_t hours = local_hours(kCityTable[customer.home], time);
  const int64_t day = floor_div(hours, 24);
  const int64_t hour = hours - day * 24;
  const std::optional<CityId> today = journey(customer, day);
  // A journey needs the night before its day and the night after it.
  if (hour < 8 && (today || journey(customer, day - 1))) return std::nullopt;
  if (hour >= 20 && (today || journey(customer, day + 1))) return std::nullopt;
  if (today) return today;
  if (customer.work == customer.home) return customer.home;
  if (hour == 8 || hour == 17) return std::nullopt;  // on the way to work and back
  return hour > 8 && hour < 17 ? customer.work : customer.home;
}

MerchantId World::shop(CityId city, uint64_t bits) {
  return city * kCityStride + skewed(bits, kShopsPerCity);
}

MerchantId World::cash_machine(CityId city, uint32_t number) {
  return city * kCityStride + kFirstMachine + number % kMachinesPerCity;
}

MerchantId World::online_shop(uint64_t bits) {
  return kFirstOnlineShop + skewed(bits, kOnlineShops);
}

MerchantId World::usual_shop(const Customer& customer, CityId city, uint64_t bits) const {
  const uint64_t which = (uint64_t{customer.id} << 16) | (city << 8) | reduce(bits, 8);
  return shop(city, mix(seed_, kUsualShop, which));
}

MerchantId World::usual_online_shop(const Customer& customer, uint64_t bits) const {
  return online_shop(mix(seed_, kUsualOnlineShop, (uint64_t{customer.id} << 8) | reduce(bits, 6)));
}

uint32_t World::home_address(const Customer& customer) const {
  return stranger_address(customer.home, mix(seed_, kAddress, customer.id));
}

// Addresses from 10.0.0.0/8, which belong to nobody: the second byte tells the city.
uint32_t World::stranger_address(CityId city, uint64_t bits) {
  return (10U << 24) | ((city + 1) << 16) | static_cast<uint32_t>(bits >> 48);
}

void World::append_email(std::string& out, CustomerId id) const {
  constexpr std::array<std::string_view, 16> kNames = {
      "anna", "ben", "carla", "david", "elif",  "finn", "greta", "hugo",
      "ines", "jan", "kim",   "lena",  "marco", "nora", "omar",  "paula"};
  out += kNames[reduce(mix(seed_, kEmail, id), kNames.size())];
  append_number(out, id);
  out += "@mail.example";
}

uint32_t long_tail(uint64_t bits) {
  constexpr std::array<uint16_t, 65> kQuantiles = {
      30,  57,  68,  77,  84,  91,  98,  104, 110, 116, 122, 128, 133,  139, 145, 150, 156,
      161, 167, 173, 179, 184, 190, 196, 202, 209, 215, 221, 228, 235,  242, 249, 256, 264,
      271, 279, 288, 296, 305, 314, 324, 334, 344, 355, 367, 379, 392,  406, 421, 436, 453,
      472, 491, 513, 537, 564, 594, 629, 669, 718, 778, 855, 965, 1142, 2371};
  const auto at = static_cast<uint32_t>(bits >> 58);
  const auto rest = static_cast<uint32_t>(bits >> 42) & 0xFFFF;
  const uint32_t low = kQuantiles[at];
  return low + (((kQuantiles[at + 1] - low) * rest) >> 16);
}

}  // namespace tocsin::connectors::synthetic
