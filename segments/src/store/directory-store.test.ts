import assert from 'node:assert/strict'
import { type FileHandle, mkdir, open, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '@hypershard/common'
import { mountSmallDisk, type SmallDisk } from '../testing/small-disk.ts'
import { createTemporaryStore, type TemporaryStore } from '../testing/temporary-store.ts'
import { createDirectoryStore } from './directory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { stagingIdleMsMax } from './sweep-staging.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

async function textOf(store: ObjectStore, key: string): Promise<string | undefined> {
  const bytes = await store.get(key)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

describe('the directory store', () => {
  let temporary: TemporaryStore
  let store: ObjectStore

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    store = temporary.store
  })

  afterEach(() => temporary.remove())

  it('gives back what was put, and the newest after a replacement', async () => {
    await store.put('a/b.json', bytesOf('old'))
    await store.put('a/b.json', bytesOf('new'))
    assert.equal(await textOf(store, 'a/b.json'), 'new')
  })

  it('has nothing under keys that were not put, also below a file', async () => {
    await store.put('a/b', bytesOf('file'))
    for (const key of ['c', 'a/c', 'a/b/c']) {
      assert.equal(await store.get(key), undefined)
      assert.equal(await store.openRange(key), undefined)
      await store.delete(key)
    }
    assert.deepEqual(await store.list('d/'), [])
    assert.deepEqual(await store.listFolders('d/'), [])
  })

  it('lets exactly one of many creators win, and the object is the winner’s', async () => {
    const creations = Array.from({ length: 20 }, (_, writer) => store.putIfAbsent('m/1', bytesOf(`writer ${writer}`)))
    const outcomes = await Promise.allSettled(creations)
    const winners = outcomes.flatMap(({ status }, writer) => (status === 'fulfilled' ? [writer] : []))
    assert.equal(winners.length, 1)
    assert.equal(await textOf(store, 'm/1'), `writer ${winners[0]}`)
    const losers = outcomes.filter(outcome => outcome.status === 'rejected')
    assert(losers.every(({ reason }) => reason.code === 'conflict'))
  })

  it('shows readers the old object or the new one, never a mixture', async () => {
    const versions = ['a'.repeat(100_000), 'b'.repeat(300_000)]
    await store.put('k', bytesOf(versions[0]!))
    const writes = (async () => {
      for (let turn = 0; turn < 20; turn++) await store.put('k', bytesOf(versions[turn % 2]!))
    })()
    for (let turn = 0; turn < 50; turn++) assert(versions.includes((await textOf(store, 'k'))!))
    await writes
  })

  it('moves files in, also over one with the same key', async () => {
    for (const round of ['first', 'second']) {
      const path = join(await store.stagingDirectory(), round)
      await writeFile(path, 'content')
      await store.putFile('s/file', path)
      assert.equal(await textOf(store, 's/file'), 'content')
    }
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })

  it('lists keys at any depth in order, folders by name, and never its own staging', async () => {
    await writeFile(join(await store.stagingDirectory(), 'half'), '')
    for (const key of ['b/2', 'b/10', 'a', 'b/c/d']) await store.put(key, bytesOf(key))
    assert.deepEqual(await store.list(''), ['a', 'b/10', 'b/2', 'b/c/d'])
    assert.deepEqual(await store.list('b/'), ['b/10', 'b/2', 'b/c/d'])
    assert.deepEqual(await store.listFolders(''), ['b'])
    assert.deepEqual(await store.listFolders('b/'), ['c'])
  })

  it('deletes one object, or everything under a folder and nothing beside it', async () => {
    for (const key of ['a/1', 'a/2', 'ab/1', 'a/c/3']) await store.put(key, bytesOf(key))
    await store.delete('a/1')
    assert.deepEqual(await store.list(''), ['a/2', 'a/c/3', 'ab/1'])
    await store.deletePrefix('a/')
    await store.deletePrefix('a/')
    assert.deepEqual(await store.list(''), ['ab/1'])
  })

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

  it('reads ranges of a file, many at once', async () => {
    const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)
    await store.put('big', content)
    const range = (await store.openRange('big'))!
    const places = [
      [0, 1000],
      [999, 1],
      [1000, 0],
      [10, 500],
    ] as const
    const parts = await Promise.all(places.map(([offset, length]) => range.read(offset, length)))
    const bytes = range.bytes
    await range.close()
    assert.equal(bytes, 1000)
    places.forEach(([offset, length], index) => {
      assert.deepEqual(parts[index], content.slice(offset, offset + length))
    })
  })

  it('says so when a file becomes shorter while it is read', async () => {
    await store.put('big', new Uint8Array(100))
    const range = (await store.openRange('big'))!
    await truncate(join(temporary.root, 'big'), 50)
    await assert.rejects(range.read(0, 100), { code: 'storage_failed', message: /big ends at byte 50/ })
    await range.close()
  })

  const badKeys = ['', '/etc/passwd', '../a', 'a/../b', 'a//b', 'a/', '.staging/x', 'a/.b', 'a\\b', 'a b', 'ä', 'a\0']
  for (const key of badKeys) {
    it(`takes ${JSON.stringify(key)} for a defect`, async () => {
      await assert.rejects(async () => store.put(key, bytesOf('x')), { code: 'ERR_ASSERTION' })
      await assert.rejects(async () => store.get(key), { code: 'ERR_ASSERTION' })
    })
  }

  it('never deletes the whole store', async () => {
    await assert.rejects(store.deletePrefix(''), { code: 'ERR_ASSERTION' })
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

describe('the directory store on a disk that cannot sync folders', () => {
  let temporary: TemporaryStore
  let mend: () => void

  beforeEach(async () => {
    temporary = await createTemporaryStore()
    const handle = await open(temporary.root, 'r')
    const handles = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    const { sync } = handles
    handles.sync = async function (this: FileHandle) {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error('EIO: told to fail'), { code: 'EIO' })
      return sync.call(this)
    }
    mend = () => {
      handles.sync = sync
    }
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
