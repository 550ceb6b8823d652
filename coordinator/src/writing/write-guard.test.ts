import assert from 'node:assert/strict'
import type { Manifest, ObjectStore, StoreSpace, WriteLog } from '@hypershard/storage'
import { WriteGuard } from './write-guard.ts'

const manifest = { index: 'papers', log: { sequence: 7, parts: 0 } } as Manifest

describe('guarding writes', () => {
  function guardOf(space: StoreSpace | undefined, operations: number) {
    const store = { space: async () => space } as unknown as ObjectStore
    const log = { lagBehind: async () => ({ entries: 1, operations }) } as unknown as WriteLog
    const guard = new WriteGuard(store, { lagMax: 100, freeShareMin: 0.05 })
    return guard.check(log, manifest)
  }

  const roomy = { freeBytes: 500, totalBytes: 1_000 }

  it('takes them up to exactly its bounds', async () => {
    await guardOf({ freeBytes: 50, totalBytes: 1_000 }, 100)
    await guardOf(undefined, 0)
  })

  it('refuses them while too many wait to be indexed', async () => {
    await assert.rejects(guardOf(roomy, 101), { code: 'overloaded', message: /101 documents wait .* more than 100/ })
  })

  it('refuses them once too little of the disk is free', async () => {
    await assert.rejects(guardOf({ freeBytes: 49, totalBytes: 1_000 }, 0), {
      code: 'storage_full',
      message: /49 of 1000 bytes left, less than the 5 %/,
    })
  })
})
