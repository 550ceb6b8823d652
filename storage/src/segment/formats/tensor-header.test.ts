import assert from 'node:assert/strict'
import { FormatError, tensorBytes } from '@hypershard/common'
import fc from 'fast-check'
import { checkTensorHeader, encodeTensorHeader } from './tensor-header.ts'

const tensors = fc.record({
  name: fc.constantFrom('vectors', 'deleted', 'ünïcode'),
  dtype: fc.constantFrom('U8' as const, 'F32' as const),
  shape: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
})

const vectors = { name: 'vectors', dtype: 'F32' as const, shape: [2, 3] }

/** A file of 24 data bytes whose header is this text. */
function fileWith(header: string, dataBytes = 24): Uint8Array {
  const text = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)])
}

const check = (file: Uint8Array) => checkTensorHeader(file, file.length, vectors)

describe('the header of files with one tensor', () => {
  it('reads what it writes, with aligned data', () => {
    fc.assert(
      fc.property(tensors, tensor => {
        const header = encodeTensorHeader(tensor)
        const { dataStart } = checkTensorHeader(header, header.length + tensorBytes(tensor), tensor)
        assert.equal(dataStart, header.length)
        assert.equal(dataStart % 8, 0)
      }),
    )
  })

  it('reads files of other tools, with metadata', () => {
    const file = fileWith('{"__metadata__":{"by":"x"},"vectors":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}')
    assert.equal(check(file).dataStart, file.length - 24)
  })

  const good = '{"vectors":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
  const bad: [what: string, file: Uint8Array, problem: RegExp][] = [
    ['an empty file', new Uint8Array(0), /too short/],
    ['a header longer than the bound', fileWith(good.padEnd(70_000)), /header says to be 70000 bytes/],
    ['a header longer than the file', fileWith(good).subarray(0, 20), /ends inside its header/],
    ['text that is not JSON', fileWith('{"vectors":'), /not JSON/],
    ['a list', fileWith('[]'), /expected object/i],
    ['another tensor', fileWith(good.replace('vectors', 'weights')), /its tensor is not only vectors/],
    [
      'one tensor more',
      fileWith(`${good.slice(0, -1)},"more":${good.slice(11, -1)}}`),
      /its tensor is not only vectors/,
    ],
    ['the name of an inherited property', fileWith(good.replace('vectors', 'toString')), /its tensor is not only/],
    ['another dtype', fileWith(good.replace('F32', 'U8').replace('[0,24]', '[0,6]'), 6), /its dtype is U8 where F32/],
    ['a dtype we never write', fileWith(good.replace('F32', 'F64')), /vectors.dtype/],
    ['another shape', fileWith(good.replace('[2,3]', '[3,2]')), /its shape is 3 x 2 where 2 x 3/],
    ['a negative dimension', fileWith(good.replace('[2,3]', '[-2,-3]')), /vectors.shape/],
    ['offsets that leave a gap', fileWith(good.replace('[0,24]', '[8,32]'), 32), /offsets leave a gap/],
    ['less data than the header says', fileWith(good, 16), /its tensor vectors ends at byte/],
    ['more data than the header says', fileWith(good, 32), /length does not fit/],
  ]
  for (const [what, file, problem] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => check(file), { name: 'FormatError', message: problem })
    })
  }

  it('never throws anything but a FormatError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        assert.throws(() => check(bytes), FormatError)
      }),
    )
  })
})
