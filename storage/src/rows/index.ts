/**
 * What a thread needs that only reads rows of loaded segments, without the stores, formats and records of the package: those
 * take five times as long to load, in each thread of a shard server.
 */
export {
  columnValueOf,
  compareExactValues,
  compareSortValues,
  type ExactValue,
  exactValueOf,
  type SortValue,
} from '../segment/fields/column-value.ts'
export { joinNumber, splitNumber } from '../segment/fields/read-number.ts'
export { DocumentGraph } from '../segment/graph/document-graph.ts'
export { knobFor, type RecallKnob, rowsReadPerRowKept } from '../segment/graph/recall-knobs.ts'
export { LexicalIndex, type Postings } from '../segment/lexical/lexical-index.ts'
export { type PassageTable, rowOfPassage } from '../segment/passages/passage-table.ts'
export { type Bitmap, createBitmap, hasBit, setBit } from '../segment/tombstones/bitmap.ts'
