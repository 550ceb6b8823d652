import assert from 'node:assert/strict'
import { blockRows } from '@hypershard/qnet'
import { JointScores } from './joint-scores.ts'
import { vectorsInMemory } from './vector-rows.ts'

describe('joint scores', () => {
  const vectors = vectorsInMemory(
    Float32Array.from({ length: 2_000 }, (_, row) => row),
    1,
  )
  const rowsOf = (...rows: number[]) => rows.map(row => ({ vectors, row }))
  let runs: number[]
  let joint: JointScores

  beforeEach(() => {
    runs = []
    joint = new JointScores(async rows => {
      runs.push(rows.length)
      return Float32Array.from(rows, ({ row }) => -row)
    })
  })

  it('give each shard its own of one run', async () => {
    const [one, none, other] = [joint.add(rowsOf(3, 1)), joint.add([]), joint.add(rowsOf(7, 8, 9))]
    await joint.grant(other)
    assert.deepEqual(runs, [5])
    assert.deepEqual(
      [one, none, other].map(({ scores }) => [...scores!]),
      [[-3, -1], [], [-7, -8, -9]],
    )
  })

  it('are of no more rows than a block has, and of none twice', async () => {
    const many = Array.from(Array(blockRows - 2).keys())
    const [one, two, three] = [joint.add(rowsOf(...many)), joint.add(rowsOf(1, 2, 3)), joint.add(rowsOf(4, 5))]
    await joint.grant(one)
    assert.deepEqual([runs, two.scores, three.scores?.length], [[blockRows], undefined, 2])
    await joint.grant(two)
    assert.deepEqual(runs, [blockRows, 3])
  })
})
