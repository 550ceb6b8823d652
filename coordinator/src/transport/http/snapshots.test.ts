import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { post, put, request, startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

describe('snapshots over HTTP', () => {
  let coordinator: TestCoordinator
  let indexes: string

  beforeEach(async () => {
    coordinator = await startTestCoordinator({ servers: 2 })
    indexes = `${coordinator.url}/v1/indexes`
    await post(indexes, { name: 'papers', shards: 2 })
    await put(`${indexes}/papers/documents?wait_for=searchable`, [
      { id: 'a', text: 'stars' },
      { id: 'b', text: 'stars moon' },
    ])
    await eventually(async () => (await request(`${indexes}/papers`)).json.documents === 2)
  })

  afterEach(() => coordinator.stop())

  async function idsOf(index: string): Promise<string[]> {
    const { status, json } = await post(`${indexes}/${index}/search`, { query: 'stars', k: 10 })
    assert.equal(status, 200, JSON.stringify(json))
    return json.hits.map(({ id }: { id: string }) => id).sort()
  }

  it('are taken, restored after more writes, and rolled back from', async () => {
    const taken = await post(`${indexes}/papers/snapshots`, { name: 'monday' })
    assert.deepEqual([taken.status, taken.json.documents, taken.json.index], [201, 2, 'papers'])
    await put(`${indexes}/papers/documents`, [
      { id: 'c', text: 'stars' },
      { id: 'a', _op: 'delete' },
    ])
    await eventually(async () => (await idsOf('papers')).join() === 'b,c')
    const restored = await post(`${indexes}/papers/snapshots/monday/restore`, {})
    assert.deepEqual([restored.status, restored.json.generation, restored.json.names], [200, 2, ['papers']])
    assert.deepEqual(await idsOf('papers'), ['a', 'b'])
    await put(`${indexes}/papers/documents`, [{ id: 'd', text: 'stars' }])
    await eventually(async () => (await idsOf('papers')).join() === 'a,b,d')
    assert.equal((await post(`${indexes}/papers/verify`, {})).json.problems.length, 0)
    assert.equal((await post(`${indexes}/papers/rollback`, {})).status, 200)
    await eventually(async () => (await idsOf('papers')).join() === 'b,c,d')
  })

  it('become clones that are written to alone and keep their origin from being deleted', async () => {
    const clone = await post(`${indexes}/papers/clone`, { name: 'copy' })
    assert.deepEqual([clone.status, clone.json.documents], [201, 2])
    await put(`${indexes}/copy/documents`, [{ id: 'c', text: 'stars' }])
    await eventually(async () => (await idsOf('copy')).join() === 'a,b,c')
    assert.deepEqual(await idsOf('papers'), ['a', 'b'])
    const refused = await request(`${indexes}/papers`, { method: 'DELETE' })
    assert.deepEqual([refused.status, refused.json.code], [409, 'index_in_use'])
    assert.equal((await request(`${indexes}/copy`, { method: 'DELETE' })).status, 204)
    assert.equal((await request(`${indexes}/papers`, { method: 'DELETE' })).status, 204)
  })

  it('are listed and deleted, and unknown ones are refused', async () => {
    await post(`${indexes}/papers/snapshots`, { name: 'monday' })
    const again = await post(`${indexes}/papers/snapshots`, { name: 'monday' })
    assert.deepEqual([again.status, again.json.code], [409, 'snapshot_exists'])
    const { json } = await request(`${indexes}/papers/snapshots`)
    assert.deepEqual(
      json.snapshots.map(({ name }: { name: string }) => name),
      ['monday'],
    )
    const one = `${indexes}/papers/snapshots/monday`
    assert.equal((await request(one, { method: 'DELETE' })).status, 204)
    for (const answer of [await request(one, { method: 'DELETE' }), await post(`${one}/restore`, {})]) {
      assert.deepEqual([answer.status, answer.json.code], [404, 'snapshot_not_found'])
    }
  })
})
