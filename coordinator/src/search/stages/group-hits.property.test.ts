import assert from 'node:assert/strict'
import { compareRank } from '@hypershard/common'
import { casesOf, quietContext } from '@hypershard/harness'
import { type SearchShardsRequest, ShardHit, ShardResult, StopReason } from '@hypershard/proto/shard'
import { columnValueOf, type ExactValue, exactValueOf } from '@hypershard/storage'
import fc from 'fast-check'
import { ClusterMember } from '../../cluster/cluster-member.ts'
import type { ShardServerPort } from '../../ports.ts'
import { groupNaively } from '../../testing/values-of-fields.ts'
import { virtualRequest } from '../../testing/virtual-shard-server.ts'
import { fanOut } from '../fan-out.ts'
import { FanOutRecord } from '../fan-out-record.ts'
import type { FanOutRequest } from '../fan-out-request.ts'
import { type CheckedGroupBy, groupHits, groupsOfShard, readGroupBy } from './group-hits.ts'

interface Scored {
  readonly id: string
  readonly score: number
  readonly values: readonly ExactValue[]
}

const big = 2n ** 53n + 1n
const document = fc.record({
  id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
  // Few scores, so that most tie; one that is no number.
  score: fc.constantFrom(0, 0.5, 1, 2, Number.NaN),
  values: fc.uniqueArray(fc.constantFrom<ExactValue>(0, 1, 2, 3, 4, 5, 2 ** 53, big), { maxLength: 3 }),
})
const documents = fc.uniqueArray(document, { selector: ({ id }) => id, maxLength: 40 })

/** Groups the documents of its shards naively, and counts the calls for groups by name. */
class GroupingServer implements Pick<ShardServerPort, 'address' | 'search'> {
  readonly address = 's'
  readonly #shards: readonly (readonly Scored[])[]
  askedAgain = 0
  /** Whether it scores only a part when it is asked again. */
  isSlow = false

  constructor(shards: readonly (readonly Scored[])[]) {
    this.#shards = shards
  }

  async search({ shards, groupBy }: SearchShardsRequest): Promise<ShardResult[]> {
    if (groupBy!.only !== undefined) this.askedAgain++
    const isPart = this.isSlow && groupBy!.only !== undefined
    return shards.map(shard => {
      const ranked = this.#shards[shard]!.toSorted(compareRank).map(({ id, score, values }) => {
        return { hit: ShardHit.fromPartial({ id, score, address: { segment: shard, row: 0 } }), values }
      })
      const counts = { documentsMatched: ranked.length, documentsScored: ranked.length - (isPart ? 1 : 0) }
      const groups = groupNaively(ranked, groupBy!)
      return { ...ShardResult.fromPartial({ shard, stopReason: StopReason.STOP_REASON_COMPLETE, ...counts }), groups }
    })
  }
}

function serverOf(all: readonly Scored[], shards: number) {
  return new GroupingServer(Array.from({ length: shards }, (_, shard) => all.filter((_, at) => at % shards === shard)))
}

async function ask(server: GroupingServer, shards: number, groupBy: CheckedGroupBy) {
  const member = new ClusterMember(server as unknown as ShardServerPort, 1)
  member.markLive()
  const request: FanOutRequest = {
    ...virtualRequest(new Map(Array.from({ length: shards }, (_, shard) => [shard, [member]]))),
    segments: Array.from({ length: shards }, (_, shard) => ({ shard })),
    groupBy: groupsOfShard(groupBy),
  }
  const [context, fanOuts] = [quietContext(), new FanOutRecord()]
  return groupHits(groupBy, request, await fanOut(request, context, fanOuts), { context, fanOuts })
}

