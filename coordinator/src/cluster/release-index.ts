import { Deadline, type Logger } from '@hypershard/common'
import type { Catalog } from '../catalog/catalog.ts'
import { failureFacts } from '../failure-facts.ts'
import type { WriteLogs } from '../writing/write-documents.ts'
import type { Cluster } from './cluster.ts'
import { generationUid } from './placement-of.ts'

/** For a shard server to forget a deleted index; one that misses it frees the memory when it restarts. */
const releaseMsMax = 5_000

/** Forgets a deleted index here and on every live shard server; who does not answer is logged. */
export async function releaseIndex(
  index: { readonly name: string; readonly uid: string },
  { cluster, logs, log }: { cluster: Cluster; logs: WriteLogs; log: Logger },
): Promise<void> {
  cluster.forgetIndex(index.uid)
  logs.forget(index.uid)
  await releaseEverywhere(index, { cluster, log })
}

/** Has every live shard server let go of a generation that no name points at any more. */
export async function releaseGeneration(
  { index: name, indexUid: uid, generation }: { index: string; indexUid: string; generation: number },
  { cluster, log }: { cluster: Cluster; log: Logger },
): Promise<void> {
  for (const member of cluster.members) member.markReleased(generationUid({ indexUid: uid, generation }))
  await releaseEverywhere({ name, uid, generation }, { cluster, log })
}

/**
 * Has shard servers let go of a generation that no name points at any more, after a while: other coordinators move the
 * name a moment later, and queries under way read it. Not when a name has come back to it by then.
 * @param pause resolves after the while
 */
export async function releaseUnserved(
  generation: { readonly index: string; readonly indexUid: string; readonly generation: number },
  {
    catalog,
    cluster,
    log,
    pause,
  }: { catalog: Pick<Catalog, 'serves'>; cluster: Cluster; log: Logger; pause: () => Promise<unknown> },
): Promise<void> {
  await pause()
  if (!catalog.serves(generation)) await releaseGeneration(generation, { cluster, log })
}

async function releaseEverywhere(
  index: { readonly name: string; readonly uid: string; readonly generation?: number },
  { cluster, log }: { cluster: Cluster; log: Logger },
): Promise<void> {
  const live = cluster.members.filter(member => member.live)
  await Promise.all(
    live.map(async ({ server }) => {
      try {
        await server.release(index, Deadline.after(releaseMsMax))
      } catch (error) {
        const facts = { ...failureFacts(error), server: server.address, index: index.name }
        log.warn(facts, 'releasing what is not searched any more failed')
      }
    }),
  )
}
