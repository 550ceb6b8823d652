import { formatBytes } from '../../terminal/format-number.ts'
import { advice, type Check, ok, problem } from '../check.ts'
import { type ClusterFacts, firstCluster } from './gather-cluster.ts'

/** Every shard has servers with memory for it, and none fails to load. */
export const shardsPlaced: Check<ClusterFacts> = {
  name: 'shards',
  look: facts => {
    const cluster = firstCluster(facts)
    if (cluster === undefined) return []
    const unplaced = cluster.unplaced.map(({ index, shard, needed_bytes, placed, replicas }) => {
      const says = `shard ${shard} of ${index} needs about ${formatBytes(needed_bytes)}, and ${placed} of ${replicas} servers have the memory`
      const todo = 'add shard servers, raise HYPERSHARD_SHARD_MEMORY_BYTES, or set HYPERSHARD_SHARD_VECTORS=disk'
      return placed === 0 ? problem(`${says}: searches of ${index} fail`, todo) : advice(says, todo)
    })
    const failed = cluster.moves.flatMap(({ state, index, shard, to, reason }) =>
      state === 'failed'
        ? [
            problem(
              `${to} cannot load shard ${shard} of ${index}: ${reason ?? 'no reason given'}`,
              'mend what it names',
            ),
          ]
        : [],
    )
    const moving = cluster.moves.filter(({ state }) => state === 'waiting' || state === 'loading').length
    const found = [...unplaced, ...failed]
    if (found.length > 0) return found
    return [
      ok(moving === 0 ? 'every shard is where it is to be' : `every shard has a place; ${moving} are being loaded`),
    ]
  },
}
