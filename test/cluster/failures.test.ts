import assert from 'node:assert/strict'
import {
  madeUpDocuments,
  madeUpText,
  type Problem,
  type SearchAnswer,
  startTestCluster,
  type TestCluster,
} from '@hypershard/harness/cluster'

/** What one search under traffic came to. */
interface Outcome {
  status: number
  hits: number
  complete: boolean
  /** The servers that the answer blames. */
  blamed: string[]
}

describe('a cluster whose shard server fails', () => {
  const documents = madeUpDocuments(400)
  let cluster: TestCluster
  let complete: SearchAnswer

  before(async () => {
    cluster = await startTestCluster()
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 4 })
    await cluster.put('papers', documents)
    complete = (await cluster.search('papers', 'query', { k: 20 })).body
    assert.equal(complete.coverage.documents_scored, 400)
  })
  after(() => cluster.stop())

  async function searchOnce(options: object): Promise<Outcome> {
    const asked = { k: 20, timeout_ms: 60_000, ...options }
    const { status, body } = await cluster.search<SearchAnswer & Problem>('papers', 'query', asked)
    const coverage = body.coverage ?? body.details?.coverage
    return {
      status,
      hits: body.hits?.length ?? 0,
      complete: body.coverage?.ratio === 1,
      blamed: coverage?.missing.map(shard => shard.server) ?? [body.details?.server ?? ''],
    }
  }

  /** Searches without a pause until told to stop. */
  function traffic(options: object): { outcomes: readonly Outcome[]; stop: () => Promise<void> } {
    const outcomes: Outcome[] = []
    let going = true
    const workers = Array.from({ length: 3 }, async () => {
      while (going) outcomes.push(await searchOnce(options))
    })
    return {
      outcomes,
      stop: async () => {
        going = false
        await Promise.all(workers)
      },
    }
  }

  /** Mocha's timeout ends what does not come about. */
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 20))
  }

  const untilComplete = () => until(async () => (await searchOnce({})).complete)

  const shardsHeldBy = async (address: string) => {
    const { body } = await cluster.request('GET', '/v1/cluster')
    return JSON.stringify(body).includes(address)
  }

  for (const minCoverage of [1, 0]) {
    const answers = minCoverage === 1 ? 'a 503 that names the shard' : 'partial with its true coverage'
    it(`killed under traffic: every answer is complete or ${answers}, and complete again after the restart`, async () => {
      const victim = cluster.process('shard-1')
      assert(await shardsHeldBy(victim.address))
      const { outcomes, stop } = traffic({ min_coverage: minCoverage })
      await until(() => outcomes.length >= 10)
      victim.kill('SIGKILL')
      // Were the kill not seen, the test would test nothing.
      await until(() => outcomes.some(({ complete }) => !complete))
      await untilComplete()
      const whole = outcomes.length
      await until(() => outcomes.length >= whole + 10)
      await stop()
      for (const outcome of outcomes) {
        if (outcome.complete) {
          assert.deepEqual([outcome.status, outcome.hits, outcome.blamed], [200, 20, []])
          continue
        }
        // A server that dies between its scores and its texts makes a 503 of a partial answer too.
        assert([503, minCoverage === 1 ? 503 : 200].includes(outcome.status), `status ${outcome.status}`)
        assert(outcome.blamed.length > 0, 'an incomplete answer names what is missing')
        for (const server of outcome.blamed) assert.equal(server, victim.address)
      }
      assert.deepEqual((await cluster.search('papers', 'query', { k: 20 })).body.hits, complete.hits)
    })
  }

  it('counts the coverage of a partial answer from the documents that are missing', async () => {
    const victim = cluster.process('shard-2')
    process.kill(victim.pid!, 'SIGSTOP')
    try {
      const { status, body } = await cluster.search('papers', 'query', { k: 400, min_coverage: 0, timeout_ms: 5_000 })
      assert.equal(status, 200)
      const missing = body.coverage.missing.reduce((sum, shard) => sum + shard.documents_missing, 0)
      assert(missing > 0)
      assert.equal(body.coverage.documents_eligible, 400)
      assert.equal(body.coverage.documents_scored, 400 - missing)
      assert.equal(body.hits.length, 400 - missing)
    } finally {
      process.kill(victim.pid!, 'SIGCONT')
    }
    await untilComplete()
  })

  it('frozen instead of killed: the deadline holds, and answers are complete once it thaws', async () => {
    const victim = cluster.process('shard-1')
    let patient: Promise<Outcome> | undefined
    process.kill(victim.pid!, 'SIGSTOP')
    try {
      let patientEnded = false
      patient = searchOnce({ timeout_ms: 100_000 }).finally(() => {
        patientEnded = true
      })
      const first = await searchOnce({ timeout_ms: 800 })
      // Its deadline ended it and nothing else: one that has more time still waits for the server.
      assert.equal(patientEnded, false)
      for (const outcome of [first, await searchOnce({ timeout_ms: 800 }), await searchOnce({ timeout_ms: 800 })]) {
        assert([503, 504].includes(outcome.status), `status ${outcome.status}`)
      }
    } finally {
      process.kill(victim.pid!, 'SIGCONT')
    }
    await patient
    await untilComplete()
  })

  it('answers from the other replica when an index has two', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'twice', shards: 4, replicas: 2 })
    await cluster.put('twice', documents)
    const text = madeUpText(3, 5)
    const { body: expected } = await cluster.search('twice', text)
    const victim = cluster.process('shard-2')
    victim.kill('SIGKILL')
    for (let attempt = 0; attempt < 10; attempt++) {
      const { status, body } = await cluster.search('twice', text)
      assert.equal(status, 200)
      assert.deepEqual(body.hits, expected.hits)
    }
    await untilComplete()
  })

  it('does not wait for a frozen server when another has its shards', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'doubled', shards: 4, replicas: 2 })
    await cluster.put('doubled', documents)
    const { body: expected } = await cluster.search('doubled', 'query')
    const victim = cluster.process('shard-1')
    process.kill(victim.pid!, 'SIGSTOP')
    try {
      // Calls that it has already are made elsewhere when they are late, or when it is seen to be down: long before
      // their deadline, which would be after the end of this test.
      const searches = Array.from({ length: 8 }, () => cluster.search('doubled', 'query', { timeout_ms: 600_000 }))
      for (const { status, body } of await Promise.all(searches)) {
        assert.deepEqual([status, body.coverage.ratio], [200, 1])
        assert.deepEqual(body.hits, expected.hits)
      }
    } finally {
      process.kill(victim.pid!, 'SIGCONT')
    }
    await untilComplete()
  })
})
