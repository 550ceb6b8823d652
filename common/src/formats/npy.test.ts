import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeNpyHeader, encodeNpyHeader } from './npy.ts'

/** As numpy writes one. */
function fileOf(header: string, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  length.writeUIntLE(header.length, 0, length.length)
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0]), length, Buffer.from(header)])
}

const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n"

describe('the header of a .npy file', () => {
  it('is read in versions 1 to 3', () => {
    for (const version of [1, 2, 3]) {
      const file = fileOf(good, version)
      assert.deepEqual(decodeNpyHeader(file), { rows: 3, width: 2, precision: 'f32', dataStart: file.length })
    }
  })

  it('comes back as it was written, and the data begins at a multiple of 64', () => {
    const matrix = fc.record({ rows: fc.nat(), width: fc.nat(), precision: fc.constantFrom('f32', 'f16') })
    const property = fc.property(matrix, given => {
      const header = encodeNpyHeader(given)
      assert.equal(header.length % 64, 0)
      assert.deepEqual(decodeNpyHeader(Buffer.from(header)), { ...given, dataStart: header.length })
    })
    fc.assert(property)
  })

  const faults: readonly [string, Buffer, RegExp][] = [
    ['another file', Buffer.from('{"id":"a","text":"b"}'), /no \.npy file/],
    ['a version to come', fileOf(good, 4), /version is 4/],
    ['a file cut off', fileOf(good).subarray(0, 30), /ends inside its header/],
    ['f64', fileOf(good.replace('<f4', '<f8')), /of type <f8; save them as '<f4'/],
    ['big-endian values', fileOf(good.replace('<f4', '>f4')), /of type >f4/],
    ['records', fileOf(good.replace("'<f4'", "[('a', '<f4')]")), /no plain type/],
    ['columns', fileOf(good.replace('False', 'True')), /column by column/],
    ['one dimension', fileOf(good.replace('(3, 2)', '(3,)')), /shape is \(3,\); vectors are a matrix/],
    ['three dimensions', fileOf(good.replace('(3, 2)', '(3, 2, 1)')), /shape is \(3, 2, 1\)/],
  ]
  for (const [what, file, says] of faults) {
    it(`is refused of ${what}`, () =>
      assert.throws(() => decodeNpyHeader(file), { name: 'FormatError', message: says }))
  }
})
