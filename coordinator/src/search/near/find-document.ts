import { HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type { FoundDocument } from '@hypershard/proto/shard'
import { shardOf } from '@hypershard/storage'
import { eligibleByShard } from '../../catalog/eligible-by-shard.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { type Pinned, placementOfPinned, referenceTo } from '../stages/plan-fan-out.ts'

/** Holders of a shard that are asked, one after the other. */
const holdersAskedMax = 3
/** Of the time that is left, what a holder may take where there is another. */
const firstShare = 0.5

interface Wanted {
  readonly id: string
  readonly withVector: boolean
}

/**
 * A document as the pinned version has it, from a shard server that holds it; undefined where it has none with this id.
 * @throws HypershardError of the last holder that was asked, or `unavailable` where there is none
 */
export async function findDocument(
  { entry, manifest }: Pick<Pinned, 'entry' | 'manifest'>,
  wanted: Wanted,
  context: RequestContext,
  cluster: Cluster,
): Promise<FoundDocument | undefined> {
  const shard = shardOf(wanted.id, manifest.shards)
  if (eligibleByShard(manifest)[shard] === 0) return undefined
  const request = { ...wanted, manifest: referenceTo(manifest), shard }
  const placement = placementOfPinned({ entry, manifest })
  const holders = cluster.routeOf(placement, shard, manifest.version).slice(0, holdersAskedMax)
  for (const [at, { address, server }] of holders.entries()) {
    const isLast = at === holders.length - 1
    const own = isLast ? context : context.within(context.deadline.remainingMs * firstShare)
    try {
      return await own.step(
        'find call',
        inner => server.find(request, inner),
        { 'hypershard.server': address },
        'client',
      )
    } catch (error) {
      if (isLast || isFinal(error)) throw error
      context.deadline.check('finding a document')
      const { code, message } = toHypershardError(error)
      context.log.warn({ code, problem: message, server: address, shard }, 'finding a document failed')
    }
  }
  throw new HypershardError('unavailable', `no shard server is known that could hold shard ${shard}`)
}

/** No other holder would say otherwise. */
function isFinal(error: unknown): boolean {
  return error instanceof HypershardError && (error.code === 'cancelled' || error.code === 'invalid_request')
}
