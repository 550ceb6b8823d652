import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { parseJudgements, parseQueries } from '@hypershard/evaluation/browser'
import { textBytesMax } from './limits.ts'
import { chosenFile, pastedText } from './text-source.ts'

const fileOf = (bytes: Uint8Array | string, name = 'given') => new File([bytes as BlobPart], name)

describe('texts that are given to the evaluation page', () => {
  const qrels = 'q1 0 d1 2\nq1 0 d2 0\n'
  for (const { title, source } of [
    { title: 'pasted', source: () => pastedText(qrels, 'pasted') },
    { title: 'of a file', source: () => chosenFile(fileOf(qrels)) },
    { title: 'of a file from Windows', source: () => chosenFile(fileOf(`\ufeff${qrels.replaceAll('\n', '\r\n')}`)) },
    { title: 'packed with gzip', source: () => chosenFile(fileOf(gzipSync(`\ufeff${qrels}`), 'qrels.gz')) },
  ]) {
    it(`are read ${title}`, async () => {
      const { judgements } = await parseJudgements(source())
      assert.deepEqual(
        [...judgements].map(([query, grades]) => [query, [...grades]]),
        [
          [
            'q1',
            [
              ['d1', 2],
              ['d2', 0],
            ],
          ],
        ],
      )
    })
  }

  it('keep their name and their lines in what is wrong with them', async () => {
    await assert.rejects(
      parseQueries(chosenFile(fileOf('q1\tone\nbroken\n', 'mine.tsv'))),
      /^HypershardError: mine\.tsv, line 2: /,
    )
    await assert.rejects(parseQueries(chosenFile(fileOf(new Uint8Array([0x71, 0xff, 0x0a]), 'mine.tsv'))), /not UTF-8/)
  })

  for (const { title, bytes, message } of [
    { title: 'zstd', bytes: new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), message: /is packed with zstd; / },
    { title: 'a zip archive', bytes: new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), message: /is a zip archive; / },
    {
      title: 'gzip that is cut off',
      bytes: gzipSync(qrels.repeat(99)).subarray(0, -12),
      message: /cut off or damaged/,
    },
  ]) {
    it(`are refused as ${title}`, async () => {
      await assert.rejects(parseJudgements(chosenFile(fileOf(bytes))), { name: 'UnreadableText', message })
    })
  }

  it('are refused beyond the size that a page holds, before all is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(textBytesMax + 1, `#${' '.repeat(999)}\n`))
    assert(bomb.length < 1024 * 1024)
    await assert.rejects(parseJudgements(chosenFile(fileOf(bomb))), { name: 'UnreadableText', message: /64 MiB/ })
  })
})
