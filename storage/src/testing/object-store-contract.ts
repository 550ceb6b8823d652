import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from '../store/object-store.ts'

export const bytesOf = (text: string) => new TextEncoder().encode(text)

export async function textOf(store: ObjectStore, key: string): Promise<string | undefined> {
  const bytes = await store.get(key)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/**
 * What every object store must do: tests of whatever store is in place when they run.
 * @param current the store, empty, of the test that runs
 */
export function describeObjectStore(current: () => ObjectStore): void {
  it('gives back what was put, and the newest after a replacement', async () => {
    await current().put('a/b.json', bytesOf('old'))
    await current().put('a/b.json', bytesOf('new'))
    assert.equal(await textOf(current(), 'a/b.json'), 'new')
  })

  it('has nothing under keys that were not put, also below a file', async () => {
    await current().put('a/b', bytesOf('file'))
    for (const key of ['c', 'a/c', 'a/b/c']) {
      assert.equal(await current().get(key), undefined)
      assert.equal(await current().openRange(key), undefined)
      await current().delete(key)
    }
    assert.deepEqual(await current().list('d/'), [])
    assert.deepEqual(await current().listFolders('d/'), [])
  })

  it('lets exactly one of many creators win, and the object is the winner’s', async () => {
    const creations = Array.from({ length: 20 }, (_, writer) =>
      current().putIfAbsent('m/1', bytesOf(`writer ${writer}`)),
    )
    const outcomes = await Promise.allSettled(creations)
    const winners = outcomes.flatMap(({ status }, writer) => (status === 'fulfilled' ? [writer] : []))
    assert.equal(winners.length, 1)
    assert.equal(await textOf(current(), 'm/1'), `writer ${winners[0]}`)
    const losers = outcomes.filter(outcome => outcome.status === 'rejected')
    assert(losers.every(({ reason }) => reason.code === 'conflict'))
  })

  it('shows readers the old object or the new one, never a mixture', async () => {
    const versions = ['a'.repeat(100_000), 'b'.repeat(300_000)]
    await current().put('k', bytesOf(versions[0]!))
    const writes = (async () => {
      for (let turn = 0; turn < 20; turn++) await current().put('k', bytesOf(versions[turn % 2]!))
    })()
    for (let turn = 0; turn < 50; turn++) assert(versions.includes((await textOf(current(), 'k'))!))
    await writes
  })

  it('moves files in, also over one with the same key', async () => {
    for (const round of ['first', 'second']) {
      const path = join(await current().stagingDirectory(), round)
      await writeFile(path, 'content')
      await current().putFile('s/file', path)
      assert.equal(await textOf(current(), 's/file'), 'content')
    }
    assert.deepEqual(await readdir(await current().stagingDirectory()), [])
  })

  it('lists keys at any depth in order, folders by name, and never its own staging', async () => {
    await writeFile(join(await current().stagingDirectory(), 'half'), '')
    for (const key of ['b/2', 'b/10', 'a', 'b/c/d']) await current().put(key, bytesOf(key))
    assert.deepEqual(await current().list(''), ['a', 'b/10', 'b/2', 'b/c/d'])
    assert.deepEqual(await current().list('b/'), ['b/10', 'b/2', 'b/c/d'])
    assert.deepEqual(await current().listFolders(''), ['b'])
    assert.deepEqual(await current().listFolders('b/'), ['c'])
  })

  it('deletes one object, or everything under a folder and nothing beside it', async () => {
    for (const key of ['a/1', 'a/2', 'ab/1', 'a/c/3']) await current().put(key, bytesOf(key))
    await current().delete('a/1')
    assert.deepEqual(await current().list(''), ['a/2', 'a/c/3', 'ab/1'])
    await current().deletePrefix('a/')
    await current().deletePrefix('a/')
    assert.deepEqual(await current().list(''), ['ab/1'])
  })

  it('reads ranges of a file, many at once', async () => {
    const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)
    await current().put('big', content)
    const range = (await current().openRange('big'))!
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

  const badKeys = ['', '/etc/passwd', '../a', 'a/../b', 'a//b', 'a/', '.staging/x', 'a/.b', 'a\\b', 'a b', 'ä', 'a\0']
  for (const key of badKeys) {
    it(`takes ${JSON.stringify(key)} for a defect`, async () => {
      await assert.rejects(async () => current().put(key, bytesOf('x')), { code: 'ERR_ASSERTION' })
      await assert.rejects(async () => current().get(key), { code: 'ERR_ASSERTION' })
    })
  }

  it('never deletes the whole store', async () => {
    await assert.rejects(current().deletePrefix(''), { code: 'ERR_ASSERTION' })
  })
}
