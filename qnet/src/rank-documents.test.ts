import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { isThorough } from '@hypershard/harness'
import { pseudoRandomCase } from '@hypershard/harness/qnets'
import type { QNetArchitecture } from './architecture.ts'
import { DocumentsOnDevice } from './rank-documents.ts'
import { weightsOnHost } from './upload-weights.ts'

interface ReferenceCase {
  name: string
  architecture: QNetArchitecture
  seed: number
  documents: number
  /** Computed by PyTorch in f64. */
  scores: number[]
}

const { cases }: { cases: ReferenceCase[] } = JSON.parse(
  await readFile(new URL('../../test/fixtures/qnet/qnet-cases.json', import.meta.url), 'utf8'),
)
/** onnxruntime's CPU provider plays the device. */
const device = { name: 'cpu', number: 0 } as const
const highest = 3e38

describe('DocumentsOnDevice', () => {
  const chosen = cases.filter((_, at) => isThorough() || at % 8 === 0)

  it(`ranks as PyTorch scores, within 1e-4, on ${chosen.length} of the reference q-nets`, async () => {
    for (const { name, architecture, seed, documents: rows, scores } of chosen) {
      const { weights, documents } = pseudoRandomCase(architecture, seed, rows)
      const held = await DocumentsOnDevice.open(architecture, documents, device)
      const wish = { allowed: new Uint8Array(rows).fill(1), ceiling: highest, count: rows }
      const ranked = await held.rank(weightsOnHost(architecture, weights), wish)
      const scale = Math.max(...scores.map(Math.abs))
      assert.deepEqual(
        [...ranked.rows].sort((a, b) => a - b),
        [...scores.keys()],
        name,
      )
      for (const [at, row] of ranked.rows.entries()) {
        assert(Math.abs(ranked.scores[at]! - scores[row]!) < 1e-4 * scale, name)
        assert(at === 0 || ranked.scores[at]! <= ranked.scores[at - 1]!, name)
      }
      await held.release()
    }
  })

  it('leaves out what may not be found and what scores above the ceiling', async () => {
    const { architecture, seed, documents: rows } = cases[0]!
    const { weights, documents } = pseudoRandomCase(architecture, seed, rows)
    const held = await DocumentsOnDevice.open(architecture, documents, device)
    const all = await held.rank(weightsOnHost(architecture, weights), {
      allowed: new Uint8Array(rows).fill(1),
      ceiling: highest,
      count: rows,
    })
    const allowed = Uint8Array.from({ length: rows }, (_, row) => Number(row !== all.rows[2]))
    const ceiling = all.scores[1]!
    const { rows: left } = await held.rank(weightsOnHost(architecture, weights), { allowed, ceiling, count: rows })
    assert.deepEqual(
      [...left],
      [...all.rows].filter((_, rank) => rank !== 0 && rank !== 2),
    )
    await held.release()
  })

  it('scores in f16 near what PyTorch does in f64', async () => {
    for (const { name, architecture, seed, documents: rows, scores } of cases.filter((_, at) => at % 16 === 0)) {
      const { weights, documents } = pseudoRandomCase(architecture, seed, rows)
      const held = await DocumentsOnDevice.open(architecture, documents, device, 'f16')
      const wish = { allowed: new Uint8Array(rows).fill(1), ceiling: highest, count: rows }
      const ranked = await held.rank(weightsOnHost(architecture, weights), wish)
      const scale = Math.max(...scores.map(Math.abs))
      for (const [at, row] of ranked.rows.entries()) {
        assert(
          Math.abs(ranked.scores[at]! - scores[row]!) < 1e-2 * scale,
          `${name}: ${ranked.scores[at]}, ${scores[row]}`,
        )
      }
      await held.release()
    }
  })

  it('ranks by inner products with a vector, too, in f32 and in f16', async () => {
    for (const precision of ['f32', 'f16'] as const) {
      const { architecture, seed, documents: rows } = cases[0]!
      const { documents } = pseudoRandomCase(architecture, seed, rows)
      const held = await DocumentsOnDevice.open(architecture, documents, device, precision)
      const width = documents.length / rows
      const vector = documents.slice(width, 2 * width)
      const allowed = Uint8Array.from({ length: rows }, (_, row) => Number(row !== 1))
      const ranked = await held.rankByVector(vector, { allowed, ceiling: highest, count: 4 })
      const products = Array.from({ length: rows }, (_, row) =>
        vector.reduce((sum, value, at) => sum + value * documents[row * width + at]!, 0),
      )
      const expected = [...products.keys()].filter(row => row !== 1).sort((a, b) => products[b]! - products[a]!)
      assert.deepEqual([...ranked.rows], expected.slice(0, 4))
      for (const [at, row] of ranked.rows.entries()) {
        assert(Math.abs(ranked.scores[at]! - products[row]!) < (precision === 'f32' ? 1e-5 : 1e-2) * products[1]!)
      }
      await held.release()
    }
  })
})
