import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeNpyHeader, encodeSafetensorsHeader } from '@hypershard/common'
import fc from 'fast-check'
import { openVectorFile } from '../vectors/open-vector-file.ts'
import { joinVectors } from './join-vectors.ts'

/** As rows of base64. */
const rowsOf = (values: Float32Array | Float16Array, width: number) =>
  Array.from({ length: values.length / width }, (_, row) => {
    const own = values.slice(row * width, (row + 1) * width)
    return Buffer.from(own.buffer).toString('base64')
  })

describe('vectors beside documents', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-vectors-'))
    path = join(folder, 'vectors')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const three = Float32Array.of(1, 2, 3, 4, 5, 6)
  const npy = (values: Float32Array | Float16Array, width: number) => {
    const precision = values instanceof Float32Array ? 'f32' : 'f16'
    const header = encodeNpyHeader({ rows: values.length / width, width, precision })
    return Buffer.concat([header, Buffer.from(values.buffer)])
  }
  const tensors = (...names: string[]) => {
    const header = encodeSafetensorsHeader(new Map(names.map(name => [name, { dtype: 'F32', shape: [3, 2] }])))
    return Buffer.concat([header, ...names.map((_, at) => Buffer.from(three.map(value => value + 10 * at).buffer))])
  }

  async function joined(lines: string, modelDigest?: string, tensor?: string): Promise<string> {
    async function* body() {
      const step = lines.length > 10_000 ? 65_536 : 7
      for (let at = 0; at < lines.length; at += step) yield Buffer.from(lines.slice(at, at + step))
    }
    const pieces: Uint8Array[] = []
    const vectors = await openVectorFile(path, tensor)
    for await (const piece of joinVectors(body(), vectors, modelDigest)) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }

  it('come in order, one for each line that is not blank', async () => {
    const rows = rowsOf(three, 2)
    for (const file of [npy(three, 2), tensors('vectors')]) {
      await writeFile(path, file)
      const lines = (await joined('\n{"id":"a"} \r\n\n \n{}\nno JSON\n')).split('\n')
      assert.deepEqual(lines, [
        '',
        `{"id":"a","vector":{"precision":"f32","values":"${rows[0]}"}}`,
        '',
        ' ',
        `{"vector":{"precision":"f32","values":"${rows[1]}"}}`,
        'no JSON',
        '',
      ])
    }
    const [first] = (await joined('{"id":1}\n{}\n{}', 'd'.repeat(64))).split('\n')
    assert.deepEqual(JSON.parse(first!), {
      id: 1,
      vector: { model: 'd'.repeat(64), precision: 'f32', values: rows[0] },
    })
  })

  it('are those of the tensor that is named', async () => {
    await writeFile(path, tensors('one', 'other'))
    assert.match(await joined('{}\n{}\n{}', undefined, 'other'), new RegExp(rowsOf(Float32Array.of(11, 12), 2)[0]!))
    await assert.rejects(joined('{}'), /several matrices, say which with --tensor: one \[3, 2\], other \[3, 2\]/)
    await assert.rejects(joined('{}', undefined, 'third'), /no tensor third; it has one/)
  })

  it('are as the file has them, however large it is', async () => {
    const matrix = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 900 }), fc.boolean())
    const property = fc.asyncProperty(matrix, async ([rows, width, isHalf]) => {
      const some = Array.from({ length: rows * width }, (_, at) => at % 1_021)
      const values = isHalf ? Float16Array.from(some) : Float32Array.from(some)
      await writeFile(path, npy(values, width))
      const lines = (await joined('{}\n'.repeat(rows))).trimEnd().split('\n')
      const vectors = lines.map(line => (JSON.parse(line) as { vector: { values: string; precision: string } }).vector)
      const precision = isHalf ? 'f16' : 'f32'
      assert.deepEqual(
        vectors,
        rowsOf(values, width).map(row => ({ precision, values: row })),
      )
    })
    await fc.assert(property, { numRuns: 10 })
  })

  it('are as many as the documents, or nothing is written', async () => {
    await writeFile(path, npy(three, 2))
    await assert.rejects(joined('{}\n{}\n\n'), /has 3 vectors, and there are 2 documents; .* nothing was written/)
    await assert.rejects(joined('{}\n\n{}\n{}\n{}\n'), /has 3 vectors, and line 5 is document 4/)
    await assert.rejects(joined('x'.repeat(1_100_000)), { code: 'request_too_large', message: /line 1: longer/ })
  })

  const unusable: readonly [string, Buffer, RegExp][] = [
    ['cut off', npy(three, 2).subarray(0, -1), /it ends in row 2 of 3; make or fetch it again/],
    ['cut off in its header', npy(three, 2).subarray(0, 20), /ends inside its header/],
    ['of no rows', npy(new Float32Array(), 2), /has no rows/],
    ['of no columns', Buffer.from(encodeNpyHeader({ rows: 1, width: 0, precision: 'f32' })), /rows have 0 values/],
    ['of another kind', Buffer.from('{"id":"a","text":"some text"}'), /no \.npy file, and no safetensors file/],
  ]
  for (const [what, file, says] of unusable) {
    it(`are refused from a file ${what}`, async () => {
      await writeFile(path, file)
      await assert.rejects(openVectorFile(path), { code: 'invalid_request', message: says })
    })
  }

  it('are refused from a file that is not there', async () => {
    await assert.rejects(openVectorFile(path), { code: 'invalid_request', message: /nothing of that name/ })
  })
})
