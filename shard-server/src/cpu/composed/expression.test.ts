import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { naiveValue } from '../../testing/naive-expression.ts'
import {
  ceilingOf,
  decidingLeaf,
  type Expression,
  evaluate,
  exclusionFrom,
  isUnion,
  leadingLeaves,
} from './expression.ts'
import { scaleOf, standardised } from './leaf-scale.ts'

const leaf = (at: number, weight = 1): Expression => ({ kind: 'leaf', leaf: at, weight })
const any = (...nodes: Expression[]): Expression => ({ kind: 'any', weight: 1, nodes, excluded: [] })
const all = (...nodes: Expression[]): Expression => ({ kind: 'all', weight: 1, nodes, excluded: [] })

const leaves = 4
const weight = fc.constantFrom(1, 1, 0.5, 3).map(Math.fround)
const score = fc.oneof(
  fc.constantFrom(0, 1, exclusionFrom),
  fc.double({ min: -6, max: 9, noNaN: true }).map(Math.fround),
)
/** Leaves may stand twice in these: only their scores matter here. */
const expressions = fc.letrec<{ node: Expression }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('leaf' as const), leaf: fc.nat(leaves - 1), weight }),
    fc.record({
      kind: fc.constantFrom('any' as const, 'all' as const),
      weight,
      nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      excluded: fc.array(fc.record({ weight, node: tie('node') }), { maxLength: 2 }),
    }),
  ),
})).node
const documents = fc.array(fc.array(score, { minLength: leaves, maxLength: leaves }), { minLength: 1, maxLength: 5 })

/** By leaf. */
const columns = (rows: readonly (readonly number[])[]) =>
  Array.from({ length: leaves }, (_, at) => Float32Array.from(rows, row => row[at]!))

describe('an expression over leaves', () => {
  it('has the value of its definition, and the same bits for a document beside whatever others', () => {
    fc.assert(
      fc.property(expressions, documents, (node, rows) => {
        const values = evaluate(node, columns(rows))
        for (const [at, row] of rows.entries()) {
          const expected = naiveValue(node, row)
          assert.ok(Math.abs(values[at]! - expected) <= 1e-4 * (1 + Math.abs(expected)), `${values[at]}, ${expected}`)
          assert.equal(values[at], evaluate(node, columns([row]))[0])
        }
      }),
      { numRuns: casesOf({ usual: 200, thorough: 5_000 }) },
    )
  })

  it('is never above its ceiling, nor is a document that scores less in every leaf that leads', () => {
    fc.assert(
      fc.property(expressions, documents, score, (node, rows, step) => {
        const ceiling = ceilingOf(node)
        const above = evaluate(
          ceiling,
          columns(
            rows.map(row => row.map((own, at) => (leadingLeaves(node).includes(at) ? own + Math.abs(step) : own))),
          ),
        )
        for (const [at, value] of evaluate(node, columns(rows)).entries()) assert.ok(value <= above[at]!)
      }),
      { numRuns: casesOf({ usual: 200, thorough: 5_000 }) },
    )
  })

  it('takes the best of any, and of all something between the worst and the mean', () => {
    const scores = columns([[1, 3, 2, 0]])
    assert.equal(evaluate(any(leaf(0), leaf(1), leaf(2)), scores)[0], 3)
    const soft = evaluate(all(leaf(0), leaf(1)), scores)[0]!
    assert.ok(soft > 1 && soft < 2, `${soft}`)
    const leaning = evaluate(all(leaf(0, 9), leaf(1)), scores)[0]!
    assert.ok(leaning > 1 && leaning < soft, `${leaning}`)
    assert.equal(evaluate(all(leaf(1), leaf(1)), scores)[0], 3)
  })

  it('takes away from what matches, by how much it does', () => {
    const node: Expression = { kind: 'any', weight: 1, nodes: [leaf(0)], excluded: [{ weight: 2, node: leaf(1) }] }
    const rows = [-4, exclusionFrom, exclusionFrom + 1].map(excluded => [3, excluded, 0, 0])
    assert.deepEqual([...evaluate(node, columns(rows))], [3, 3, 1])
  })

  it('has no value where a leaf has none, wherever that leaf stands', () => {
    const excluding: Expression = { kind: 'all', weight: 1, nodes: [leaf(0)], excluded: [{ weight: 1, node: leaf(1) }] }
    for (const node of [any(leaf(0), leaf(1)), any(leaf(1), leaf(0)), all(leaf(0), leaf(1)), excluding])
      assert.ok(Number.isNaN(evaluate(node, columns([[1, Number.NaN, 0, 0]]))[0]))
  })

  it('names the leaf that gives a document its place', () => {
    const scores = columns([[1, 3, 2, 0]])
    assert.equal(decidingLeaf(any(leaf(0), leaf(1)), scores), 1)
    assert.equal(decidingLeaf(any(leaf(0, 4), leaf(1)), scores), 0)
    assert.equal(decidingLeaf(all(leaf(1), leaf(2)), scores), 2)
    assert.equal(decidingLeaf(any(all(leaf(0), leaf(1)), leaf(2)), scores), 2)
    assert.equal(decidingLeaf(any(leaf(3), all(leaf(1), leaf(2))), scores), 2)
  })

  it('is a union where walks that find the best of each leaf find its own', () => {
    assert.ok(isUnion(any(leaf(0), any(leaf(1), leaf(2)))))
    assert.ok(isUnion(all(leaf(0))))
    assert.ok(!isUnion(any(leaf(0), all(leaf(1), leaf(2)))))
    assert.ok(!isUnion({ kind: 'any', weight: 1, nodes: [leaf(0)], excluded: [{ weight: 1, node: leaf(1) }] }))
  })
})

describe('the scale of a leaf', () => {
  it('makes the sample have mean 0 and deviation 1', () => {
    const scores = Float32Array.of(10, 12, 14, 20)
    const made = standardised(scores, scaleOf(scores))
    const mean = made.reduce((sum, value) => sum + value, 0) / 4
    const deviation = Math.sqrt(made.reduce((sum, value) => sum + value * value, 0) / 4)
    assert.ok(Math.abs(mean) < 1e-6 && Math.abs(deviation - 1) < 1e-6)
  })

  it('leaves scores as they are where the sample does not differ, is empty or is no number', () => {
    assert.deepEqual(scaleOf(Float32Array.of(3, 3)), { mean: 3, inverse: 1 })
    assert.deepEqual(scaleOf(Float32Array.of()), { mean: 0, inverse: 1 })
    assert.deepEqual(scaleOf(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY)), { mean: 0, inverse: 1 })
  })

  it('gives no number for what is none', () => {
    const made = standardised(Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 3e38), { mean: -3e38, inverse: 1 })
    assert.deepEqual([...made], [Number.NaN, Number.NaN, Number.NaN])
  })
})
