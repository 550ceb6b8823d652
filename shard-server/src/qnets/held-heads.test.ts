import assert from 'node:assert/strict'
import { HypershardError, systemClock } from '@hypershard/common'
import { hyperHeadBytesMax } from '@hypershard/proto/limits'
import { HeldHeads } from './held-heads.ts'

describe('HeldHeads', () => {
  let loads: string[]
  let bytes: number
  let beforeLoad: () => Promise<void>
  let heads: HeldHeads<{ bytes: number; of: string }>

  const load = async (of: string) => {
    loads.push(of)
    await beforeLoad()
    return { of, bytes }
  }

  beforeEach(() => {
    loads = []
    bytes = 1
    beforeLoad = async () => undefined
    heads = new HeldHeads(load)
  })

  it('load a head once, however many ask for it at a time and later', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    beforeLoad = () => promise
    heads.warm('a')
    const asked = [heads.get('a'), heads.get('a')]
    resolve()
    assert.deepEqual((await Promise.all(asked)).concat(await heads.get('a')), Array(3).fill({ of: 'a', bytes: 1 }))
    assert.deepEqual(loads, ['a'])
  })

  it('have a head loaded before anybody asks', async () => {
    heads.warm('a')
    assert.deepEqual(loads, ['a'])
    await heads.get('a')
    heads.warm('a')
    assert.deepEqual(loads, ['a'])
  })

  it('let the least recently used go when all together are larger than the bound', async () => {
    bytes = hyperHeadBytesMax / 2 - 4_096
    for (const model of ['a', 'b', 'a', 'c', 'a', 'b']) await heads.get(model)
    assert.deepEqual(loads, ['a', 'b', 'c', 'b'])
  })

  it('say why a head cannot be had, in a code that asks for weights, and try again for the next', async () => {
    beforeLoad = () => Promise.reject(new HypershardError('corrupt_data', 'model.json is altered'))
    heads.warm('a')
    const refused = { code: 'model_not_found', message: /^no hyper-head of model a here, .* model\.json is altered$/ }
    await assert.rejects(heads.get('a'), refused)
    beforeLoad = async () => undefined
    assert.equal((await heads.get('a')).of, 'a')
  })

  it('pass a defect on as what it is', async () => {
    beforeLoad = () => Promise.reject(new TypeError('a bug'))
    await assert.rejects(heads.get('a'), TypeError)
  })

  it('keep nobody waiting for long while a head is loaded, and have it afterwards', async () => {
    let nowMs = 0
    const clock = { ...systemClock, monotonicMs: () => (nowMs += 10_000) }
    const { promise, resolve } = Promise.withResolvers<void>()
    beforeLoad = () => promise
    heads = new HeldHeads(load, clock)
    const atLast = setTimeout(resolve, 1_000)
    await assert.rejects(heads.get('a'), { code: 'model_not_found', message: /loading the hyper-head, which goes on/ })
    clearTimeout(atLast)
    resolve()
    assert.equal((await heads.get('a')).of, 'a')
    assert.deepEqual(loads, ['a'])
  })
})
