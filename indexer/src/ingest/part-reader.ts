import { readLogPart } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'

/** The parts that are taken in portions at a time, and as many as memory has room for. */
const keptBytesMax = 64 * 1024 * 1024

/** Reads parts of the log and keeps the last: a large one is taken in many portions, each of which begins in it. */
export function partReader(read: typeof readLogPart = readLogPart): typeof readLogPart {
  const known = new LRUCache<string, ReturnType<typeof readLogPart>>({
    maxSize: keptBytesMax,
    maxEntrySize: keptBytesMax,
  })
  return (store, log, part) => {
    const before = known.get(part.name)
    if (before !== undefined) return before
    const reading = read(store, log, part)
    known.set(part.name, reading, { size: part.bytes })
    reading.catch(() => known.delete(part.name))
    return reading
  }
}
