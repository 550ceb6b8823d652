import { WorkGate } from '@hypershard/common'

/**
 * Bounds the searches that a shard server has at once, those that wait for their segments or their turn among them. One
 * more is refused, not kept waiting: another server that holds its shards may be free.
 */
export function searchGate(searchesMax: number): WorkGate {
  return new WorkGate({ work: 'searches', where: 'on this shard server', inFlightMax: searchesMax, waitingMax: 0 })
}

/**
 * Searches at a time that have the scores of all documents in memory: 4 bytes a document each, and 4 more where documents
 * have passages.
 */
const sheetsMax = 4

/** Bounds those. The others wait: each has its place among the searches already. */
export function sheetGate(searchesMax: number): WorkGate {
  const where = 'on this shard server'
  return new WorkGate({ work: 'searches of groups', where, inFlightMax: sheetsMax, waitingMax: searchesMax })
}
