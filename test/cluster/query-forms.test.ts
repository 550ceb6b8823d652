import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, madeUpText, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type TinyModel, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'

interface ProfiledAnswer {
  readonly hits: readonly unknown[]
  readonly profile: {
    readonly qnet_bytes: number
    readonly query_form: 'weights' | 'token_states'
    readonly qnet_cached: boolean
    readonly shards: readonly { readonly head_ms: number }[]
  }
}

const width = 96

/** Nobody names a model directory to a shard server here. */
describe('the forms of a query', () => {
  const documents = madeUpDocuments(200)
  let directory: string
  let model: TinyModel
  /** With the default, which measures, and told to send token states. */
  let auto: TestCluster
  let told: TestCluster
  let queries = 500

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-forms-'))
    // Its weights are too large to be sent in any case.
    const qnet = { ...tinyArchitecture, vectorDimensions: [width, width, width, 1] }
    model = await writeTinyModel(directory, { hiddenWidth: width, qnet })
    auto = await start({}, 1)
    told = await start({ HYPERSHARD_QUERY_FORM: 'token_states' }, 2)
  })

  after(async () => {
    await Promise.all([auto, told].map(cluster => cluster?.stop()))
    await rm(directory, { recursive: true })
  })

  async function start(environment: Record<string, string>, shardServers: number): Promise<TestCluster> {
    const cluster = await startTestCluster({ modelDirectories: [model.path], shardServers, environment })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 4 })
    assert.equal((await cluster.put('papers', documents)).body.accepted, documents.length)
    return cluster
  }

  const newText = () => madeUpText(queries++, 6)

  async function ask(cluster: TestCluster, text: string): Promise<ProfiledAnswer> {
    const options = { k: 20, ids_only: true, profile: true }
    const { status, body } = await cluster.search<ProfiledAnswer>('papers', text, options)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  /** The answer to a new query, once that goes as token states. */
  async function untilTokenStates(cluster: TestCluster): Promise<void> {
    await eventually(async () => (await ask(cluster, newText())).profile.query_form === 'token_states')
  }

  it('give the same answers to the bit, and are sent again as a digest', async () => {
    await untilTokenStates(told)
    for (let query = 0; query < 20; query++) {
      const text = newText()
      const answers = []
      for (const cluster of [auto, told]) {
        const first = await ask(cluster, text)
        const again = await ask(cluster, text)
        const { query_form: form, qnet_bytes: bytes, qnet_cached: cached } = first.profile
        if (cluster === told) assert.equal(form, 'token_states')
        assert.equal(cached, false)
        assert.equal(bytes > 64 * 1024, form === 'weights', `${bytes} bytes`)
        assert.ok(again.profile.qnet_bytes < 1_024, `${again.profile.qnet_bytes} bytes`)
        assert.equal(
          first.profile.shards.some(({ head_ms: headMs }) => headMs > 0),
          form === 'token_states',
        )
        assert.deepEqual(again.hits, first.hits)
        answers.push(first.hits)
      }
      assert.deepEqual(answers[1], answers[0])
    }
  })

  it('are both tried where nothing is set', async () => {
    await untilTokenStates(auto)
    const forms = new Set<string>()
    await eventually(async () => forms.add((await ask(auto, newText())).profile.query_form).size === 2)
  })

  for (const harm of ['damaged', 'missing'] as const) {
    it(`are weights while the stored hyper-head is ${harm}, and it is there again after that`, async () => {
      await untilTokenStates(told)
      const folder = join(told.directory, 'data', 'store', 'models', model.digest)
      const name = (await readdir(folder)).find(file => file.endsWith('.safetensors'))!
      const content = await readFile(join(folder, name))
      if (harm === 'damaged') await writeFile(join(folder, name), Buffer.from(content).fill(7, 5_000, 5_004))
      else await rm(folder, { recursive: true })
      const log = join(told.directory, 'data', 'logs', 'coordinator.log')
      const logged = (await readFile(log, 'utf8')).length
      // Killed, since one that drained would leave its shards to the other server, which has the hyper-head.
      told.process('shard-1').kill('SIGKILL')
      await eventually(async () => (await told.search('papers', newText())).status !== 200)
      await eventually(async () => (await told.search('papers', newText())).status === 200)

      const text = newText()
      assert.deepEqual((await ask(told, text)).hits, (await ask(auto, text)).hits)
      await untilTokenStates(told)
      assert.deepEqual(await readFile(join(folder, name)), content)
      const lines = (await readFile(log, 'utf8')).slice(logged)
      assert.match(lines, /no hyper-head of model [0-9a-f]{12} here, send weights/)
      assert.match(lines, harm === 'damaged' ? new RegExp(`${name} is altered`) : /model stored for shard servers/)
    })
  }
})
