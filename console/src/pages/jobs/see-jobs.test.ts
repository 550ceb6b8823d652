import assert from 'node:assert/strict'
import type { HypershardClient } from '@hypershard/client'
import { seeJobs } from './see-jobs.ts'

describe('the jobs of all indexes', () => {
  const names = Array.from({ length: 9 }, (_, at) => `index-${at}`)

  function clientOf(listGenerations: (index: string) => Promise<unknown>): { client: HypershardClient } {
    const listIndexes = async () => ({ indexes: names.map(name => ({ name })), failed: [] })
    return { client: { listIndexes, listGenerations } as unknown as HypershardClient }
  }

  it('are asked for a few at a time, and stand in the order of the indexes', async () => {
    const open: { index: string; answer: () => void }[] = []
    const asked: string[] = []
    const session = clientOf(index => {
      asked.push(index)
      return new Promise(resolve => open.push({ index, answer: () => resolve({ generations: [] }) }))
    })
    const seeing = seeJobs(session, new AbortController().signal)
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
    const session = clientOf(async index => {
      if (index === 'index-3') throw failure
      return { generations: [] }
    })
    const seen = await seeJobs(session, new AbortController().signal)
    assert.deepEqual(
      seen.flatMap(({ error }, at) => (error === undefined ? [] : [[at, error]])),
      [[3, failure]],
    )
    assert.equal(seen.filter(({ jobs }) => jobs !== undefined).length, 8)
  })
})

const settled = () => new Promise(resolve => setImmediate(resolve))
