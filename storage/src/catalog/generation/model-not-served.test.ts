import assert from 'node:assert/strict'
import { modelNotServed } from './model-not-served.ts'

const model = { name: 'mini', digest: 'ab'.repeat(32) }

describe('the failure of an index without its model', () => {
  const cases = [
    {
      title: 'names the model and those that are there',
      loaded: [{ name: 'dense', digest: 'cd'.repeat(32) }],
      message:
        /^index `papers`: it was made with the model `mini`, which .* \(it has `dense`\); start .*`--models`.*or reindex/,
    },
    {
      title: 'says so when there is none',
      loaded: [],
      message: /\(it has none\)/,
    },
    {
      title: 'tells another model of the same name apart',
      loaded: [{ name: 'mini', digest: 'cd'.repeat(32) }],
      message:
        /^index `papers`: the model `mini` that is loaded is not the one that it was made with .*cdcd.*abab.*; start .* as it was/,
    },
  ]
  for (const { title, loaded, message } of cases) {
    it(title, () => {
      const failure = modelNotServed({ index: 'papers', generation: 1, model }, loaded)
      assert.match(failure.message, message)
      assert.doesNotMatch(failure.message, /[0-9a-f]{64}/)
      assert.deepEqual([failure.code, failure.details.model], ['model_not_served', model])
    })
  }

  it('says which build it is when that is not the first', () => {
    assert.match(
      modelNotServed({ index: 'papers', generation: 3, model }, []).message,
      /^index `papers`, generation 3: /,
    )
  })
})
