import { type Meter, readCaches, readGates } from '@hypershard/common'
import { readCatalog } from './catalog/read-catalog.ts'
import { readCluster } from './cluster/read-cluster.ts'
import type { CoordinatorParts } from './coordinator.ts'

/** Has read what the parts count for themselves. */
export function readParts(parts: CoordinatorParts, meter: Meter): void {
  const { searches, writes, queryEncoder: qnets, answers, pairScores: pairs, wordCounts: words } = parts
  readGates(meter, { searches, writes })
  readCaches(meter, { qnets, answers, pairs, words })
  readCluster(meter, parts)
  readCatalog(meter, parts)
}
