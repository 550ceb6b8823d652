import assert from 'node:assert/strict'
import { runCommand } from '@hypershard/cli/testing'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, madeUpText, type TestCluster } from '@hypershard/harness/cluster'

/** Two generations' worth of documents, so that something is merged, moved, counted and waited for. */
const documents = madeUpDocuments(400)
const wordsOfQuery = 3

/**
 * What a cluster lives through in a day, in a minute: writes good and bad, searches by every plan, with filters, from the
 * cache and for nothing, another model, and a shard server that is killed.
 * @param scraped settles when every process was asked for its metrics once more
 */
export class ScriptedRun {
  readonly #cluster: TestCluster
  readonly #scraped: () => Promise<void>
  #queries = 0

  constructor(cluster: TestCluster, scraped: () => Promise<void>) {
    this.#cluster = cluster
    this.#scraped = scraped
  }

  async all(): Promise<void> {
    await this.#write()
    await this.#searchAndWrite()
    await this.#fail()
    await this.#reindex()
    await this.#freezeServer()
    await this.#loseServer()
    // Rates need two scrapes of everything, and what each counts must grow between them.
    for (let round = 0; round < 3; round++) {
      await this.#searchAndWrite()
      await this.#scraped()
    }
  }

  async #write(): Promise<void> {
    const index = { name: 'papers', shards: 4, replicas: 2, model: 'first', fields: { number: { type: 'number' } } }
    const { status, body } = await this.#cluster.request('POST', '/v1/indexes', index)
    assert.equal(status, 201, JSON.stringify(body))
    for (let at = 0; at < documents.length; at += 100) {
      const put = await this.#cluster.put('papers', documents.slice(at, at + 100))
      assert.equal(put.status, 200, JSON.stringify(put.body))
    }
    await this.#scraped()
  }

  async #searchAndWrite(): Promise<void> {
    for (const plan of ['auto', 'exact', 'tangent', 'graph']) {
      await this.#search({ plan })
      await this.#search({ plan, filter: { field: 'number', gte: this.#queries } })
    }
    const again = { cache: true }
    await this.#search(again, 'the same again')
    await this.#search(again, 'the same again')
    await this.#cluster.put('papers', [{ id: `new-${this.#queries}`, text: madeUpText(this.#queries, 9), number: 1 }])
    await this.#cluster.put('papers', [{ id: 'bad', number: 'no number' }])
  }

  async #search(options: object, query = madeUpText(++this.#queries + 10_000, wordsOfQuery)): Promise<void> {
    const { status, body } = await this.#cluster.search('papers', query, options)
    assert.equal(status, 200, JSON.stringify(body))
  }

  async #fail(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      assert.equal((await this.#cluster.search('nothing', 'of the kind')).status, 404)
      assert.ok((await this.#cluster.search('papers', 'too short a time', { timeout_ms: 1 })).status >= 500)
      await this.#scraped()
    }
  }

  async #reindex(): Promise<void> {
    const words = ['--url', this.#cluster.cluster.httpUrl, 'reindex', 'papers', '--model', 'second']
    const { exitCode, stderr } = await runCommand(words)
    assert.equal(exitCode, 0, stderr)
  }

  /** What only it holds is missing from an answer that may lack it. */
  async #freezeServer(): Promise<void> {
    await this.#cluster.request('POST', '/v1/indexes', { name: 'once', shards: 4, replicas: 1, model: 'first' })
    await this.#cluster.put('once', documents.slice(0, 40))
    const server = this.#cluster.process('shard-2')
    server.kill('SIGSTOP')
    const { status, body } = await this.#cluster.search('once', 'what is there', { min_coverage: 0, timeout_ms: 2_000 })
    server.kill('SIGCONT')
    assert.equal(status, 200)
    assert.ok(body.coverage.missing.length > 0)
  }

  /** Its searches go elsewhere; it comes back by itself. */
  async #loseServer(): Promise<void> {
    const before = this.#cluster.process('shard-2').pid
    this.#cluster.process('shard-2').kill('SIGKILL')
    for (let search = 0; search < 10; search++) await this.#search({ plan: 'exact' })
    await eventually(() => {
      const { pid } = this.#cluster.process('shard-2')
      return pid !== undefined && pid !== before
    })
  }
}
