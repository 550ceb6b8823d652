/** What a segment takes of this server's memory: told from its record before a byte is read, and exactly once it is. */
import { type Fields, type FilterColumns, rowBytesOf, type SegmentReader } from '@hypershard/storage'
import type { HoldingPlaces, LoadedSegment } from './read-segment.ts'

export { versionsKeptMax } from '@hypershard/proto/limits'

const offsetBytes = 4
/** The place of a record batch of the documents' file: an object with two numbers, and its slot. */
const placeBytes = 64
/** Of a string beside its characters: its header, and its slot in the list of terms. */
const termBytes = 32
/** In a column file a value's place takes at least so much, unless it is a boolean. */
const placeInFileBytes = 4
const bitsAByte = 8

export type MeasuredSegment = Pick<
  SegmentReader,
  'documents' | 'passages' | 'documentsPerBatch' | 'vectorWidth' | 'fileBytes'
>

/**
 * At least what the segment will take, from its number of rows and the lengths of its files. Vectors, their copy, graph,
 * tombstones and the places of documents are exact; ids are within their file's framing; of columns the file tells how
 * many terms and booleans there may be, not how many there are.
 */
export function boundOfHeldBytes(segment: MeasuredSegment, fields: Fields, vectors: HoldingPlaces['vectors']): number {
  const { fileBytes } = segment
  return fixedBytes(segment, vectors) + fileBytes['ids.arrow'] + columnsBound(segment, fields)
}

/** What the segment takes now that it is loaded. */
export function heldBytesOf(
  segment: MeasuredSegment,
  { ids, columns }: Pick<LoadedSegment, 'ids' | 'columns'>,
  vectors: HoldingPlaces['vectors'],
): number {
  return fixedBytes(segment, vectors) + ids.offsets.byteLength + ids.bytes.byteLength + bytesOfColumns(columns)
}

/** Vectors and what else the number of rows decides, and the graph and the words, which lie there as in their files. */
function fixedBytes(segment: MeasuredSegment, vectors: HoldingPlaces['vectors']): number {
  const places = Math.ceil(segment.documents / segment.documentsPerBatch) * placeBytes
  const { 'graph.usearch': graph, 'lexical.safetensors': words } = segment.fileBytes
  return rowBytesOf(segment, vectors) + places + graph + words
}

function columnsBound({ documents, fileBytes }: MeasuredSegment, fields: Fields): number {
  const bytes = fileBytes['columns.arrow']
  const all = Object.values(fields)
  const offsets = all.length * (documents + 1) * offsetBytes
  const single = all.filter(({ list }) => !list).reduce((sum, { type }) => sum + documents * valueBytes(type), 0)
  // The values of lists, counted as if the whole file were of the kind that grows most.
  const grownBy = all
    .filter(({ list }) => list)
    .map(({ type }) => (type === 'boolean' ? bitsAByte * valueBytes(type) : 1))
  const inLists = bytes * Math.max(0, ...grownBy)
  const keywords = all.filter(({ type }) => type === 'keyword')
  const terms = keywords.some(({ list }) => list) ? Math.ceil(bytes / placeInFileBytes) : keywords.length * documents
  // As UTF-16 at worst, and each in a string of its own.
  const characters = keywords.length === 0 ? 0 : 2 * bytes
  return offsets + single + inLists + characters + terms * termBytes
}

function valueBytes(type: Fields[string]['type']): number {
  if (type === 'keyword') return Int32Array.BYTES_PER_ELEMENT
  // Integers that no double holds have a rest beside it.
  return Float64Array.BYTES_PER_ELEMENT + (type === 'number' ? Int16Array.BYTES_PER_ELEMENT : 0)
}

function bytesOfColumns(columns: FilterColumns): number {
  return Object.values(columns).reduce((sum, { offsets, values, rests, terms }) => {
    const characters = terms.reduce((length, term) => length + 2 * term.length, 0)
    return (
      sum + offsets.byteLength + values.byteLength + (rests?.byteLength ?? 0) + characters + terms.length * termBytes
    )
  }, 0)
}
