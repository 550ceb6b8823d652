import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeBase64, floatValues } from './float-values.ts'

describe('values in bytes', () => {
  it('come out of base64 as they went in, whatever they are', () => {
    const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), bytes => {
      assert.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), Buffer.from(bytes))
    })
    fc.assert(property)
  })

  it('are none of what base64 has no character for, or of a part of it', () => {
    for (const text of ['', 'AAA', 'AAA!', 'AA=A', 'AAAA====']) assert.equal(decodeBase64(text), undefined, text)
  })

  it('are read wherever the bytes begin, and stay when these are used again', () => {
    const bytes = Buffer.concat([Buffer.from([7]), Buffer.from(Float32Array.of(0.5, -2).buffer)]).subarray(1)
    const halves = Buffer.from(Float16Array.of(0.5, -2).buffer)
    const read = [floatValues(bytes, 'f32'), floatValues(halves, 'f16')]
    bytes.fill(0)
    halves.fill(0)
    assert.deepEqual(read, [Float32Array.of(0.5, -2), Float16Array.of(0.5, -2)])
  })
})
