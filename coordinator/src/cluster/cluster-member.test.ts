import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { QNet } from '@hypershard/proto/qnet'
import { ScoringPrecision, SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import type { ShardServerPort } from '../ports.ts'
import { ClusterMember, type MemberRequest } from './cluster-member.ts'

/** Remembers queries as a shard server does, until it forgets. */
class RememberingServer implements Pick<ShardServerPort, 'address' | 'search'> {
  readonly address = 'shard.test:1'
  readonly known = new Set<string>()
  readonly seen: ('whole' | 'digest')[] = []

  async search({ qnet }: SearchShardsRequest) {
    const whole = qnet!.weights.byteLength > 0
    this.seen.push(whole ? 'whole' : 'digest')
    if (whole) this.known.add(qnet!.digest)
    else if (!this.known.has(qnet!.digest)) throw new HypershardError('query_unknown', 'not known here')
    return []
  }
}

describe('a cluster member', () => {
  let server: RememberingServer
  let member: ClusterMember

  beforeEach(() => {
    server = new RememberingServer()
    member = new ClusterMember(server as unknown as ShardServerPort, 1)
  })

  const search = (digest: string, weightsBytes = 100_000) => {
    const payload = QNet.fromPartial({ digest, modelDigest: 'm'.repeat(64), weights: Buffer.alloc(weightsBytes) })
    const request: MemberRequest = {
      manifest: undefined,
      shards: [0],
      payload,
      limit: 10,
      filter: undefined,
      facets: [],
      groupBy: undefined,
      sort: [],
      afterSorted: undefined,
      after: undefined,
      precision: ScoringPrecision.SCORING_PRECISION_FP32,
      plan: SearchPlan.SEARCH_PLAN_EXACT,
      candidates: 0,
      expansion: 0,
      recall: 0,
      documents: 0,
      recallHits: 0,
    }
    return member.search(request, quietContext())
  }

  it('is sent a query once, and its digest in under a kilobyte when it comes again', async () => {
    const sizes = []
    for (const digest of ['a'.repeat(64), 'b'.repeat(64), 'a'.repeat(64)]) sizes.push((await search(digest)).queryBytes)
    assert.deepEqual(server.seen, ['whole', 'whole', 'digest'])
    assert.deepEqual(sizes.slice(0, 2), [100_000, 100_000])
    assert.ok(sizes[2]! < 1_024, `${sizes[2]} bytes`)
  })

  it('is sent it whole once more when it has forgotten, and when it may be another process', async () => {
    await search('a')
    server.known.clear()
    assert.equal((await search('a')).queryBytes, 100_000)
    assert.deepEqual(server.seen, ['whole', 'digest', 'whole'])
    member.markDown('gone')
    await search('a')
    assert.deepEqual(server.seen.slice(3), ['whole'])
  })

  it('is sent a small one as it is', async () => {
    await search('a', 1_024)
    assert.equal((await search('a', 1_024)).queryBytes, 1_024)
    assert.deepEqual(server.seen, ['whole', 'whole'])
  })

  it('is believed to forget the query that was asked least recently, not the one that came first', async () => {
    for (let at = 0; at < 256; at++) await search(`${at}`)
    await search('0')
    await search('one more')
    server.seen.length = 0
    await search('0')
    await search('1')
    assert.deepEqual(server.seen, ['digest', 'whole'])
  })

  it('is believed to know 256 queries and no more', async () => {
    for (let query = 0; query <= 256; query++) await search(`${query}`)
    await search('0')
    await search('256')
    assert.deepEqual(server.seen.slice(-2), ['whole', 'digest'])
  })
})
