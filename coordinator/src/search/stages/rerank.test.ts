import assert from 'node:assert/strict'
import { Deadline, type RequestContext } from '@hypershard/common'
import { FakeEncoder, quietContext, VirtualClock } from '@hypershard/harness'
import type { FetchedDocument } from '@hypershard/proto/shard'
import type { PairsToScore } from '../../ports.ts'
import { searchInputOf } from '../search-input.ts'
import type { FoundHit } from '../shard-answer.ts'
import type { Winners } from './pick-winners.ts'
import { beforeRerank, type Reranker, rerank } from './rerank.ts'

const model = new FakeEncoder().crossEncoders()[0]!
const input = searchInputOf('papers', { query: 'stars' })

/** One hit, and what the scorer is asked for it. */
async function askedFor(
  { passage, ...document }: Partial<FetchedDocument> & Pick<FoundHit, 'passage'>,
  reranker: Reranker = { model, candidates: 5, timeoutMs: undefined },
  context: RequestContext = quietContext(Deadline.after(60_000)),
) {
  const hit: FoundHit = { id: 'a', score: 1, shard: 0, address: { segment: 0, row: 0 }, document: undefined, passage }
  const documents = new Map([['a', { id: 'a', title: '', text: '', fieldsJson: '', ...document }]])
  const winners: Winners = { ranked: [hit], winners: [hit], coverage: {} as Winners['coverage'], documents }
  const asked: { pairs: PairsToScore; leftMs: number }[] = []
  const score = async (pairs: PairsToScore, { deadline }: RequestContext) => {
    asked.push({ pairs, leftMs: deadline.remainingMs })
    return { scores: pairs.texts.map(() => ({ score: 1, truncated: false })), scored: pairs.texts.length }
  }
  const { outcome } = await rerank(
    winners,
    { input, cursor: undefined, reranker, inWindow: true, scores: { score } },
    context,
  )
  return { outcome, ...asked[0]! }
}

describe('the stage that reranks', () => {
  it('pairs the query with title and text, or with title and the passage that scored', async () => {
    const whole = await askedFor({ title: 'Sky', text: 'The sun. 🌞 shines. More.', passage: undefined })
    assert.deepEqual(whole.pairs, {
      modelDigest: model.digest,
      query: 'stars',
      texts: ['Sky The sun. 🌞 shines. More.'],
    })
    const part = await askedFor({ title: 'Sky', text: 'The sun. 🌞 shines. More.', passage: { begin: 9, end: 18 } })
    assert.deepEqual(part.pairs.texts, ['Sky 🌞 shines.'])
  })

  it('sends no more of a text than the model can read, whole characters of it, and counts it as cut', async () => {
    const { pairs, outcome } = await askedFor({ text: `a${'🌞'.repeat(1_000)}`, passage: undefined })
    assert.deepEqual([pairs.texts[0]!.length, pairs.texts[0]!.isWellFormed(), outcome.truncated], [1_023, true, 1])
  })

  const within = (ms: number) => quietContext(Deadline.after(ms, { clock: new VirtualClock() }))

  it('has the time that the search gives it, and leaves some for the answer', async () => {
    const leftMs = async (timeoutMs: number | undefined, ms: number) =>
      (await askedFor({ text: 'sun', passage: undefined }, { model, candidates: 5, timeoutMs }, within(ms))).leftMs
    assert.deepEqual(
      [await leftMs(300, 10_000), await leftMs(undefined, 10_000), await leftMs(20_000, 1_000)],
      [300, 9_800, 900],
    )
  })

  it('is left its time by the shards: as much as it may take, half of all at most, a quarter where nothing is said', () => {
    const leftMs = (timeoutMs: number | undefined, inWindow = true) =>
      beforeRerank(within(1_000), { inWindow }, { model, candidates: 5, timeoutMs }).deadline.remainingMs
    assert.deepEqual([leftMs(200), leftMs(800), leftMs(undefined), leftMs(200, false)], [800, 500, 750, 1_000])
  })
})
