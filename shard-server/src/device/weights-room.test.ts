import assert from 'node:assert/strict'
import { roomForWeights, WeightsRoom } from './weights-room.ts'

describe('WeightsRoom', () => {
  it('has room for what fits beside what lies there, and again once that is given back', () => {
    const room = new WeightsRoom(100)
    const giveBack = room.take(60)
    assert(giveBack !== undefined)
    assert.equal(room.take(41), undefined)
    assert(room.take(40) !== undefined)
    giveBack()
    giveBack()
    assert.equal(room.bytes, 40)
    assert(room.take(60) !== undefined)
  })

  it('is an eighth of the device, 64 MiB at most, where weights stay on it', () => {
    assert.equal(roomForWeights('webgpu', 80_000_000), 10_000_000)
    assert.equal(roomForWeights('webgpu', 60e9), 64 * 1024 ** 2)
    assert.equal(roomForWeights('cuda', 60e9), 0)
  })
})
