/** The thread that selects rows: a filter over millions of them must not delay calls or scores. */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import type { Filter, ValueCounts } from '@hypershard/proto/shard'
import type { Bitmap, FilterColumns, SortValue } from '@hypershard/storage'
import { type ExactValue, LexicalIndex } from '@hypershard/storage/rows'
import type { ScoreSheet } from '../cpu/score-sheet.ts'
import type { ScanHit, SharedIds } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { countValues } from './count-values.ts'
import { type GroupValue, type GroupWish, groupRows } from './group-rows.ts'
import { idBytes, type RankedRow, type ScoredSegment } from './ranked-rows.ts'
import { selectIds } from './select-ids.ts'
import { columnOf, selectRows } from './select-rows.ts'
import { type SortWish, sortRows } from './sort-rows.ts'
import { valuesOfRows } from './values-of-rows.ts'

export type ToFilterThread =
  | { readonly type: 'hold'; readonly key: string; readonly segment: HeldColumns }
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'select'; readonly call: number; readonly key: string; readonly filter: Filter }
  | { readonly type: 'count'; readonly call: number; readonly wish: CountWish }
  | {
      readonly type: 'group'
      readonly call: number
      readonly wish: GroupWish
      readonly segments: readonly SheetOfSegment[]
    }
  | {
      readonly type: 'sort'
      readonly call: number
      readonly wish: SortWish
      readonly segments: readonly SheetOfSegment[]
    }
  | { readonly type: 'values'; readonly call: number; readonly wish: ValuesWish }
  | { readonly type: 'close' }

/** What the thread has of a segment. */
export interface HeldColumns {
  readonly rows: number
  readonly columns: FilterColumns
  readonly ids: SharedIds
  /** Of its words; undefined of an index that keeps none. */
  readonly words?: Uint8Array<SharedArrayBuffer> | undefined
}

/** A segment of a shard whose rows were scored. */
export interface SheetOfSegment {
  readonly key: string
  /** Its place in the manifest, for the hit's address. */
  readonly position: number
  readonly sheet: ScoreSheet
}

export interface FoundGroups {
  readonly groups: readonly { readonly value: GroupValue; readonly hits: readonly ScanHit[] }[]
  readonly more: boolean
}

/** What comes first by fields. */
export interface FoundInOrder {
  readonly sorted: readonly { readonly values: readonly SortValue[]; readonly hit: ScanHit }[]
}

/** Fields whose values are to be counted in some segments, over all of them together. */
export interface CountWish {
  readonly fields: readonly string[]
  readonly segments: readonly { readonly key: string; readonly excluded: Bitmap | undefined }[]
}

/** A field whose values are told of some rows. */
export interface ValuesWish {
  readonly field: string
  readonly segments: readonly { readonly key: string; readonly rows: readonly number[] }[]
}

const port = parentPort
assert(port !== null, 'the filter thread is started as a worker')

const segments = new Map<string, HeldColumns>()
/** Of segments whose words were asked for. */
const wordIndexes = new Map<string, LexicalIndex>()

port.on('message', (message: ToFilterThread) => {
  switch (message.type) {
    case 'hold':
      segments.set(message.key, message.segment)
      break
    case 'drop':
      segments.delete(message.key)
      wordIndexes.delete(message.key)
      break
    case 'select':
      port.postMessage(answer(message.call, () => select(message)))
      break
    case 'count':
      port.postMessage(answer(message.call, () => count(message.wish)))
      break
    case 'group':
      port.postMessage(answer(message.call, () => group(message.segments, message.wish)))
      break
    case 'sort':
      port.postMessage(answer(message.call, () => sort(message.segments, message.wish)))
      break
    case 'values':
      port.postMessage(answer(message.call, () => values(message.wish)))
      break
    case 'close':
      port.close()
      break
  }
})

function answer<Result>(call: number, work: () => Result): ThreadReply<Result> {
  try {
    return { call, answer: work() }
  } catch (error) {
    return { call, ...toFailure(error) }
  }
}

function select({ key, filter }: ToFilterThread & { type: 'select' }): Bitmap {
  const { columns, rows, ids } = segmentOf(key)
  const { kind } = filter
  if (kind?.$case === 'ids') return selectIds(kind.value, ids)
  return selectRows(filter, { columns, rows, words: wordsOf(key) })
}

/** Nothing of a file is read before its words are asked for: most filters have none. */
function wordsOf(key: string): LexicalIndex | undefined {
  const known = wordIndexes.get(key)
  const { words, rows } = segmentOf(key)
  if (known !== undefined || words === undefined) return known
  const index = new LexicalIndex(words, rows)
  wordIndexes.set(key, index)
  return index
}

/** By field. */
function count({ fields, segments: counted }: CountWish): ValueCounts[] {
  return fields.map(field =>
    countValues(
      counted.map(({ key, excluded }) => {
        const { columns, rows } = segmentOf(key)
        return { column: columnOf(columns, field), rows, excluded }
      }),
    ),
  )
}

function group(sheets: readonly SheetOfSegment[], wish: GroupWish): FoundGroups {
  const scored = scoredSegments(sheets)
  const { groups, more } = groupRows(scored, wish)
  return { groups: groups.map(({ value, rows }) => ({ value, hits: rows.map(hitsOf(sheets, scored)) })), more }
}

function sort(sheets: readonly SheetOfSegment[], wish: SortWish): FoundInOrder {
  const scored = scoredSegments(sheets)
  const hitOf = hitsOf(sheets, scored)
  return { sorted: sortRows(scored, wish).map(row => ({ values: row.values, hit: hitOf(row) })) }
}

/** By segment, then by row. */
function values({ field, segments: asked }: ValuesWish): ExactValue[][][] {
  return asked.map(({ key, rows }) => valuesOfRows(columnOf(segmentOf(key).columns, field), rows))
}

function scoredSegments(sheets: readonly SheetOfSegment[]): ScoredSegment[] {
  return sheets.map(({ key, sheet }) => ({ ...segmentOf(key), sheet }))
}

function hitsOf(sheets: readonly SheetOfSegment[], scored: readonly ScoredSegment[]): (row: RankedRow) => ScanHit {
  return ({ segment, row, score }) => {
    const { position, sheet } = sheets[segment]!
    const id = Buffer.from(idBytes(scored[segment]!, row)).toString()
    return { id, score, segment: position, row, ...(sheet.passages && { passage: sheet.passages[row]! }) }
  }
}

function segmentOf(key: string): HeldColumns {
  const segment = segments.get(key)
  assert(segment !== undefined, `segment ${key} is read while it is not held`)
  return segment
}
