import assert from 'node:assert/strict'
import type { HypershardClient } from '@hypershard/client'
import { JobsWatch, lookedMax } from './see-jobs.ts'

describe('the jobs of all indexes', () => {
  const { signal } = new AbortController()
  const namesOf = (count: number) => Array.from({ length: count }, (_, at) => `index-${at}`)
  const nothing = { generations: [] }

  function watchOf(names: readonly string[], listGenerations: (index: string) => Promise<unknown>): JobsWatch {
    const listIndexes = async () => ({ indexes: names.map(name => ({ name })), failed: [] })
    return new JobsWatch({ client: { listIndexes, listGenerations } as unknown as HypershardClient })
  }

  it('are asked for a few at a time, and stand in the order of the indexes', async () => {
    const names = namesOf(9)
    const open: { index: string; answer: () => void }[] = []
    const asked: string[] = []
    const watch = watchOf(names, index => {
      asked.push(index)
      return new Promise(resolve => open.push({ index, answer: () => resolve(nothing) }))
    })
    const seeing = watch.look(signal)
    await settled()
    assert.deepEqual(asked, names.slice(0, 4))
    // The last that was asked is answered first.
    for (let answered = 0; answered < names.length; answered++) {
      open.pop()!.answer()
      await settled()
      assert(open.length <= 4)
    }
    assert.deepEqual(
      (await seeing).map(({ description }) => description.name),
      names,
    )
  })

  it('are told of every other index when those of one cannot be had', async () => {
    const failure = new Error('damaged')
    const watch = watchOf(namesOf(9), async index => {
      if (index === 'index-3') throw failure
      return nothing
    })
    const seen = await watch.look(signal)
    assert.deepEqual(
      seen.flatMap(({ error }, at) => (error === undefined ? [] : [[at, error]])),
      [[3, failure]],
    )
    assert.equal(seen.filter(({ jobs }) => jobs !== undefined).length, 8)
  })

  it('of very many indexes are asked for in turns, but each time of the one that is open and those being built', async () => {
    const names = namesOf(3 * lookedMax)
    const [built, open] = ['index-5', 'index-90']
    let asked: string[] = []
    const watch = watchOf(names, async index => {
      asked.push(index)
      const progress = { lag: 0, problem: null }
      return index === built ? { generations: [{ generation: 2, phase: 'building', names: [], progress }] } : nothing
    })
    const times = new Map(names.map(name => [name, 0]))
    for (let look = 0; look < 12; look++) {
      asked = []
      const seen = await watch.look(signal, open)
      assert.equal(asked.length, lookedMax)
      assert(asked.includes(open) && asked.includes(built), `look ${look}: ${asked}`)
      for (const name of asked) times.set(name, times.get(name)! + 1)
      assert.equal(seen.length, names.length)
      const known = seen.filter(({ jobs }) => jobs !== undefined).length
      assert.equal(known, [...times.values()].filter(count => count > 0).length)
    }
    // Two of each look are of those two.
    assert(Math.min(...times.values()) >= 3, JSON.stringify([...times]))
  })

  it('are forgotten with their index', async () => {
    const names = namesOf(2)
    const watch = watchOf(names, async () => nothing)
    await watch.look(signal)
    names.pop()
    assert.equal((await watch.look(signal)).length, 1)
    names.push('index-1')
    assert.equal((await watch.look(signal, 'gone')).length, 2)
  })
})

const settled = () => new Promise(resolve => setImmediate(resolve))
