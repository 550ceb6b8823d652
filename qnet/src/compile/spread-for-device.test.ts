import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { ModelProto } from '@hypershard/proto/onnx'
import { createOnnxSession, floatOutput, Tensor } from '../onnx/session.ts'
import { spreadForDevice } from './spread-for-device.ts'

const folder = new URL('../../../models/minilm-dense/', import.meta.url)

/** Two texts of random tokens, the second padded to the first's length. */
async function statesOf(model: Uint8Array): Promise<Float32Array> {
  const session = await createOnnxSession(model, { threads: 1 })
  const ids = BigInt64Array.from({ length: 24 }, (_, at) => BigInt(1_000 + 37 * at))
  const mask = BigInt64Array.from({ length: 24 }, (_, at) => (at < 18 ? 1n : 0n))
  const feeds = { input_ids: new Tensor('int64', ids, [2, 12]), attention_mask: new Tensor('int64', mask, [2, 12]) }
  const states = floatOutput(await session.run(feeds), 'token_states')
  await session.release()
  return states
}

describe('an encoder for a device', () => {
  it('has no fused operators, and gives the token states that it gave', async () => {
    const model = readFileSync(new URL('encoder.onnx', folder))
    const spread = spreadForDevice(model)
    const domains = new Set(ModelProto.decode(spread).graph!.node.map(({ domain }) => domain))
    assert.deepEqual([...domains], [''])
    const [expected, found] = [await statesOf(model), await statesOf(spread)]
    assert.equal(found.length, expected.length)
    const tokens = 18 * 384
    for (let at = 0; at < tokens; at++) assert(Math.abs(found[at]! - expected[at]!) < 1e-4, `${at}`)
  })

  it('is the file itself where nothing is fused', () => {
    const spread = spreadForDevice(readFileSync(new URL('encoder.onnx', folder)))
    assert.equal(spreadForDevice(spread), spread)
  })
})
