import assert from 'node:assert/strict'
import { copiesOf, isBalanced, movedShare, type Placement, placementOf } from './placement.ts'

const server = (
  address: string,
  shards: readonly { shard: number; warm?: boolean; placed?: boolean; index?: string }[],
  live = true,
) => ({
  address,
  live,
  down_reason: live ? null : 'gone',
  weight: 1,
  outstanding: 0,
  shards: shards.map(({ shard, warm = true, placed = true, index = 'a' }) => ({
    index,
    shard,
    documents: 5,
    warm,
    placed,
  })),
})
const placement = (...warm: string[][]): Placement => ({ warm, cold: 0 })

describe('a placement', () => {
  it('is read of the servers that live, index by index', () => {
    const servers = [
      server('s2', [{ shard: 0 }, { shard: 1, warm: false }, { shard: 1, index: 'b' }]),
      server('s1', [{ shard: 0 }, { shard: 1, placed: false }]),
      server('s3', [{ shard: 1 }], false),
    ] as unknown as Parameters<typeof placementOf>[0]['servers']
    assert.deepEqual(placementOf({ servers }, ['a'], 2), { warm: [['s1', 's2'], []], cold: 1 })
    assert.deepEqual(placementOf({ servers }, ['b', 'a'], 2).warm, [[], ['s2'], ['s1', 's2'], []])
  })

  it('is balanced when every shard has its copies, no more and none under way', () => {
    assert.ok(isBalanced(placement(['s1', 's2'], ['s2', 's3']), 2))
    assert.ok(!isBalanced(placement(['s1', 's2'], ['s2']), 2), 'one is missing')
    assert.ok(!isBalanced(placement(['s1', 's2'], ['s1', 's2', 's3']), 2), 'one has it once too often')
    assert.ok(!isBalanced({ ...placement(['s1'], ['s1']), cold: 1 }, 1), 'one is being loaded')
  })

  it('moves what lies on servers that did not have it', () => {
    const before = placement(['s1'], ['s2'], ['s1'], ['s2'])
    assert.equal(movedShare(before, before), 0)
    assert.equal(movedShare(before, placement(['s1'], ['s2'], ['s3'], ['s2'])), 0.25)
  })

  it('counts as moved what went from one that had another shard', () => {
    assert.equal(movedShare(placement(['s1'], ['s2']), placement(['s2'], ['s1'])), 1)
  })

  it('tells how much one server has', () => assert.equal(copiesOf(placement(['s1'], ['s1', 's2'], []), 's1'), 2))
})
