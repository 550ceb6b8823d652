/** The thread that selects rows: a filter over millions of them must not delay calls or scores. */
import assert from 'node:assert/strict'
import { parentPort } from 'node:worker_threads'
import { toFailure } from '@hypershard/common'
import type { Filter } from '@hypershard/proto/shard'
import type { Bitmap, FilterColumns } from '@hypershard/storage'
import type { ThreadReply } from '../threads/thread-calls.ts'
import { selectRows } from './select-rows.ts'

export type ToFilterThread =
  | { readonly type: 'hold'; readonly key: string; readonly rows: number; readonly columns: FilterColumns }
  | { readonly type: 'drop'; readonly key: string }
  | { readonly type: 'select'; readonly call: number; readonly key: string; readonly filter: Filter }
  | { readonly type: 'close' }

const port = parentPort
assert(port !== null, 'the filter thread is started as a worker')

const segments = new Map<string, { readonly rows: number; readonly columns: FilterColumns }>()

port.on('message', (message: ToFilterThread) => {
  switch (message.type) {
    case 'hold':
      segments.set(message.key, message)
      break
    case 'drop':
      segments.delete(message.key)
      break
    case 'select':
      port.postMessage(answer(message))
      break
    case 'close':
      port.close()
      break
  }
})

function answer({ call, key, filter }: ToFilterThread & { type: 'select' }): ThreadReply<Bitmap> {
  try {
    const segment = segments.get(key)
    assert(segment !== undefined, `segment ${key} is filtered while it is not held`)
    return { call, answer: selectRows(filter, segment.columns, segment.rows) }
  } catch (error) {
    return { call, ...toFailure(error) }
  }
}
