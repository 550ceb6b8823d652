import assert from 'node:assert/strict'
import { Deadline, HypershardError, type RequestContext } from '@hypershard/common'
import { captureLog, quietContext, VirtualClock } from '@hypershard/harness'
import { SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import { tokenStatesDigest } from '@hypershard/qnet'
import type { Manifest } from '@hypershard/storage'
import { createTestIndex, putTestDocuments, testDocuments } from '../testing/test-index.ts'
import { createTestStore } from '../testing/test-shard-server.ts'
import { WarmUp } from './warm-up.ts'

const width = 16

describe('a shard server that has loaded its first shards', () => {
  let root: Awaited<ReturnType<typeof createTestStore>>
  let manifest: Manifest
  let clock: VirtualClock
  let requests: SearchShardsRequest[]
  let contexts: RequestContext[]
  let beforeAnswer: (context: RequestContext) => Promise<void>
  let logged: ReturnType<typeof captureLog>
  let warmUp: WarmUp

  beforeEach(async () => {
    root = await createTestStore()
    const empty = await createTestIndex(root.store, { name: 'a', width, shards: 4 })
    manifest = await putTestDocuments(root.store, empty, testDocuments(20, width))
    clock = new VirtualClock()
    requests = []
    contexts = []
    beforeAnswer = async () => undefined
    logged = captureLog('debug')
    warmUp = new WarmUp(async (request, context) => {
      requests.push(request)
      contexts.push(context)
      await beforeAnswer(context)
    }, logged.log)
  })

  afterEach(() => root.remove())

  const run = (shards: number[], of = manifest) => {
    const context = quietContext(Deadline.after(600_000, { clock }))
    return clock.play(warmUp.run(of, shards, context))
  }

  it('searches two of them in every plan, with a query that the model could have made', async () => {
    await run([1, 2, 3])
    assert.deepEqual(requests[0]!.shards, [1, 2])
    assert.equal(requests[0]!.manifest!.version, manifest.version)
    const counts = Map.groupBy(requests, ({ plan }) => plan)
    const plans = ['AUTO', 'TANGENT', 'GRAPH', 'EXACT'] as const
    for (const plan of plans) assert.equal(counts.get(SearchPlan[`SEARCH_PLAN_${plan}`])?.length, 3, plan)
    assert.equal(requests.length, 12)
    const { digest, modelDigest, tokens, states } = requests[0]!.tokenStates!
    assert.deepEqual(
      [modelDigest, tokenStatesDigest(modelDigest, { tokens, width }, states)],
      [manifest.modelDigest, digest],
    )
  })

  it('does so once a model', async () => {
    await run([])
    assert.equal(requests.length, 0)
    await run([1])
    await run([2])
    assert.equal(requests.length, 12)
    await run([1], { ...manifest, modelDigest: 'ef'.repeat(32) })
    assert.equal(requests.length, 24)
  })

  it('takes a second at most, and after the first search a tenth each', async () => {
    beforeAnswer = ({ deadline }) => clock.pause(Math.min(300, deadline.remainingMs))
    await run([1])
    assert.equal(clock.monotonicMs(), 1_000)
    assert.equal(requests.length, 8)
  })

  it('stops at a failure, which it says once at debug: the shards are loaded all the same', async () => {
    beforeAnswer = async () => {
      throw new HypershardError('model_not_found', 'no hyper-head here')
    }
    await run([1])
    assert.equal(requests.length, 1)
    const [line, ...more] = logged.lines
    assert.deepEqual([line!.level, line!.msg, (line!.err as Error).message], [20, 'warmed up', 'no hyper-head here'])
    assert.deepEqual(more, [])
  })
})
