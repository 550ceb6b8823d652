import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { tinyArchitecture } from '@hypershard/harness/qnets'
import { QNet, WeightsPrecision } from '@hypershard/proto/qnet'
import { architectureToProto } from '@hypershard/qnet'
import { QueryCache } from './query-cache.ts'

describe('the weights that a shard server was given', () => {
  const architecture = architectureToProto(tinyArchitecture)
  let cache: QueryCache

  beforeEach(() => {
    // Whoever gives weights asks for no token states.
    cache = new QueryCache({} as ConstructorParameters<typeof QueryCache>[0])
  })

  const take = (digest: string, weights: readonly number[]) => {
    const precision = WeightsPrecision.WEIGHTS_PRECISION_F32
    const qnet = QNet.fromPartial({ digest, modelDigest: 'm', architecture, precision, weights: Buffer.from(weights) })
    return cache.take(qnet, undefined, Deadline.after(10_000))
  }

  it('stay what they are while a query reads them, though they were let go of', async () => {
    const reading = await take('a', [1, 2, 3])
    cache.forget(reading)
    const next = await take('b', [7, 8, 9])
    assert.deepEqual([...reading.qnet.weights.bytes], [1, 2, 3])
    reading.release()
    const { bytes } = (await take('c', [4, 5, 6])).qnet.weights
    assert.equal(bytes, reading.qnet.weights.bytes, 'memory that nobody reads is used again')
    assert.deepEqual([...next.qnet.weights.bytes], [7, 8, 9])
  })

  it('are the same copy when they come again, or as their digest alone', async () => {
    const { copy } = (await take('a', [1, 2, 3])).qnet.weights
    for (const weights of [[1, 2, 3], []]) assert.equal((await take('a', weights)).qnet.weights.copy, copy)
  })

  it('are looked at when they come under a known digest and are of another length', async () => {
    await take('a', [1, 2, 3])
    assert.deepEqual([...(await take('a', [1, 2])).qnet.weights.bytes], [1, 2])
  })
})
