import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentBytesMax } from '@hypershard/contract'
import { documentOf, listTextFiles, readFileLine } from './read-folder.ts'

describe('a folder of text files', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-folder-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function put(path: string, content: string | Uint8Array) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), content)
  }

  it('is walked in the order of the paths, for .md and .txt alone', async () => {
    for (const path of ['b.txt', 'a/z.md', 'a/B.TXT', 'a-b.md', 'c.pdf', '.git/x.md', 'a/.hidden.md', 'ä.md', 'z.md']) {
      await put(path, 'x')
    }
    assert.deepEqual(await listTextFiles(folder), ['a-b.md', 'a/B.TXT', 'a/z.md', 'b.txt', 'z.md', 'ä.md'])
  })

  const titles = [
    { title: 'the first heading', file: 'a.md', text: 'before\n\n## Tides ##\n# Later', expected: 'Tides' },
    {
      title: 'the first line where no heading is',
      file: 'a.md',
      text: '\n  Spring tides \nmore',
      expected: 'Spring tides',
    },
    { title: 'the first line of a .txt, headings or not', file: 'a.txt', text: 'One\n# Two', expected: 'One' },
    { title: "the file's name where nothing is", file: 'deep/neap-tides.md', text: ' \n', expected: 'neap-tides' },
    { title: 'no more than 200 characters', file: 'a.txt', text: '🌊'.repeat(300), expected: '🌊'.repeat(200) },
  ]
  const bodies = [
    { why: 'a heading it begins with', text: '\n# Tides\n\nTwice a day.', title: 'Tides', body: 'Twice a day.' },
    { why: 'front matter', text: '---\ntags: [a]\ntitle: "Tides"\n---\n# Sea\nx', title: 'Tides', body: '# Sea\nx' },
    { why: 'front matter without a title', text: '---\ntags: [a]\n---\n# Sea\nx', title: 'Sea', body: 'x' },
  ]
  for (const { why, text, title, body } of bodies) {
    it(`leaves out of the text ${why}`, () => {
      assert.deepEqual(documentOf('a.md', text), { id: 'a.md', title, text: body })
    })
  }

  it('takes a line of dashes elsewhere for text', () => {
    assert.equal(documentOf('a.md', 'x\n---\ny\n---\n').text, 'x\n---\ny\n---\n')
  })

  for (const { title, file, text, expected } of titles) {
    it(`gives as title ${title}`, () => {
      assert.deepEqual(documentOf(file, text), { id: file, title: expected, text })
    })
  }

  it('gives a line of JSON with the whole text and without the byte order mark', async () => {
    await put('a/b.md', '\ufeff# Tides\n\nTwice a day.')
    const line = await readFileLine(folder, 'a/b.md')
    assert.ok(typeof line === 'string')
    assert.deepEqual(JSON.parse(line), { id: 'a/b.md', title: 'Tides', text: 'Twice a day.' })
  })

  const unusable = [
    { title: 'is not UTF-8', content: Buffer.from([0x66, 0xfc, 0x72]), code: 'invalid_request', message: /not UTF-8/ },
    { title: 'is too long', content: 'x'.repeat(documentBytesMax + 1), code: 'request_too_large', message: /split/ },
    {
      title: 'is too long as JSON',
      content: '"'.repeat(documentBytesMax - 9),
      code: 'request_too_large',
      message: /split/,
    },
  ]
  for (const { title, content, code, message } of unusable) {
    it(`says so when a file ${title}`, async () => {
      await put('bad.txt', content)
      const failed = await readFileLine(folder, 'bad.txt')
      assert.ok(typeof failed !== 'string')
      assert.equal(failed.code, code)
      assert.match(failed.message, message)
    })
  }

  it('says so when a file cannot be read', async () => {
    const failed = await readFileLine(folder, 'gone.txt')
    assert.ok(typeof failed !== 'string' && /ENOENT/.test(failed.message))
  })
})
