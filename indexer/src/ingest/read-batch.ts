import {
  type LogPosition,
  type LogReference,
  type Manifest,
  type ObjectStore,
  type Operation,
  operationId,
  partBounds,
  readLogEntry,
  readLogPart,
  type StoredDocument,
} from '@hypershard/storage'
import { indexingCostOf } from '../encoding/encode-pace.ts'

/** What the next commit brings in: the last operation of each id between two places in the log. */
export interface LogBatch {
  readonly puts: readonly StoredDocument[]
  readonly deletes: readonly string[]
  readonly end: LogPosition
  /** Of its writes that are traced, the spans that appended them. */
  readonly traceparents: readonly string[]
}

/** Small writes are indexed together up to this many operations or bytes. */
const { operationsMax: togetherMax, bytesMax } = partBounds

/** Writes of one batch whose traces are told of it: of small ones there may be thousands. */
const traceparentsMax = 32

export interface ReadOptions {
  /** What indexing the batch may cost, by `indexingCostOf`; one operation is taken whatever it costs. */
  readonly costMax?: number | undefined
  readonly operationsMax?: number | undefined
  /** How a part is read: a large one is taken in portions, and read again for each. */
  readonly readPart?: typeof readLogPart | undefined
}

/**
 * Reads on from a place in the write log.
 * @returns undefined when there is nothing more
 * @throws HypershardError `corrupt_data`
 */
export async function readBatch(
  store: ObjectStore,
  log: LogReference & Pick<Manifest, 'modelDigest'>,
  from: LogPosition,
  {
    costMax = Number.POSITIVE_INFINITY,
    operationsMax = Number.POSITIVE_INFINITY,
    readPart = readLogPart,
  }: ReadOptions = {},
): Promise<LogBatch | undefined> {
  const last = new Map<string, { readonly operation: Operation; readonly sequence: number }>()
  const traceparents = new Set<string>()
  let end = from
  let operations = 0
  let bytes = 0
  let cost = 0
  for (;;) {
    const entry = await readLogEntry(store, log, end.sequence + 1)
    if (entry === undefined) break
    for (const part of entry.parts.slice(end.parts)) {
      const size = part.puts + part.deletes
      if (operations > 0 && (operations + size > togetherMax || bytes + part.bytes > bytesMax)) {
        return batchOf(last, end, traceparents)
      }
      const all = await readPart(store, log, part)
      for (const operation of all.slice(end.operations)) {
        const own = operation.type === 'put' ? indexingCostOf(operation.document, log.modelDigest) : 0
        if (operations > 0 && (cost + own > costMax || operations >= operationsMax))
          return batchOf(last, end, traceparents)
        last.set(operationId(operation), { operation, sequence: entry.sequence })
        if (entry.traceparent !== undefined && traceparents.size < traceparentsMax) traceparents.add(entry.traceparent)
        operations++
        cost += own
        end = { ...end, operations: (end.operations ?? 0) + 1 }
      }
      bytes += part.bytes
      end = { sequence: end.sequence, parts: end.parts + 1 }
    }
    end = { sequence: entry.sequence, parts: 0 }
  }
  return operations === 0 ? undefined : batchOf(last, end, traceparents)
}

function batchOf(
  last: ReadonlyMap<string, { readonly operation: Operation; readonly sequence: number }>,
  end: LogPosition,
  traceparents: ReadonlySet<string>,
): LogBatch {
  const puts: StoredDocument[] = []
  const deletes: string[] = []
  for (const { operation, sequence } of last.values()) {
    if (operation.type === 'put') puts.push({ ...operation.document, version: sequence })
    else deletes.push(operation.id)
  }
  return { puts, deletes, end, traceparents: [...traceparents] }
}
