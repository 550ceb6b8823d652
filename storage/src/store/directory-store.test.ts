import assert from 'node:assert/strict'
import { type FileHandle, mkdir, open, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '@hypershard/common'
import { createTemporaryStore, mountSmallDisk, type SmallDisk, type TemporaryStore } from '@hypershard/harness/stores'
import { bytesOf, describeObjectStore, textOf } from '../testing/object-store-contract.ts'
import { createDirectoryStore } from './directory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { stagingIdleMsMax } from './sweep-staging.ts'

describe('the directory store', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  describeObjectStore(() => store)

  it('writes into a folder that is being deleted all the time', async () => {
    let writing = true
    const deletions = (async () => {
      while (writing) await store.deletePrefix('busy/').then(() => setTimeout(1))
    })()
    try {
      for (let turn = 0; turn < 20; turn++) await store.put(`busy/deep/${turn}`, bytesOf('x'))
    } finally {
      writing = false
      await deletions
    }
  })

  it('says so when a file becomes shorter while it is read', async () => {
    await store.put('big', new Uint8Array(100))
    const range = (await store.openRange('big'))!
    await truncate(join(temporary.root, 'big'), 50)
    await assert.rejects(range.read(0, 100), { code: 'storage_failed', message: /big ends at byte 50/ })
    await range.close()
  })

  it('sweeps what a killed writer left an hour ago, and nothing younger', async () => {
    const staging = await store.stagingDirectory()
    for (const folder of ['old', 'live']) await mkdir(join(staging, folder))
    for (const file of ['old/vectors', 'live/vectors', 'old.tmp', 'young.tmp'])
      await writeFile(join(staging, file), 'x')
    const longAgo = new Date(Date.now() - stagingIdleMsMax - 60_000)
    for (const name of ['old/vectors', 'old', 'live', 'old.tmp']) await utimes(join(staging, name), longAgo, longAgo)
    await createDirectoryStore(temporary.root)
    assert.deepEqual((await readdir(staging)).sort(), ['live', 'young.tmp'])
    const later = { ...systemClock, now: () => Date.now() + stagingIdleMsMax + 60_000 }
    await createDirectoryStore(temporary.root, { clock: later })
    assert.deepEqual(await readdir(staging), [])
  })

  it('fails with the key and the reason when the system refuses', async () => {
    await store.put('a/b', bytesOf('a file where a folder should be'))
    await assert.rejects(store.put('a/b/c', bytesOf('x')), { code: 'storage_failed', message: /^writing a\/b\/c: E/ })
    await mkdir(join(temporary.root, 'folder'))
    await assert.rejects(store.get('folder'), { code: 'storage_failed', message: /^reading folder: EISDIR/ })
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })
})

/** Has every sync of a file or folder do something else, until the returned function is called. */
async function replaceSync(root: string, sync: (handle: FileHandle, real: () => Promise<void>) => Promise<void>) {
  const handle = await open(root, 'r')
  const handles = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { sync: real } = handles
  handles.sync = function (this: FileHandle) {
    return sync(this, () => real.call(this))
  }
  return () => {
    handles.sync = real
  }
}

describe('what the directory store has synced when a write returns', () => {
  let temporary: TemporaryStore
  let mend: () => void
  let synced: Set<number>

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    synced = new Set()
    mend = await replaceSync(temporary.root, async (handle, real) => {
      synced.add((await handle.stat()).ino)
      await real()
    })
  })

  afterEach(async () => {
    mend()
    await temporary.remove()
  })

  /** Those of the paths below the root that were synced since this was last asked. */
  async function syncedOf(...paths: string[]): Promise<string[]> {
    const found: string[] = []
    for (const path of paths) if (synced.has((await stat(join(temporary.root, path))).ino)) found.push(path)
    synced.clear()
    return found
  }

  const writes = {
    put: (key: string) => temporary.store.put(key, bytesOf('x')),
    putIfAbsent: (key: string) => temporary.store.putIfAbsent(key, bytesOf('x')),
    putFile: async (key: string) => {
      const path = join(await temporary.store.stagingDirectory(), 'local')
      await writeFile(path, 'x')
      await temporary.store.putFile(key, path)
    },
  }
  for (const [name, write] of Object.entries(writes)) {
    it(`${name}: the object, its folder, new folders above it and the one that has those, and no more`, async () => {
      await write('a/b/c/k')
      const all = ['.', 'a', 'a/b', 'a/b/c', 'a/b/c/k']
      assert.deepEqual(await syncedOf(...all), all)
      await write('a/b/d/k')
      assert.deepEqual(await syncedOf('.', 'a', 'a/b', 'a/b/d', 'a/b/d/k'), ['a/b', 'a/b/d', 'a/b/d/k'])
      await write('a/b/d/l')
      assert.deepEqual(await syncedOf('.', 'a', 'a/b', 'a/b/d', 'a/b/d/l'), ['a/b/d', 'a/b/d/l'])
    })
  }

  it('delete: the folder that had the object', async () => {
    await writes.put('a/b/k')
    synced.clear()
    await temporary.store.delete('a/b/k')
    assert.deepEqual(await syncedOf('.', 'a', 'a/b'), ['a/b'])
  })

  it('deletePrefix: the folder that had the folder', async () => {
    await writes.put('a/b/k')
    synced.clear()
    await temporary.store.deletePrefix('a/b/')
    assert.deepEqual(await syncedOf('.', 'a'), ['a'])
  })
})

describe('the directory store on a disk that cannot sync folders', () => {
  let temporary: TemporaryStore
  let mend: () => void

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    mend = await replaceSync(temporary.root, async (handle, real) => {
      if ((await handle.stat()).isDirectory()) throw Object.assign(new Error('EIO: told to fail'), { code: 'EIO' })
      await real()
    })
  })

  afterEach(async () => {
    mend()
    await temporary.remove()
  })

  it('takes an object back that it must say it could not create, so that it can be created again', async () => {
    const { store } = temporary
    await assert.rejects(store.putIfAbsent('a/k', bytesOf('x')), { code: 'storage_failed' })
    assert.deepEqual(await store.list(''), [])
    mend()
    await store.putIfAbsent('a/k', bytesOf('y'))
    assert.equal(await textOf(store, 'a/k'), 'y')
  })
})

describe('the directory store on a full disk', () => {
  let disk: SmallDisk | undefined

  beforeEach(async function () {
    disk = await mountSmallDisk(64)
    if (disk === undefined) this.skip()
  })

  afterEach(() => disk?.remove())

  it('says that it is full, keeps the old object, and leaves no temporary file', async () => {
    const store = await createDirectoryStore(disk!.path)
    await store.put('k', bytesOf('old'))
    const tooMuch = new Uint8Array(200 * 1024)
    await assert.rejects(store.put('k', tooMuch), { code: 'storage_full', message: /^writing k: no space left/ })
    await assert.rejects(store.putIfAbsent('l', tooMuch), { code: 'storage_full' })
    assert.equal(await readFile(join(disk!.path, 'k'), 'utf8'), 'old')
    assert.deepEqual(await store.list(''), ['k'])
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })
})
