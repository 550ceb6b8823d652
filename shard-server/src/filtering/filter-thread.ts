/** The thread that selects rows: a filter over millions of them must not delay calls or scores. */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import type { Filter, ValueCounts } from '@hypershard/proto/shard'
import type { Bitmap, FilterColumns } from '@hypershard/storage'
import type { SharedIds } from '../ports.ts'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { countValues } from './count-values.ts'
import { selectIds } from './select-ids.ts'
import { columnOf, selectRows } from './select-rows.ts'

interface FilteredSegment {
  readonly rows: number
  readonly columns: FilterColumns
  readonly ids: SharedIds
}

export type ToFilterThread =
  | ({ readonly type: 'hold'; readonly key: string } & FilteredSegment)
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'select'; readonly call: number; readonly key: string; readonly filter: Filter }
  | { readonly type: 'count'; readonly call: number; readonly wish: CountWish }
  | { readonly type: 'close' }

/** Fields whose values are to be counted in some segments, over all of them together. */
export interface CountWish {
  readonly fields: readonly string[]
  readonly segments: readonly { readonly key: string; readonly excluded: Bitmap | undefined }[]
}

const port = parentPort
assert(port !== null, 'the filter thread is started as a worker')

const segments = new Map<string, FilteredSegment>()

port.on('message', (message: ToFilterThread) => {
  switch (message.type) {
    case 'hold':
      segments.set(message.key, message)
      break
    case 'drop':
      segments.delete(message.key)
      break
    case 'select':
      port.postMessage(answer(message.call, () => select(message)))
      break
    case 'count':
      port.postMessage(answer(message.call, () => count(message.wish)))
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
  return kind?.$case === 'ids' ? selectIds(kind.value, ids) : selectRows(filter, columns, rows)
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

function segmentOf(key: string) {
  const segment = segments.get(key)
  assert(segment !== undefined, `segment ${key} is read while it is not held`)
  return segment
}
