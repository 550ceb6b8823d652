import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { openTextFile, readTextFile } from './open-text-file.ts'

const long = Buffer.from(Array.from({ length: 60_000 }, (_, at) => `line ${at} ${Math.sin(at)}\n`).join(''))
const packers = { gzip: gzipSync, zstd: zstdCompressSync, brotli: brotliCompressSync }

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]) {
  for (let from = 0, at = 0; from < bytes.length; at++) {
    const size = sizes[at % sizes.length]!
    yield bytes.subarray(from, from + size)
    from += size
  }
}

async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

describe('text files', () => {
  let folder: string
  const at = (name: string) => join(folder, name)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-text-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  for (const { name, bytes } of [
    { name: 'a.jsonl', bytes: long },
    { name: 'a.jsonl.gz', bytes: gzipSync(long) },
    { name: 'a.jsonl.zst', bytes: zstdCompressSync(long) },
    { name: 'a.jsonl.br', bytes: brotliCompressSync(long) },
    { name: 'gzip-without-its-extension', bytes: gzipSync(long) },
    { name: 'plain-text.gz', bytes: long },
  ]) {
    it(`are read as they were before they were packed: ${name}`, async () => {
      await writeFile(at(name), bytes)
      const file = openTextFile(at(name))
      assert.equal(await textOf(file.bytes), long.toString())
      assert.equal(file.bytesRead(), bytes.length)
    })
  }

  it('may be of several packed parts, however the bytes come in chunks', async () => {
    const parts = fc.array(fc.string({ minLength: 1, maxLength: 3_000 }), { minLength: 1, maxLength: 5 })
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(parts, sizes, fc.constantFrom('gzip', 'zstd'), async (texts, chunks, kind) => {
        const bytes = Buffer.concat(texts.map(text => packers[kind](`x${text}`)))
        const { bytes: read } = readTextFile(inChunks(bytes, chunks), 'standard input')
        assert.equal(await textOf(read), Buffer.from(texts.map(text => `x${text}`).join('')).toString())
      }),
      { numRuns: 100 },
    )
  })

  it('are read to the end where zstd frames are to be skipped', async () => {
    const skipped = Buffer.from('502a4d1803000000ffffff', 'hex')
    const bytes = Buffer.concat([skipped, zstdCompressSync('one'), skipped, zstdCompressSync(' two')])
    assert.equal(await textOf(readTextFile(inChunks(bytes, [5]), 'x').bytes), 'one two')
  })

  for (const [kind, pack] of Object.entries(packers)) {
    it(`lose a byte order mark at the beginning alone, plain or packed with ${kind}`, async () => {
      const marked = Buffer.from('\ufeffone\n\ufefftwo\n')
      for (const bytes of [marked, pack(marked)]) {
        const name = kind === 'brotli' && bytes !== marked ? 'x.br' : 'x'
        assert.equal(await textOf(readTextFile(inChunks(bytes, [1]), name).bytes), 'one\n\ufefftwo\n')
      }
    })
  }

  const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)
  const torn = (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === bytes.length >> 1 ? ~byte : byte)))
  // As the `zstd` command does.
  const checked = (bytes: Buffer) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
  for (const { title, name, bytes, says } of [
    { title: 'cut off', name: 'a.gz', bytes: cut(gzipSync(long)), says: /a\.gz: the compressed file is cut off/ },
    { title: 'cut off', name: 'a.zst', bytes: cut(zstdCompressSync(long)), says: /a\.zst: .* is cut off/ },
    { title: 'cut off', name: 'a.br', bytes: cut(brotliCompressSync(long)), says: /a\.br: .* is cut off/ },
    { title: 'cut off before its first byte', name: 'a.gz', bytes: Buffer.of(), says: /is cut off/ },
    { title: 'cut off in its mark', name: 'a.zst', bytes: Buffer.from('28b5', 'hex'), says: /is cut off/ },
    { title: 'damaged', name: 'a.gz', bytes: torn(gzipSync(long)), says: /file is damaged \(/ },
    { title: 'damaged', name: 'a.zst', bytes: torn(checked(long)), says: /file is damaged \(/ },
    { title: 'no brotli', name: 'a.br', bytes: Buffer.from('{"_id":"a"}\n'), says: /file is damaged \(/ },
    {
      title: 'followed by something else',
      name: 'a.zst',
      bytes: Buffer.concat([zstdCompressSync('one'), Buffer.from('{"_id":1}')]),
      says: /file is damaged \(/,
    },
    {
      title: 'a zip archive',
      name: 'a.jsonl',
      bytes: Buffer.from('504b030414000000', 'hex'),
      says: /it is a zip archive; unpack it/,
    },
    { title: 'UTF-16 with a mark', name: 'a', bytes: Buffer.from('\ufeff{}', 'utf16le'), says: /UTF-16.*iconv/ },
    { title: 'UTF-16 without one', name: 'a', bytes: Buffer.from('{"_id"', 'utf16le'), says: /UTF-16.*iconv/ },
    {
      title: 'UTF-16 of the other order, packed',
      name: 'a.gz',
      bytes: gzipSync(Buffer.from('\ufeff{}', 'utf16le').swap16()),
      says: /UTF-16.*iconv/,
    },
  ]) {
    it(`say so when they are ${title}: ${name}`, async () => {
      await writeFile(at(name), bytes)
      await assert.rejects(textOf(openTextFile(at(name)).bytes), { code: 'invalid_request', message: says })
    })
  }

  it('say so when they are not there', async () => {
    await assert.rejects(textOf(openTextFile(at('none')).bytes), {
      message: /^cannot read .*none: there is nothing of that name; .* \(ENOENT\)/,
    })
  })

  it('close what they read from when nobody reads on', async () => {
    let closed = false
    async function* endless() {
      try {
        for (;;) yield gzipSync(long)
      } finally {
        closed = true
      }
    }
    for await (const _ of readTextFile(endless(), 'x').bytes) break
    assert.ok(closed)
  })
})
