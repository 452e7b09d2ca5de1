// A batch of decoded records of one input: typed columns, the raw bytes they came from, and the
// records that were refused.
//
// A batch is filled by one decoder and then never changed; readers share it by shared_ptr. Strings
// in its columns point into `raw` or `strings` and live as long as the batch.
//
// INVARIANT: nothing that comes out of Tocsin depends on where one batch ends and the next begins.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/arena.h"
#include "eventtime/bit_set.h"
#include "eventtime/check.h"
#include "eventtime/schema.h"
#include "eventtime/value.h"

namespace tocsin::eventtime {

// The values of one field over the rows of one event type. Rows are written by index, in any order,
// below the size given to resize(); a row that was never written holds an unspecified value.
class Column {
 public:
  explicit Column(Type type) : type_(type) {}

  Type type() const { return type_; }
  void resize(size_t rows);  // grows; what is written stays

  void set_null(size_t row) { nulls_.set(row); }
  void set_integer(size_t row, int64_t value) {  // kBool, kInt, kTimestamp, kDuration
    integers_[row] = value;
    nulls_.clear(row);
  }
  void set_number(size_t row, double value) {
    numbers_[row] = value;
    nulls_.clear(row);
  }
  void set_text(size_t row, Text value) {
    texts_[row] = value;
    nulls_.clear(row);
  }

  void set_padded_text(size_t row, const char* data, size_t size) {  // see Text::assign_padded()
    texts_[row].assign_padded(data, size);
    nulls_.clear(row);
  }

  // A value of the column's type, or null.
  void set(size_t row, const Value& value) {
    if (value.is_null()) {
      set_null(row);
    } else if (type_ == Type::kString) {
      set_text(row, value.cell.text);
    } else if (type_ == Type::kFloat) {
      set_number(row, value.cell.number);
    } else {
      set_integer(row, value.cell.integer);
    }
  }

  bool is_null(size_t row) const { return nulls_.test(row); }
  int64_t integer(size_t row) const { return integers_[row]; }
  double number(size_t row) const { return numbers_[row]; }
  const Text& text(size_t row) const { return texts_[row]; }
  Cell cell(size_t row) const {  // unspecified where null
    if (type_ == Type::kString) return Cell(texts_[row]);
    if (type_ == Type::kFloat) return Cell(numbers_[row]);
    return Cell(integers_[row]);
  }
  Value value(size_t row) const { return is_null(row) ? Value::null() : Value{type_, cell(row)}; }

  // Whole columns for vectorised work; only the one of the type is not empty.
  std::span<const int64_t> integers() const { return integers_; }
  std::span<const double> numbers() const { return numbers_; }
  std::span<const Text> texts() const { return texts_; }
  const BitSet& nulls() const { return nulls_; }

 private:
  Type type_;
  std::vector<int64_t> integers_;
  std::vector<double> numbers_;
  std::vector<Text> texts_;
  BitSet nulls_;
};

// The events of one type in a batch.
struct EventTable {
  explicit EventTable(const EventSchema& schema);

  void resize(size_t rows);  // room for so many; grows only; `rows` counts those in use
  void make_room() {         // for one row more
    // All columns have room for the same number of rows.
    if (rows == columns[time_column].nulls().size()) grow();
  }
  // The JSON object of the fields of a row.
  void append_json(std::string& out, const EventSchema& schema, uint32_t row) const;

  std::vector<Column> columns;  // one for each field of the schema
  size_t time_column = 0;       // the one that carries event time
  uint32_t rows = 0;

 private:
  void grow();
};

// One accepted record, in the order of the input.
struct Row {
  Timestamp time;
  uint64_t record = 0;     // the record's number in its input, from 0; refused ones count too
  uint32_t table_row = 0;  // row in tables[type]
  TypeId type = 0;
  std::string_view raw;  // the record's bytes, without the line end
};

// A record that is no event: it goes to the dead letters.
struct Reject {
  uint64_t record = 0;
  std::string reason;
  std::string raw;
};

// How the raw bytes of an input's records become the JSON object that alerts show. Owned by the
// source; outlives every batch and alert of the input.
class RecordFormat {
 public:
  virtual ~RecordFormat() = default;
  // `raw` was accepted as an event of this type.
  virtual void append_json(std::string& out, std::string_view raw, TypeId type) const = 0;
};

struct Batch {
  explicit Batch(const Catalog& catalog);

  // Empties it for another use, keeping its memory. Nobody else may hold it.
  void clear();

  uint32_t input = 0;              // the input's place among those named
  std::vector<Row> rows;           // in the order of the input; those of a table, or some of them
  std::vector<EventTable> tables;  // by TypeId
  std::vector<Reject> rejects;     // in the order of the input
  // What Row::raw points into. Clearing the batch leaves its bytes as they are, so that no time
  // goes into zeros.
  std::vector<char> raw;
  Arena strings;  // strings that do not stand in `raw` as they are
};

}  // namespace tocsin::eventtime