/** All pages. */
async function pagesFrom(server: GroupingServer, shards: number, size: { groups: number; hits: number }) {
  const found: { value: ExactValue | undefined; ids: string[] }[] = []
  let after: CheckedGroupBy['after']
  let given = 0
  for (let page = 0; page < 50; page++) {
    const answer = await ask(server, shards, { field: 'n', type: 'number', ...size, given, after })
    assert.ok('groups' in answer)
    assert.ok(answer.groups.length <= size.groups)
    found.push(...answer.groups.map(({ value, hits }) => ({ value, ids: hits.map(({ id }) => id) })))
    if (answer.next === undefined) return found
    given = answer.next.given
    after = answer.next
  }
  return assert.fail('the pages have no end')
}

describe('groups of hits', () => {
  it('are the same from any number of shards, page by page, with ties', async () => {
    let askedAgain = 0
    const size = fc.record({ groups: fc.integer({ min: 1, max: 3 }), hits: fc.integer({ min: 1, max: 4 }) })
    const property = fc.asyncProperty(documents, size, async (all, { groups, hits }) => {
      const ranked = all.toSorted(compareRank).map(({ id, score, values }) => ({
        hit: ShardHit.fromPartial({ id, score }),
        values,
      }))
      const naive = groupNaively(ranked, { groups: Number.POSITIVE_INFINITY, hits, only: undefined }).groups
      const expected = naive.map(({ value, hits }) => ({
        value: value && exactValueOf(value),
        ids: hits.map(({ id }) => id),
      }))
      for (const shards of [1, 3, 8]) {
        const server = serverOf(all, shards)
        assert.deepEqual(await pagesFrom(server, shards, { groups, hits }), expected)
        askedAgain += server.askedAgain
      }
    })
    await fc.assert(property, { numRuns: casesOf({ usual: 40, thorough: 2_000 }) })
    assert.ok(askedAgain > 0, 'no shard was asked again: the test does not test that')
  })

  /** The second hit of group 1 is in a shard that has better groups. */
  const hidden: Scored[] = [
    { id: 'best', score: 9, values: [1] },
    { id: 'a', score: 8, values: [2] },
    { id: 'b', score: 1, values: [3] },
    { id: 'c', score: 7, values: [4] },
    { id: 'd', score: 1, values: [5] },
    { id: 'e', score: 6, values: [6] },
    { id: 'f', score: 1, values: [7] },
    { id: 'second', score: 5, values: [1] },
  ]
  const best = { field: 'n', type: 'number', groups: 1, hits: 2, given: 0, after: undefined } as const

  it('have hits of shards where they are not among the best', async () => {
    const server = serverOf(hidden, 2)
    const answer = await ask(server, 2, best)
    assert.ok('groups' in answer)
    assert.deepEqual(
      answer.groups.map(({ value, hits }) => [value, hits.map(({ id }) => id)]),
      [[1, ['best', 'second']]],
    )
    assert.equal(server.askedAgain, 1)
  })

  it('name the shard that has no time for all their hits', async () => {
    const server = serverOf(hidden, 2)
    server.isSlow = true
    const answer = await ask(server, 2, best)
    assert.ok('failures' in answer)
    assert.deepEqual([...answer.failures.keys()], [1])
    assert.equal(answer.failures.get(1)!.code, 'deadline_exceeded')
  })

  it('end where pages would be too deep, unless they are made of a list, which has an end', () => {
    const fields = { n: { type: 'number', list: false } } as const
    const read = (given: number, isOfAll: boolean) =>
      readGroupBy({ field: 'n', groups: 10, hits: 100 }, fields, { cursor: { given, after: undefined }, isOfAll })
    assert.equal(read(0, true).given, 0)
    assert.equal(read(90, true).given, 90)
    assert.throws(() => read(91, true), {
      code: 'invalid_request',
      message:
        /^body\.cursor: the pages up to this one would have more than 10000 hits, groups times hits; ask for fewer/,
    })
    assert.equal(read(91, false).given, 91)
  })

  it('go to a value as its message and back', () => {
    for (const value of ['', 'x', 0, -1.5, big, -big]) assert.equal(exactValueOf(columnValueOf(value)), value)
  })
})
