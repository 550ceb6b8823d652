import {
  type LogPosition,
  type LogReference,
  type ObjectStore,
  type Operation,
  operationId,
  partBounds,
  readLogEntry,
  readLogPart,
  type StoredDocument,
} from '@hypershard/storage'

/** What the next commit brings in: the last operation of each id between two places in the log. */
export interface LogBatch {
  readonly puts: readonly StoredDocument[]
  readonly deletes: readonly string[]
  readonly end: LogPosition
}

/** Small writes are indexed together up to this many operations or bytes; a part is never divided. */
const { operationsMax, bytesMax } = partBounds

/**
 * Reads on from a place in the write log.
 * @returns undefined when there is nothing more
 * @throws HypershardError `corrupt_data`
 */
export async function readBatch(
  store: ObjectStore,
  log: LogReference,
  from: LogPosition,
): Promise<LogBatch | undefined> {
  const last = new Map<string, { readonly operation: Operation; readonly sequence: number }>()
  let end = from
  let operations = 0
  let bytes = 0
  for (;;) {
    const entry = await readLogEntry(store, log, end.sequence + 1)
    if (entry === undefined) break
    for (const part of entry.parts.slice(end.parts)) {
      const size = part.puts + part.deletes
      if (operations > 0 && (operations + size > operationsMax || bytes + part.bytes > bytesMax)) {
        return batchOf(last, end)
      }
      for (const operation of await readLogPart(store, log, part)) {
        last.set(operationId(operation), { operation, sequence: entry.sequence })
      }
      operations += size
      bytes += part.bytes
      end = { sequence: end.sequence, parts: end.parts + 1 }
    }
    end = { sequence: entry.sequence, parts: 0 }
  }
  return operations === 0 ? undefined : batchOf(last, end)
}

function batchOf(
  last: ReadonlyMap<string, { readonly operation: Operation; readonly sequence: number }>,
  end: LogPosition,
): LogBatch {
  const puts: StoredDocument[] = []
  const deletes: string[] = []
  for (const { operation, sequence } of last.values()) {
    if (operation.type === 'put') puts.push({ ...operation.document, version: sequence })
    else deletes.push(operation.id)
  }
  return { puts, deletes, end }
}
