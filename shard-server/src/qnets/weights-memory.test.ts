import assert from 'node:assert/strict'
import { WeightsMemory } from './weights-memory.ts'

describe('memory for weights', () => {
  it('holds what it was given', () => {
    const weights = Uint8Array.of(1, 2, 3, 4)
    assert.deepEqual([...new WeightsMemory().copy(weights).bytes], [1, 2, 3, 4])
  })

  it('uses a piece again once it was given back, for weights of its size alone, as another copy that nobody has checked', () => {
    const memory = new WeightsMemory()
    const first = memory.copy(Uint8Array.of(1, 2, 3, 4))
    const beside = memory.copy(Uint8Array.of(5, 6, 7, 8))
    assert.notEqual(beside.bytes.buffer, first.bytes.buffer)
    first.check[0] = 2
    memory.giveBack(first)
    assert.notEqual(memory.copy(new Uint8Array(8)).bytes.buffer, first.bytes.buffer)
    const second = memory.copy(Uint8Array.of(9, 9, 9, 9))
    assert.equal(second.bytes.buffer, first.bytes.buffer)
    assert.deepEqual([...second.bytes], [9, 9, 9, 9])
    assert.deepEqual([...beside.bytes], [5, 6, 7, 8])
    assert.equal(new Set([first.copy, beside.copy, second.copy]).size, 3)
    assert.equal(second.check[0], 0)
  })

  it('keeps at most 64 MB for later', () => {
    const memory = new WeightsMemory()
    const large = [1, 2, 3].map(() => memory.copy(new Uint8Array(30 * 1024 ** 2)))
    for (const copy of large) memory.giveBack(copy)
    const again = [1, 2, 3].map(() => memory.copy(new Uint8Array(30 * 1024 ** 2)))
    const before = new Set(large.map(({ bytes }) => bytes.buffer))
    assert.equal(again.filter(({ bytes }) => before.has(bytes.buffer)).length, 2)
  })

  it('numbers copies so that none is taken for another, whichever memory of the process they lie in', () => {
    const taken = [new WeightsMemory(), new WeightsMemory()].flatMap(memory => [memory.take(8), memory.take(8)])
    assert.equal(new Set(taken.map(({ copy }) => copy)).size, taken.length)
  })
})
