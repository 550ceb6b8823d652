import assert from 'node:assert/strict'
import { Deadline, HypershardError, pauseBy, type RequestContext } from '@hypershard/common'
import { quietContext, VirtualClock } from '@hypershard/harness'
import type { DocumentAddress, FetchedDocument } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { fetchDocuments } from './fetch-documents.ts'
import type { FoundHit, ShardAnswer } from './shard-answer.ts'

describe('fetching the texts of winners', () => {
  const manifest = { index: 'papers', indexUid: 'u', generation: 1, version: 1 }
  const hit: FoundHit = { id: 'd', score: 1, shard: 0, address: {} as DocumentAddress, document: undefined }

  /** A server that gives the text after so long, unless its call ends before. */
  function memberOf(address: string, afterMs: number, id = 'd'): ClusterMember {
    const fetch = async (_: unknown, { deadline }: RequestContext) => {
      await pauseBy(deadline.clock, Math.min(afterMs, deadline.remainingMs))
      if (deadline.passed) throw new HypershardError('deadline_exceeded', `${address}: too late`)
      return [{ id, title: address, text: '', fieldsJson: '{}' } satisfies FetchedDocument]
    }
    return { address, live: true, server: { fetch } } as unknown as ClusterMember
  }

  async function fetchFrom(...members: readonly [ClusterMember, ...ClusterMember[]]) {
    const clock = new VirtualClock()
    const context = quietContext(Deadline.after(1_000, { clock }))
    const answers = new Map([[0, { member: members[0] } as ShardAnswer]])
    const fetching = fetchDocuments([hit], { manifest, route: new Map([[0, members]]) }, { answers }, context)
    const { documents } = await clock.play(fetching)
    return { from: documents.get('d')?.title, tookMs: clock.monotonicMs() }
  }

  it('gives a server that stops half of the time where another has them', async () => {
    assert.deepEqual(await fetchFrom(memberOf('a', 60_000), memberOf('b', 10)), { from: 'b', tookMs: 510 })
  })

  it('gives it all of the time where nobody else has them', async () => {
    assert.deepEqual(await fetchFrom(memberOf('a', 900)), { from: 'a', tookMs: 900 })
  })

  it('asks another server where one gives the text of another document', async () => {
    assert.deepEqual(await fetchFrom(memberOf('a', 10, 'other'), memberOf('b', 10)), { from: 'b', tookMs: 20 })
  })

  it('ends at the deadline when both are too late', async () => {
    const fetching = fetchFrom(memberOf('a', 60_000), memberOf('b', 60_000))
    await assert.rejects(fetching, { code: 'deadline_exceeded' })
  })
})
