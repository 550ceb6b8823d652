import { HypershardError, isErrorCode, type RequestContext } from '@hypershard/common'
import type { FoundDocument } from '@hypershard/proto/shard'
import { shardOf } from '@hypershard/storage'
import { eligibleByShard } from '../../catalog/eligible-by-shard.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { type AskMember, askHolders } from '../../reading/ask-holders.ts'
import { routeShards } from '../../reading/route-shards.ts'
import { type Pinned, referenceTo } from '../stages/plan-fan-out.ts'

interface Wanted {
  readonly id: string
  readonly withVector: boolean
}

/**
 * A document as the pinned version has it, from a shard server that holds it; undefined where it has none with this id.
 * @throws HypershardError of the last holder that was asked, or `unavailable` where there is none
 */
export async function findDocument(
  pinned: Pick<Pinned, 'entry' | 'manifest'>,
  wanted: Wanted,
  context: RequestContext,
  cluster: Cluster,
): Promise<FoundDocument | undefined> {
  const { manifest } = pinned
  const shard = shardOf(wanted.id, manifest.shards)
  if (eligibleByShard(manifest)[shard] === 0) return undefined
  const request = { ...wanted, manifest: referenceTo(manifest), shard }
  const ask: AskMember<{ readonly found: FoundDocument | undefined }> = async ({ address, server }, _, inner) => {
    const find = (own: RequestContext) => server.find(request, own)
    const found = await inner.step('find call', find, { 'hypershard.server': address }, 'client')
    return new Map([[shard, { answer: { found } }]])
  }
  const { answers, failures } = await askHolders(routeShards(pinned, [shard], cluster), ask, context)
  const answer = answers.get(shard)
  if (answer !== undefined) return answer.found
  context.deadline.check('finding a document')
  const { code, message } = failures.get(shard)!
  throw new HypershardError(isErrorCode(code) ? code : 'internal', message)
}
