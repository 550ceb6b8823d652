import assert from 'node:assert/strict'
import { HypershardError, toHypershardError } from '@hypershard/common'
import type { SearchAnswer } from '@hypershard/contract'
import { type AskOptions, askQueries } from './ask-queries.ts'

const queries = new Map(Array.from({ length: 9 }, (_, at) => [`q${at}`, `text ${at}`]))

function answerTo(text: string, change: Partial<SearchAnswer> = {}): SearchAnswer {
  return {
    hits: [
      { id: `${text}/a`, score: 2 },
      { id: `${text}/b`, score: 2 },
    ],
    coverage: {
      documents_eligible: 5,
      documents_scanned: 0,
      documents_walked: 0,
      documents_matched: 0,
      documents_scored: 5,
      ratio: 1,
      non_finite_scores: 0,
      missing: [],
    },
    plan: 'exact',
    took_ms: 1,
    manifest_version: 1,
    query_truncated: false,
    query_tokens: 2,
    query_unknown_tokens: 0,
    cached: false,
    next_cursor: null,
    ...change,
  }
}

/** Options that search at once and never wait, and counts of what was done. */
function optionsWith(change: Partial<AskOptions> = {}) {
  const done = { searches: 0, pauses: 0, progress: 0, underWay: 0, underWayMost: 0 }
  const search = change.search ?? (async (text: string) => answerTo(text))
  const options: AskOptions = {
    concurrency: 3,
    allowFailures: false,
    failureAdvice: 'nothing was made',
    problemOf: error => {
      const { code, message: detail, details, row } = toHypershardError(error)
      return { code, detail, details, retryable: row.retryable }
    },
    checkAnswer: () => {},
    ...change,
    search: async (text, id) => {
      done.searches++
      done.underWayMost = Math.max(done.underWayMost, ++done.underWay)
      await null
      return await search(text, id).finally(() => done.underWay--)
    },
    pause: async () => void done.pauses++,
    onProgress: count => {
      done.progress = count
    },
  }
  return { options, done }
}

const isText = (number: number) => (text: string) => text === `text ${number}`

