import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readSafetensors, writeSafetensors } from './safetensors.ts'

function fileOf(header: unknown, tensors = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.byteLength))
  return Buffer.concat([length, json, tensors])
}

const tensor = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }

describe('safetensors', () => {
  it('reads what it writes', () => {
    const values = fc.float32Array({ minLength: 0, maxLength: 9 })
    const named = fc.dictionary(fc.stringMatching(/^[a-z.]{1,9}$/), values, { maxKeys: 6, noNullPrototype: true })
    fc.assert(
      fc.property(named, entries => {
        const tensors = new Map(Object.entries(entries).map(([name, data]) => [name, { shape: [data.length], data }]))
        assert.deepEqual(readSafetensors(writeSafetensors(tensors)), tensors)
      }),
    )
  })

  it('widens f16 and steps over metadata', () => {
    const header = {
      __metadata__: { format: 'pt' },
      half: { dtype: 'F16', shape: [1, 2], data_offsets: [1, 5] },
    }
    const halves = new Uint8Array(Float16Array.of(0.5, -2).buffer)
    const tensors = readSafetensors(fileOf(header, Uint8Array.of(0, ...halves)))
    assert.deepEqual(tensors, new Map([['half', { shape: [1, 2], data: Float32Array.of(0.5, -2) }]]))
  })

  const refused = [
    { title: 'a file without room for a header', file: new Uint8Array(7), problem: /too short/ },
    { title: 'a header longer than the file', file: fileOf({}).subarray(0, 9), problem: /ends inside its header/ },
    { title: 'a header that is not JSON', file: fileOf('{'), problem: /JSON/ },
    { title: 'a header that is no object', file: fileOf('null'), problem: /its header: .*expected object/ },
    { title: 'another element type', file: fileOf({ t: { ...tensor, dtype: 'I8' } }), problem: /t\.dtype/ },
    {
      title: 'bytes where numbers should be',
      file: fileOf({ t: { ...tensor, dtype: 'U8', shape: [8] } }, new Uint8Array(8)),
      problem: /tensor t is of U8/,
    },
    {
      title: 'a tensor past the end',
      file: fileOf({ t: tensor }, new Uint8Array(7)),
      problem: /its tensor t ends at byte/,
    },
    {
      title: 'offsets that do not fit the shape',
      file: fileOf({ t: { ...tensor, shape: [3] } }, new Uint8Array(8)),
      problem: /offsets of its tensor t do not fit/,
    },
  ]
  for (const { title, file, problem } of refused) {
    it(`refuses ${title}`, () => assert.throws(() => readSafetensors(file), problem))
  }
})
