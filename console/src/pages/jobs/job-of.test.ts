import assert from 'node:assert/strict'
import type { GenerationDescription } from '@hypershard/contract'
import { actionsOf, copiedShare, jobsOf } from './job-of.ts'

type Progress = GenerationDescription['progress']

interface Some {
  readonly phase?: GenerationDescription['phase']
  readonly paused?: boolean
  readonly names?: readonly string[]
  readonly progress?: Partial<Progress>
}

function generationOf(generation: number, { phase = 'live', paused = false, names = [], progress = {} }: Some = {}) {
  const own: Partial<Progress> = { lag: 0, caught_up: true, problem: null, ...progress }
  return { generation, phase, paused, names, progress: own } as GenerationDescription
}

describe('the builds of an index', () => {
  it('are told apart by what the name stands for, and what stands beside it', () => {
    const problem = { code: 'model_not_served', message: 'no model' }
    const generations = [
      generationOf(1, { names: ['papers', 'live'], progress: { lag: 7 } }),
      generationOf(2),
      generationOf(3, { phase: 'dropped' }),
      generationOf(4, { phase: 'building', progress: { lag: 900, caught_up: false, problem } }),
    ]
    const { served, building, beside, lag, problems } = jobsOf('papers', generations)
    assert.deepEqual([served?.generation, building?.generation, beside.map(one => one.generation)], [1, 4, [2]])
    assert.deepEqual([lag, problems], [7, ['generation 4: no model']])
  })

  it('are none beside the first of a new index', () => {
    const first = generationOf(1, { names: ['papers'] })
    assert.deepEqual(jobsOf('papers', [first]).beside, [])
    assert.equal(jobsOf('papers', [first]).building, undefined)
  })
})

describe('the share of documents that are copied', () => {
  const share = (backfill_total: number | null, backfill_done: number | null) =>
    copiedShare(generationOf(2, { progress: { backfill_total, backfill_done } }))

  it('is all where there are none to copy', () => assert.deepEqual([share(null, null), share(0, 0)], [1, 1]))

  it('is between none and all', () => assert.deepEqual([share(200, 0), share(200, 50), share(200, 200)], [0, 0.25, 1]))
})

describe('what may be done with a build', () => {
  const offered = (some: Some) => Object.keys(actionsOf(generationOf(2, some), { index: 'papers' })).sort()

  const cases: readonly { readonly of: string; readonly some: Some; readonly actions: readonly string[] }[] = [
    { of: 'the one that is served', some: { names: ['papers'] }, actions: ['pause', 'throttle'] },
    {
      of: 'one that is being filled',
      some: { phase: 'building' },
      actions: ['cancel', 'compare', 'pause', 'promote', 'throttle'],
    },
    {
      of: 'one that is paused',
      some: { phase: 'building', paused: true },
      actions: ['cancel', 'compare', 'promote', 'resume', 'throttle'],
    },
    { of: 'one that was served', some: {}, actions: ['compare', 'drop', 'pause', 'promote', 'throttle'] },
    { of: 'one that was given up', some: { phase: 'cancelled' }, actions: [] },
    { of: 'one that was dropped', some: { phase: 'dropped' }, actions: [] },
  ]
  for (const { of, some, actions } of cases) it(`fits ${of}`, () => assert.deepEqual(offered(some), actions))

  it('is not to be promoted before it has caught up, and not to be dropped while a name stands for it', () => {
    const behind = actionsOf(generationOf(2, { phase: 'building', progress: { caught_up: false } }), {
      index: 'papers',
    })
    assert.match(behind.promote ?? '', /not caught up/)
    const named = actionsOf(generationOf(2, { names: ['old'] }), { index: 'papers' })
    assert.deepEqual([named.promote, named.drop], [undefined, 'old stands for it; move that first.'])
  })
})
