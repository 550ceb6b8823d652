import assert from 'node:assert/strict'
import { EvaluationStore } from './evaluation-store.ts'
import { runsKeptMax } from './limits.ts'

describe('what the evaluation page keeps', () => {
  it('is told to who listens, until he does not any more', () => {
    const store = new EvaluationStore()
    let told = 0
    const end = store.listen(() => told++)
    store.keep({ name: 'sample', run: new Map(), asked: undefined })
    end()
    store.drop(store.state.runs[0]!.id)
    assert.deepEqual([told, store.state.runs], [1, []])
  })

  it('is the newest runs, each under a name of its own', () => {
    const store = new EvaluationStore()
    for (let run = 0; run < runsKeptMax + 3; run++) store.keep({ name: 'sample', run: new Map(), asked: undefined })
    const { runs } = store.state
    assert.deepEqual(
      [runs.length, runs[0]!.name, runs.at(-1)!.name],
      [runsKeptMax, `${runsKeptMax + 3}. sample`, '4. sample'],
    )
    assert.equal(new Set(runs.map(({ id }) => id)).size, runsKeptMax)
  })
})
