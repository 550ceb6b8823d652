import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import type { ObjectStore } from '../../store/object-store.ts'
import type { GenerationRecord } from './generation-record.ts'
import {
  changeGenerationState,
  type GenerationState,
  isWorkedOn,
  rateLimit,
  readGenerationState,
} from './generation-state.ts'

const build = { index: 'papers', generation: 2 }

describe('the state of a generation', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  it('is live for the first, and being built for a later one, before anything is changed', async () => {
    const phases = await Promise.all(
      [1, 2].map(generation => readGenerationState(store, { index: 'papers', generation })),
    )
    assert.deepEqual(
      phases.map(({ phase, version }) => [phase, version]),
      [
        ['live', 0],
        ['building', 0],
      ],
    )
  })

  it('has every change, whoever else changes something at the same time', async () => {
    const changes = [
      { paused: true },
      { documentsPerSecondMax: 9 },
      { searchP99MsMax: 80 },
      { slowedToDocumentsPerSecond: 3 },
    ]
    await Promise.all(changes.map(change => changeGenerationState(store, build, () => change)))
    const { version, paused, documentsPerSecondMax, searchP99MsMax, slowedToDocumentsPerSecond } =
      await readGenerationState(store, build)
    assert.deepEqual(
      [version, paused, documentsPerSecondMax, searchP99MsMax, slowedToDocumentsPerSecond],
      [4, true, 9, 80, 3],
    )
  })

  it('stays when a change is decided against', async () => {
    const before = await changeGenerationState(store, build, () => ({ paused: true }))
    assert.deepEqual(await changeGenerationState(store, build, () => undefined), before)
    assert.equal((await readGenerationState(store, build)).version, 1)
  })

  const state = (change: Partial<GenerationState>) => ({ ...change }) as GenerationState

  it('holds a build to the lower of two limits, and to none without', () => {
    const limitOf = (documentsPerSecondMax: number | null, slowedToDocumentsPerSecond: number | null) =>
      rateLimit(state({ documentsPerSecondMax, slowedToDocumentsPerSecond }))
    assert.deepEqual(
      [limitOf(9, 3), limitOf(3, 9), limitOf(9, null), limitOf(null, 3), limitOf(null, null)],
      [3, 3, 9, 3, null],
    )
  })

  it('lets indexers work on what is live or built, but not on what is being restored', () => {
    const built = { source: null }
    const restored = { source: { restored: {} } } as unknown as GenerationRecord
    const worked = (generation: Pick<GenerationRecord, 'source'>) =>
      (['building', 'live', 'cancelled', 'dropped'] as const).filter(phase => isWorkedOn(generation, state({ phase })))
    assert.deepEqual(worked(built), ['building', 'live'])
    assert.deepEqual(worked(restored), ['live'])
  })
})
