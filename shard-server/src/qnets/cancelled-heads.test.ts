import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline, HypershardError, silentLogger } from '@hypershard/common'
import { pseudoRandomTensor, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import type { TokenStates } from '@hypershard/proto/qnet'
import { encodeTokenStates, tokenStatesDigest } from '@hypershard/qnet'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { HeadMessage, HeadThreadData, MadeQNet } from './head-thread.ts'
import { QueryCache } from './query-cache.ts'

const [width] = tinyArchitecture.vectorDimensions as [number]
const tokens = 5

describe('a q-net that nobody waits for any more', () => {
  let directory: string
  let modelDigest: string
  let thread: ThreadCalls<HeadMessage, MadeQNet>

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-heads-'))
    const model = await writeTinyModel(directory, { qnet: tinyArchitecture })
    modelDigest = model.digest
    thread = new ThreadCalls({
      name: 'head',
      file: new URL('./head-thread.ts', import.meta.url),
      log: silentLogger(),
      onDeath: error => assert.fail(error),
      workerData: {
        models: [model.path],
        storeRoot: join(directory, 'store'),
        threads: 1,
        exchange: undefined,
      } satisfies HeadThreadData,
    })
  })

  after(async () => {
    await thread.close()
    await rm(directory, { recursive: true })
  })

  function statesOf(seed: number): TokenStates {
    const states = Buffer.from(encodeTokenStates(pseudoRandomTensor(seed, tokens * width, 1), width))
    return { digest: tokenStatesDigest(modelDigest, { tokens, width }, states), modelDigest, tokens, width, states }
  }

  function callOf(seed: number) {
    const { digest, states } = statesOf(seed)
    const request = { modelDigest, digest, shape: { tokens, width }, states, into: undefined, share: false }
    return thread.call(call => ({ call, ...request }))
  }

  it('is not made, and those before and after it in the queue are', async () => {
    // The model is there from now on, so that what comes is made at its turn.
    await callOf(1).answer
    const calls = [2, 3, 4].map(callOf)
    thread.post({ cancel: calls[1]!.call })
    const settled = await Promise.allSettled(calls.map(({ answer }) => answer))
    assert.deepEqual(
      settled.map(result => (result.status === 'fulfilled' ? 'made' : (result.reason as HypershardError).code)),
      ['made', 'cancelled', 'made'],
    )
    thread.post({ cancel: calls[0]!.call })
    assert.ok((await callOf(2).answer).headMs > 0)
  })

  describe('is given up', () => {
    let posted: HeadMessage[]
    let calls: PromiseWithResolvers<MadeQNet>[]
    let cache: QueryCache

    beforeEach(() => {
      posted = []
      calls = []
      cache = new QueryCache({
        call: () => {
          const made = Promise.withResolvers<MadeQNet>()
          calls.push(made)
          return { call: calls.length, answer: made.promise }
        },
        post: message => void posted.push(message),
      })
    })

    function taker() {
      const caller = new AbortController()
      const taken = cache.take(undefined, statesOf(1), Deadline.after(3_600_000, { signal: caller.signal }))
      taken.catch(() => undefined)
      return { taken, leave: () => caller.abort() }
    }

    const made: MadeQNet = {
      architecture: tinyArchitecture,
      weights: new Uint8Array(4),
      headMs: 1,
      wasRead: false,
      sharingLost: undefined,
    }

    it('only when the last who waits has gone', async () => {
      const [one, other] = [taker(), taker()]
      one.leave()
      await assert.rejects(one.taken, { code: 'cancelled' })
      assert.deepEqual(posted, [])
      calls[0]!.resolve(made)
      assert.equal((await other.taken).headMs, 1)
      assert.deepEqual(posted, [], 'what is made is not given up')
      assert.equal(calls.length, 1)
    })

    it('and made anew for who comes then', async () => {
      const one = taker()
      one.leave()
      await assert.rejects(one.taken, { code: 'cancelled' })
      assert.deepEqual(posted, [{ cancel: 1 }])
      const next = taker()
      calls[0]!.reject(new HypershardError('cancelled', 'nobody waits'))
      const beside = taker()
      calls[1]!.resolve(made)
      assert.equal((await next.taken).headMs, 1)
      assert.equal((await beside.taken).headMs, 1)
      assert.equal(calls.length, 2)
    })
  })
})
