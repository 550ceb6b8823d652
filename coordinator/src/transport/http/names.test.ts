import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { createIndex, deleteIndex, readIndex } from '@hypershard/storage'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('names over HTTP', () => {
  let coordinator: TestCoordinator
  let url: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator()
    url = coordinator.url
    await create('nm')
    await write('nm', 'first')
    await change({ add: { alias: 'live', index: 'nm' } })
  })

  afterEach(() => coordinator.stop())

  const create = (name: string) => post(`${url}/v1/indexes`, { name })
  const write = (index: string, id: string) => put(`${url}/v1/indexes/${index}/documents`, [{ id, text: 'stars' }])
  const change = (...actions: object[]) => post(`${url}/v1/aliases`, { actions })
  const aliases = async () => (await request(`${url}/v1/aliases`)).json.aliases
  const remove = (index: string, query = '') => request(`${url}/v1/indexes/${index}${query}`, { method: 'DELETE' })
  const search = (name: string) => post(`${url}/v1/indexes/${name}/search`, { query: 'stars' })
  const found = async (name: string) => (await search(name)).json.hits.map(({ id }: { id: string }) => id).sort()

  /** An index that goes without its aliases, as a coordinator of before would delete it. */
  async function loseIndex(name: string): Promise<void> {
    await deleteIndex(coordinator.store, name)
    await eventually(async () => (await request(`${url}/v1/indexes/${name}`)).status === 404)
  }

  async function restore(query: string) {
    await post(`${url}/v1/indexes/nm/snapshots`, { name: 'monday' })
    await write('nm', 'second')
    return post(`${url}/v1/indexes/nm/snapshots/monday/restore${query}`, {})
  }

  it('of an index that is restored move alone: an alias stands for the build it stood for', async () => {
    const { json } = await restore('')
    assert.deepEqual(json.names, ['nm'])
    assert.deepEqual([await found('nm'), await found('live')], [['first'], ['first', 'second']])
  })

  it('move together when a restore, a rollback or a promotion is told so, in one step', async () => {
    const { json: restored } = await restore('?move_aliases=true')
    assert.deepEqual([restored.generation, restored.names], [2, ['live', 'nm']])
    assert.deepEqual([await found('nm'), await found('live')], [['first'], ['first']])
    const { json: back } = await post(`${url}/v1/indexes/nm/rollback?move_aliases=true`, {})
    assert.deepEqual([back.generation, back.names], [1, ['live', 'nm']])
    const { json: promoted } = await post(`${url}/v1/indexes/nm/generations/2/promote?move_aliases=true`, {})
    assert.deepEqual([promoted.generation, promoted.names], [2, ['live', 'nm']])
    const [{ actions }] = (await request(`${url}/v1/aliases/history`)).json.versions
    assert.equal(actions.length, 2)
  }).timeout(30_000)

  it('keep their index from being deleted, which says which they are', async () => {
    const { status, json } = await remove('nm')
    assert.deepEqual([status, json.code, json.details.aliases], [409, 'index_in_use', ['live']])
    assert.match(json.detail, /`live` stands for.*\?aliases=delete/)
    assert.deepEqual(await found('live'), ['first'])
    await change({ remove: { alias: 'live' } })
    assert.equal((await remove('nm')).status, 204)
  })

  it('go with their index when that is asked for, and a later index of its name inherits none', async () => {
    await restore('')
    assert.equal((await remove('nm', '?aliases=delete')).status, 204)
    assert.deepEqual(await aliases(), [])
    assert.equal((await create('nm')).json.generation, 1)
    assert.deepEqual(await aliases(), [])
    assert.deepEqual((await request(`${url}/v1/indexes/nm/snapshots`)).json.snapshots, [])
    assert.equal((await create('live')).status, 201)
  })

  it('that lead nowhere say so in the list and to whoever searches', async () => {
    await loseIndex('nm')
    const [listed] = await aliases()
    assert.deepEqual([listed.alias, listed.index], ['live', 'nm'])
    assert.match(listed.problem, /index `nm` is gone; move the alias or remove it/)
    const { status, json } = await search('live')
    assert.deepEqual(
      [status, json.code, json.details],
      [404, 'index_not_found', { index: 'live', alias: 'live', target: 'nm' }],
    )
    assert.match(json.detail, /alias `live` stands for index `nm` .* is gone; move the alias/)
    assert.deepEqual((await create('live')).json.code, 'index_exists')
  })

  it('that lead nowhere can be moved, and removed', async () => {
    await create('other')
    await loseIndex('nm')
    assert.equal((await change({ add: { alias: 'live', index: 'other' } })).status, 200)
    assert.equal((await aliases())[0].problem, null)
    await loseIndex('other')
    assert.equal((await change({ remove: { alias: 'live' } })).status, 200)
    assert.equal((await create('live')).status, 201)
  })

  it('do not stand for a later index of the name that theirs had', async () => {
    await loseIndex('nm')
    assert.equal((await create('nm')).status, 201)
    assert.match((await aliases())[0].problem, /is gone/)
    assert.equal((await search('live')).status, 404)
    assert.equal((await change({ add: { alias: 'live', index: 'nm' } })).status, 200)
    assert.equal((await search('live')).status, 200)
  })

  it('are looked for in the store: what another coordinator just made is seen', async () => {
    const { model, vectorWidth } = await readIndex(coordinator.store, 'nm')
    await createIndex(coordinator.store, { name: 'elsewhere', model, vectorWidth, shards: 1, replicas: 1 })
    const { json } = await change({ add: { alias: 'elsewhere', index: 'nm' } })
    assert.equal(json.code, 'index_exists')
    const second = await startTestCoordinator({ storeDirectory: coordinator.storeDirectory, indexer: false })
    try {
      await change({ add: { alias: 'fresh', index: 'nm' } })
      assert.equal((await post(`${second.url}/v1/indexes`, { name: 'fresh' })).json.code, 'index_exists')
      const cloned = await post(`${second.url}/v1/indexes/nm/clone`, { name: 'fresh' })
      assert.equal(cloned.json.code, 'index_exists')
    } finally {
      await second.stop()
    }
  })

  it('are never both when two coordinators take one at the same time', async () => {
    const second = await startTestCoordinator({ storeDirectory: coordinator.storeDirectory, indexer: false })
    try {
      for (let turn = 0; turn < 5; turn++) {
        const name = `both-${turn}`
        const answers = await Promise.all([
          post(`${second.url}/v1/indexes`, { name }),
          change({ add: { alias: name, index: 'nm' } }),
        ])
        assert.ok(answers.filter(({ status }) => status < 300).length < 2, name)
      }
      const names = (await request(`${second.url}/v1/indexes`)).json.indexes.map(({ name }: { name: string }) => name)
      for (const { alias } of await aliases()) assert.ok(!names.includes(alias), alias)
    } finally {
      await second.stop()
    }
  }).timeout(30_000)

  it('of an alias are no index to delete', async () => {
    const { status, json } = await remove('live')
    assert.deepEqual([status, json.code], [404, 'index_not_found'])
    assert.match(json.detail, /`live` is an alias of index `nm`, not an index; remove the alias/)
  })
})
