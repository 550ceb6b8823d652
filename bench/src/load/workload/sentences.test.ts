import assert from 'node:assert/strict'
import { sentencesOf } from './sentences.ts'

describe('the sentences of documents', () => {
  it('are documents with ids of their own, but for those of a word or two', () => {
    const documents = [
      { id: 'a', title: 'Stars', text: 'Stars twinkle through moving air. No. Planets hardly twinkle at all.' },
      { id: 'b', title: '', text: 'A volcano is a vent in the crust.' },
    ]
    assert.deepEqual(sentencesOf(documents), [
      { id: 'd0', title: 'Stars', text: 'Stars twinkle through moving air.' },
      { id: 'd1', title: 'Stars', text: 'Planets hardly twinkle at all.' },
      { id: 'd2', title: '', text: 'A volcano is a vent in the crust.' },
    ])
  })
})
