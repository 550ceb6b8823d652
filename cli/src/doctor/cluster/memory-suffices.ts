import type { ServerDescription } from '@hypershard/contract'
import { formatBytes } from '../../terminal/format-number.ts'
import { advice, type Check, type Finding, ok, unchecked } from '../check.ts'
import { type ClusterFacts, firstCluster } from './gather-cluster.ts'

/** Less free than this share, and a reindex or a commit may find no room. */
const freeShareMin = 0.1

interface Memory {
  readonly address: string
  readonly bytes: number
  readonly freeBytes: number
}

/** What shards take leaves room to grow, and room for those of any one server that is lost. */
export const memorySuffices: Check<ClusterFacts> = {
  name: 'memory',
  look: facts => {
    const servers = firstCluster(facts)?.servers.filter(({ live }) => live) ?? []
    if (servers.length === 0) return []
    const known = servers.flatMap(memoryOf)
    if (known.length < servers.length) {
      return [unchecked('some shard servers do not tell their memory', 'upgrade them, or look again in a moment')]
    }
    const findings = [...full(known), ...roomForLost(known)]
    if (findings.length > 0) return findings
    const free = known.reduce((sum, { freeBytes }) => sum + freeBytes, 0)
    return [ok(`shard servers have ${formatBytes(free)} free, enough for the shards of any one of them`)]
  },
}

function memoryOf({ address, memory_bytes, memory_free_bytes }: ServerDescription): Memory[] {
  return memory_bytes === null || memory_free_bytes === null
    ? []
    : [{ address, bytes: memory_bytes, freeBytes: memory_free_bytes }]
}

function full(servers: readonly Memory[]): Finding[] {
  return servers
    .filter(({ bytes, freeBytes }) => freeBytes < freeShareMin * bytes)
    .map(({ address, bytes, freeBytes }) => {
      const says = `${address} has ${formatBytes(freeBytes)} of ${formatBytes(bytes)} free: a commit or a reindex may find no room`
      return advice(says, 'add shard servers, or raise HYPERSHARD_SHARD_MEMORY_BYTES')
    })
}

/** Of the servers whose shards the others have no room for, the fullest. */
function roomForLost(servers: readonly Memory[]): Finding[] {
  if (servers.length < 2) return []
  const free = servers.reduce((sum, { freeBytes }) => sum + freeBytes, 0)
  const [worst] = servers
    .map(({ address, bytes, freeBytes }) => ({ address, held: bytes - freeBytes, others: free - freeBytes }))
    .filter(({ held, others }) => held > others)
    .sort((one, other) => other.held - other.others - (one.held - one.others))
  if (worst === undefined) return []
  const says = `${worst.address} holds ${formatBytes(worst.held)}, and all others have ${formatBytes(worst.others)} free: without it some shards have no place`
  return [advice(says, 'add a shard server, or memory')]
}
