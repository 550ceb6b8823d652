import {
  externalArchitecture,
  type GenerationRecord,
  graphDocumentsMin,
  type Manifest,
  type ObjectStore,
  readLogEntry,
} from '@hypershard/storage'

/** What is read of a log to see that much waits in it: a bulk load is one entry, or some with thousands of documents each. */
const entriesReadMax = 8

/**
 * Whether graphs are better built later: vectors that came along are indexed some hundred times as fast as a graph of them is
 * built, on the same thread, and what is built now of a load that goes on would be built again when segments are merged.
 * Where texts are encoded, graphs cost little beside that, and a load takes hours in which searches want them.
 */
export async function graphsWait(
  store: ObjectStore,
  { model }: Pick<GenerationRecord, 'model'>,
  { index, indexUid, log }: Pick<Manifest, 'index' | 'indexUid' | 'log'>,
): Promise<boolean> {
  if (externalArchitecture(model) === undefined) return false
  let waiting = -(log.operations ?? 0)
  for (let read = 1; read <= entriesReadMax; read++) {
    const entry = await readLogEntry(store, { index, indexUid }, log.sequence + read)
    if (entry === undefined) return false
    const parts = read === 1 ? entry.parts.slice(log.parts) : entry.parts
    waiting += parts.reduce((sum, { puts }) => sum + puts, 0)
    if (waiting >= graphDocumentsMin) return true
  }
  return false
}
