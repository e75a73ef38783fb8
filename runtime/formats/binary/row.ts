/**
 * The layout of a row:
 *
 *     row     version (1 byte), value
 *     value   tag (1 byte), then by tag:
 *       integer   zigzag varint of 32 bits
 *       number    8 bytes, little-endian
 *       text      head, then its code units: one byte each, or two (little-endian) where one is above U+00FF. No string is lost in that, and no bytes are invalid.
 *       bytes     length, then so many bytes
 *       date      as number: epoch ms
 *       list      count, then so many values
 *       object    length of the names together, the names as texts without tag, then a value for each name
 *     head    number of code units * 2, + 1 where each takes two bytes
 *
 * Lengths, counts and heads are varints of 32 bits. Names stand together, because most records have those of the record before: they are written, and
 * recognized, as a whole.
 */

/** The first byte. Whoever changes what follows it takes another, and keeps reading this one. */
export const rowVersion = 1

export const tag = {
  null: 0,
  false: 1,
  true: 2,
  integer: 3,
  number: 4,
  text: 5,
  bytes: 6,
  date: 7,
  list: 8,
  object: 9,
} as const
