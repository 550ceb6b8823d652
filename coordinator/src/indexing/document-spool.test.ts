import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '@hypershard/common'
import { createDirectoryStore, type ObjectStore } from '@hypershard/segments'
import { lineBytesMax } from './check-document.ts'
import type { CheckedDocument } from './document-sink.ts'
import { DocumentSpool } from './document-spool.ts'

const document = (id: string, text = 'words'): CheckedDocument => ({ id, title: '', text, fields: '{}' })

describe('DocumentSpool', () => {
  let directory: string
  let store: ObjectStore
  let spool: DocumentSpool

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-spool-'))
    store = await createDirectoryStore(directory)
    spool = await DocumentSpool.create(store, 2, { documentsMax: 3, idBytesMax: 10 })
  })

  afterEach(async () => {
    await spool.close()
    await rm(directory, { recursive: true, force: true })
  })

  async function readAll(): Promise<CheckedDocument[]> {
    await spool.flush()
    const read: CheckedDocument[] = []
    for await (const each of spool.read(Deadline.after(5_000))) read.push(each)
    return read
  }

  it('gives each id once, as its last line has it, and leaves no file behind', async () => {
    for (const [id, text] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ] as const)
      await spool.add(document(id, text))
    assert.deepEqual(await readAll(), [document('b', '2'), document('a', '3')])
    assert.deepEqual([spool.documents, spool.superseded], [2, 1])
    assert.deepEqual(await readdir(await store.stagingDirectory()), [])
  })

  it('gives back the largest document, whatever takes the most bytes to write', async () => {
    const largest = document('a', '\u0001'.repeat(lineBytesMax - 3))
    await spool.add(largest)
    assert.deepEqual(await readAll(), [largest])
  })

  const tooMany = [
    { what: 'documents', ids: ['a', 'b', 'c', 'd'], says: /at most 3 documents/ },
    { what: 'bytes of ids', ids: ['éé', 'ééé', 'é'], says: /at most 10 bytes of ids/ },
  ]
  for (const { what, ids, says } of tooMany) {
    it(`takes ids that repeat, and refuses too many ${what}`, async () => {
      const last = ids.pop()!
      for (const id of [...ids, ...ids]) await spool.add(document(id))
      await assert.rejects(spool.add(document(last)), { code: 'request_too_large', message: says })
    })
  }
})
