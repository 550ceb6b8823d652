import assert from 'node:assert/strict'
import { QuerySource } from './query-source.ts'

describe('the source of queries', () => {
  it('gives each once, made of two where there are few', () => {
    const queries = new QuerySource(['one', 'two', 'three', ' one ', '']).take(6)
    assert.deepEqual(queries, ['one two', 'two three', 'three one', 'one three', 'two one', 'three two'])
  })

  it('gives them alone where there are many', () => {
    const texts = Array.from({ length: 20_000 }, (_, number) => `query ${number}`)
    const source = new QuerySource(texts)
    assert.deepEqual(source.take(2), ['query 0', 'query 1'])
    assert.deepEqual(source.peek(1), ['query 2'])
    assert.deepEqual(source.peek(1), ['query 2'])
    source.skip(19_998)
    assert.deepEqual(source.take(1), ['query 0 query 1'])
  })

  it('says so when it has no more', () => {
    assert.throws(() => new QuerySource(['one', 'two']).take(3), /no more queries/)
  })
})
