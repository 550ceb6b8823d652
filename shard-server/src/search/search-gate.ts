import { WorkGate } from '@hypershard/common'

/**
 * Bounds the searches that a shard server has at once, those that wait for their segments or their turn among them. One
 * more is refused, not kept waiting: another server that holds its shards may be free.
 */
export function searchGate(searchesMax: number): WorkGate {
  return new WorkGate({ work: 'searches', where: 'on this shard server', inFlightMax: searchesMax, waitingMax: 0 })
}