describe('asking queries', () => {
  for (const concurrency of [1, 3, 64]) {
    it(`asks each once, ${concurrency} at a time, and keeps their order and the order of the hits`, async () => {
      const { options, done } = optionsWith({ concurrency })
      const { run, failures } = await askQueries(queries, options)
      assert.deepEqual([...run.keys()], [...queries.keys()])
      assert.deepEqual(
        run.get('q4')?.map(({ id }) => id),
        ['text 4/a', 'text 4/b'],
      )
      assert(run.get('q4')![0]!.score > run.get('q4')![1]!.score)
      assert.deepEqual(failures, [])
      assert.deepEqual(done, {
        searches: 9,
        pauses: 0,
        progress: 9,
        underWay: 0,
        underWayMost: Math.min(concurrency, 9),
      })
    })
  }

  it('tells of queries that were cut and of an index that changed', async () => {
    const search = async (text: string) => {
      const late = Number(text.slice(5)) > 6
      return answerTo(text, { query_truncated: late, manifest_version: late ? 3 : 2 })
    }
    const { truncated, manifestVersions } = await askQueries(queries, optionsWith({ search }).options)
    assert.deepEqual({ truncated, manifestVersions }, { truncated: 2, manifestVersions: [2, 3] })
  })

  it('asks once more, after a pause, when that may help', async () => {
    let refusals = 1
    const search = async (text: string) => {
      if (isText(4)(text) && refusals-- > 0) throw new HypershardError('overloaded', 'too much to do')
      return answerTo(text)
    }
    const { options, done } = optionsWith({ search })
    assert.equal((await askQueries(queries, options)).run.size, 9)
    assert.deepEqual([done.searches, done.pauses], [10, 1])
  })

  const partial = {
    documents_eligible: 5,
    documents_scanned: 0,
    documents_walked: 0,
    documents_matched: 0,
    documents_scored: 4,
    ratio: 0.8,
    non_finite_scores: 0,
    missing: [],
  }
  const late = {
    model: { name: 'pairs', digest: 'd' },
    reranked: false,
    documents: 0,
    truncated: 0,
    code: 'deadline_exceeded',
    message: 'its scores were late',
  }
  for (const { title, fail, searches, code, message } of [
    {
      title: 'a failure that would come again',
      fail: () => Promise.reject(new HypershardError('invalid_request', 'the query is too long')),
      searches: 1,
      code: 'invalid_request',
      message: /^query `q0`: the query is too long; nothing was made$/,
    },
    {
      title: 'a failure that came again',
      fail: () => Promise.reject(new HypershardError('unavailable', 'cannot reach it')),
      searches: 2,
      code: 'unavailable',
      message: /^query `q0`, also when asked again: cannot reach it; /,
    },
    {
      title: 'an answer of less than all documents',
      fail: async (text: string) => answerTo(text, { coverage: partial }),
      searches: 2,
      code: 'insufficient_coverage',
      message: /4 of 5 documents were searched/,
    },
    {
      title: 'an answer that kept the order of the first stage',
      fail: async (text: string) => answerTo(text, { rerank: late }),
      searches: 2,
      code: 'deadline_exceeded',
      message: /it was not reranked: its scores were late/,
    },
    {
      title: 'an answer with a document twice',
      fail: async (text: string) => answerTo(text, { hits: Array(2).fill({ id: 'a', score: 1 }) }),
      searches: 1,
      code: 'internal',
      message: /twice/,
    },
  ]) {
    it(`ends at ${title}`, async () => {
      const { options, done } = optionsWith({ search: fail, concurrency: 1 })
      await assert.rejects(askQueries(queries, options), { code, message })
      assert.equal(done.searches, searches)
    })

    it(`goes on after ${title} when failures are allowed`, async () => {
      const search = async (text: string) => (isText(0)(text) ? fail(text) : answerTo(text))
      const { run, failures } = await askQueries(queries, optionsWith({ search, allowFailures: true }).options)
      assert.deepEqual([...run.keys()], [...queries.keys()].slice(1))
      assert.deepEqual(
        failures.map(failure => [failure.query, failure.code]),
        [['q0', code]],
      )
    })
  }

  it('ends with the failure that the caller makes of the first', async () => {
    const search = () => Promise.reject(new HypershardError('unavailable', 'cannot reach it'))
    const failureOf = (_: unknown, message: string) => new RangeError(message)
    await assert.rejects(askQueries(queries, optionsWith({ search, failureOf }).options), {
      name: 'RangeError',
      message: /^query `q0`, also when asked again: cannot reach it; nothing was made$/,
    })
  })

  it('ends with the reason of its signal, and asks nothing more', async () => {
    const stop = new AbortController()
    const search = async (text: string) => {
      if (isText(3)(text)) stop.abort(new RangeError('enough'))
      return answerTo(text)
    }
    const { options, done } = optionsWith({ search, signal: stop.signal, concurrency: 1, allowFailures: true })
    await assert.rejects(askQueries(queries, options), { message: 'enough' })
    assert.equal(done.searches, 4)
  })

  it('fails when every query does, whatever is allowed', async () => {
    const search = () => Promise.reject(new HypershardError('corrupt_data', 'torn'))
    const { options, done } = optionsWith({ search, allowFailures: true })
    await assert.rejects(askQueries(queries, options), { code: 'corrupt_data', message: /no other query succeeded/ })
    assert.equal(done.searches, 9)
  })

  it('asks nothing more once an answer was refused', async () => {
    const checkAnswer = () => {
      throw new HypershardError('invalid_request', 'such an id')
    }
    const { options, done } = optionsWith({ checkAnswer, allowFailures: true, concurrency: 2 })
    await assert.rejects(askQueries(queries, options), { message: 'such an id' })
    assert.equal(done.searches, 2)
  })
})
