import assert from 'node:assert/strict'
import type { ClusterDescription, ServerDescription, ShardMove } from '@hypershard/contract'
import { shardRows } from './shard-rows.ts'

type Held = ServerDescription['shards'][number]

const held = (shard: number, more: Partial<Held> = {}): Held => {
  return { index: 'papers', generation: 1, shard, documents: 10, warm: true, placed: true, ...more }
}

const server = (address: string, shards: readonly Held[], live = true) => ({ address, live, shards })

function cluster(servers: readonly ReturnType<typeof server>[], moves: readonly Partial<ShardMove>[] = []) {
  return { servers, moves } as unknown as ClusterDescription
}

const states = (description: ClusterDescription) => shardRows(description).map(({ cells }) => Object.fromEntries(cells))

describe('the shards of a cluster, as rows', () => {
  it('stand by index, generation and number, as numbers go', () => {
    const shards = [held(10), held(2), held(0, { generation: 10 }), held(0, { generation: 2 }), held(1, { index: 'a' })]
    const rows = shardRows(cluster([server('x', shards)]))
    assert.deepEqual(
      rows.map(({ key }) => key),
      ['a/1/1', 'papers/1/2', 'papers/1/10', 'papers/2/0', 'papers/10/0'],
    )
  })

  it('tell of every server that has to do with a shard how it is there', () => {
    const cold = { warm: false }
    const x = server('x', [held(0), held(1, { placed: false }), held(2, cold), held(3, cold)])
    const y = server('y', [held(1, cold), held(2, cold)])
    const moves = [
      { index: 'papers', generation: 1, shard: 1, to: 'y', state: 'loading' as const },
      { index: 'papers', generation: 1, shard: 2, to: 'y', state: 'failed' as const },
      { index: 'papers', generation: 2, shard: 3, to: 'x', state: 'waiting' as const },
    ]
    assert.deepEqual(states(cluster([x, y], moves)), [
      { x: 'warm' },
      { x: 'leaving', y: 'loading' },
      { x: 'cold', y: 'failed' },
      { x: 'cold' },
    ])
  })

  it('take no shard for served that only a dead server has, whatever it had loaded', () => {
    const gone = server('x', [held(0, { warm: false }), held(1, { warm: false })], false)
    const rows = shardRows(cluster([gone, server('y', [held(1)])]))
    assert.deepEqual(
      rows.map(({ served, cells }) => [served, cells.get('x')]),
      [
        [false, 'down'],
        [true, 'down'],
      ],
    )
  })
})
