import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import type { ObjectStore } from '../../store/object-store.ts'
import { createTestIndex } from '../../testing/write-segment.ts'
import type { IndexRecord } from '../index/index-record.ts'
import { aliasHistory, emptyAliasTable, latestAliasTable, newerAliasTable } from './alias-table.ts'
import { changeAliases } from './change-aliases.ts'

describe('the table of aliases', () => {
  let temporary: TemporaryStore
  let store: ObjectStore
  let index: IndexRecord
  const target = (generation: number) => ({ index: 'papers', indexUid: index.uid, generation })

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
    index = await createTestIndex(store)
  })

  afterEach(() => temporary.remove())

  it('is empty at first, and then what the actions made of the one before', async () => {
    assert.equal(await latestAliasTable(store), emptyAliasTable)
    const first = await changeAliases(store, emptyAliasTable, [
      { name: 'live', to: target(1) },
      { name: 'next', to: target(2) },
    ])
    const second = await changeAliases(store, first, [
      { name: 'live', to: target(2) },
      { name: 'next', to: null },
    ])
    assert.deepEqual(second.aliases, { live: target(2) })
    assert.deepEqual(await latestAliasTable(store), second)
    assert.deepEqual(await newerAliasTable(store, emptyAliasTable), second)
    assert.deepEqual(await aliasHistory(store, 10), [second, first])
    assert.deepEqual(await aliasHistory(store, 1), [second])
  })

  it('is changed by one of two who decided on the same table; the other is told', async () => {
    const changes = [1, 2].map(generation =>
      changeAliases(store, emptyAliasTable, [{ name: `live${generation}`, to: target(generation) }]),
    )
    const settled = await Promise.allSettled(changes)
    const [won, lost] = settled.toSorted((a, b) => (a.status < b.status ? -1 : 1))
    assert.equal(won!.status === 'fulfilled' && won!.value.version, 1)
    assert.equal(lost!.status === 'rejected' && lost!.reason.code, 'conflict')
    assert.deepEqual(await latestAliasTable(store), won!.status === 'fulfilled' && won!.value)
  })

  it('counts versions past nine', async () => {
    let table = emptyAliasTable
    for (let version = 1; version <= 11; version++) {
      table = await changeAliases(store, table, [{ name: 'live', to: target(version) }])
    }
    assert.equal((await latestAliasTable(store)).version, 11)
    assert.deepEqual(
      (await aliasHistory(store, 2)).map(({ version }) => version),
      [11, 10],
    )
  })
})
