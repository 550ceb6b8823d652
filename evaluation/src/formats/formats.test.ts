import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { keepRankOrder } from '../runs/keep-rank-order.ts'
import { trecOrder } from '../runs/run.ts'
import { beirFiles, countMissingDocuments, readBeirFolder } from './beir-folder.ts'
import { readJudgements, readQueries, readRun, writeRun } from './read-files.ts'

const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(text => /^[^\s\ufeff]+$/u.test(text))
const score = fc.double({ noNaN: true, noDefaultInfinity: true })

describe('evaluation files', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-formats-'))
    path = join(folder, 'file')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('hold a run that is read as it was written', async () => {
    const hits = fc.uniqueArray(fc.record({ id, score }), { selector: hit => hit.id, minLength: 1, maxLength: 8 })
    const query = id.filter(text => !text.startsWith('#'))
    const runs = fc.uniqueArray(fc.tuple(query, hits), { selector: ([query]) => query, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(runs, async lists => {
        const run = new Map(lists.map(([query, found]) => [query, trecOrder(found)]))
        await writeRun(path, run, 'hypershard')
        const plain = (given: Awaited<ReturnType<typeof readRun>>['run']) =>
          [...given].map(([query, found]) => [query, found.map(hit => [hit.id, hit.score + 0])])
        assert.deepEqual(plain((await readRun(path)).run), plain(run))
      }),
      { numRuns: 60 },
    )
  })

  it('hold a run whose order is that of the answer, ties and all', async () => {
    const answer = [5, 5, 5, 4.5, null, null].map((value, at) => ({ id: `d${at}`, score: value }))
    await writeRun(path, new Map([['q', keepRankOrder(answer)]]), 'hypershard')
    const { run: read } = await readRun(path)
    assert.deepEqual(
      read.get('q')?.map(hit => hit.id),
      answer.map(hit => hit.id),
    )
    assert.match(await readFile(path, 'utf8'), /^q Q0 d0 1 5 hypershard\nq Q0 d1 2 4\.99\d+ hypershard\n/)
  })

  it('hold no run with an id that has white space', async () => {
    const run = new Map([['q', [{ id: 'my notes.md', score: 1 }]]])
    await assert.rejects(writeRun(path, run, 'hypershard'), { code: 'invalid_request', message: /`my notes\.md`/ })
  })

  it('cannot be written where there is no folder', async () => {
    await assert.rejects(writeRun(join(folder, 'none', 'run'), new Map(), 'hypershard'), {
      code: 'invalid_request',
      message: /^cannot write .*ENOENT/,
    })
  })

  for (const { title, text } of [
    { title: 'BEIR JSONL', text: '{"_id":"q1","text":"one"}\n{"_id":"q2","text":"two","metadata":{}}\n' },
    { title: 'JSONL with `id`', text: '{"id":"q1","text":"one"}\n{"id":"q2","text":"two"}' },
    { title: 'TSV', text: 'q1\tone\nq2\ttwo\n' },
    { title: 'TSV from Windows', text: '\ufeffq1\tone\r\n\r\nq2\ttwo\r\n' },
  ]) {
    it(`give queries as ${title}`, async () => {
      await writeFile(path, text)
      assert.deepEqual(Object.fromEntries((await readQueries(path)).queries), { q1: 'one', q2: 'two' })
    })
  }

  for (const { title, text } of [
    { title: 'TREC columns', text: 'q1 0 d1 2\nq1 0 d2 0\nq2 Q0 d1 -1\n' },
    { title: 'TREC columns with tabs', text: 'q1\t0\td1\t2\nq1\t0\td2\t0\n\nq2\t0\td1\t-1\n' },
    { title: 'BEIR TSV', text: 'query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t-1\n' },
    {
      title: 'BEIR TSV from Windows',
      text: '\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t2\r\nq1\td2\t0\r\nq2\td1\t-1',
    },
  ]) {
    it(`give judgements as ${title}`, async () => {
      await writeFile(path, text)
      const { judgements: read } = await readJudgements(path)
      const judgements = [...read].map(([query, grades]) => [query, Object.fromEntries(grades)])
      assert.deepEqual(judgements, [
        ['q1', { d1: 2, d2: 0 }],
        ['q2', { d1: -1 }],
      ])
    })
  }

  const ofTwo = [
    ['q1', { d1: 2, d2: 0 }],
    ['q2', { d1: -1 }],
  ]
  const none = { blankLines: 0, comments: 0, duplicates: 0, gradesNormalised: 0, gradesBelowZero: 1 }
  for (const { title, text, counted } of [
    {
      title: 'comments of four words and more, blank lines, white space at ends',
      text: '# Robust track 2004\nq1 0 d1 2  \r\n  # pooled to depth 100\r\n \t\r\nq1 0 d2 0\t\n#\nq2 0 d1 -1\n\n',
      counted: { comments: 3, blankLines: 2 },
    },
    {
      title: 'grades with a point, exact duplicates',
      text: 'q1 0 d1 2.0\nq1 0 d2 0\nq1 0 d1 2\nq2 0 d1 -1.\nq2 0 d1 -1\n',
      counted: { gradesNormalised: 2, duplicates: 2 },
    },
    {
      title: 'a comment before the header of BEIR',
      text: '\ufeff# of monday\r\nquery-id\tcorpus-id\tscore\r\nq1\td1\t2\t\r\nq1\td2\t0\r\nq2\td1\t-1.0',
      counted: { comments: 1, gradesNormalised: 1 },
    },
    { title: 'a header with spaces', text: 'query-id corpus-id score\nq1 d1 2\nq1  d2 0\nq2\td1 -1\n', counted: {} },
    { title: 'gzip', text: gzipSync('# x\nq1 0 d1 2\nq1 0 d2 0\nq2 0 d1 -1\n'), counted: { comments: 1 } },
    { title: 'zstd', text: zstdCompressSync('\ufeffq1 0 d1 2\nq1 0 d2 0\nq2 0 d1 -1\n'), counted: {} },
  ]) {
    it(`give judgements, and tell what was not taken word for word: ${title}`, async () => {
      await writeFile(path, text)
      const { judgements, facts } = await readJudgements(path)
      const plain = [...judgements].map(([query, grades]) => [query, Object.fromEntries(grades)])
      assert.deepEqual(plain, ofTwo)
      assert.deepEqual(facts, { path, ...none, ...counted })
    })
  }

  it('give queries and runs with comments and exact duplicates, counted', async () => {
    await writeFile(path, '# asked in may\nq1\tone\n\nq1\tone\n#q7\tseven\n')
    const { queries, facts } = await readQueries(path)
    assert.deepEqual(Object.fromEntries(queries), { q1: 'one' })
    assert.deepEqual([facts.comments, facts.blankLines, facts.duplicates], [2, 1, 1])
    await writeFile(path, '# bm25, k1 0.9, by anserini\nq1 Q0 d1 1 2.0 t\nq1 Q0 d1 9 2 other\n')
    const { run, facts: ofRun } = await readRun(path)
    assert.deepEqual(run.get('q1'), [{ id: 'd1', score: 2 }])
    assert.deepEqual([ofRun.comments, ofRun.duplicates], [1, 1])
  })

  it('give expressions as they stand, beside their JSON text', async () => {
    const any = { any: ['one', { text: 'two', weight: 2 }] }
    await writeFile(path, `${JSON.stringify({ _id: 'q1', query: any })}\n{"_id":"q2","query":"two","pieces":[]}\n`)
    const { queries, expressions } = await readQueries(path)
    assert.deepEqual(Object.fromEntries(queries), { q1: JSON.stringify(any), q2: 'two' })
    assert.deepEqual(Object.fromEntries(expressions), { q1: any })
  })

  it('hold no run with a query that would be read as a comment', async () => {
    await assert.rejects(writeRun(path, new Map([['#1', []]]), 'x'), {
      code: 'invalid_request',
      message: /begins with #/,
    })
  })

  it('of a BEIR folder may be packed', async () => {
    await mkdir(join(folder, 'qrels'))
    await writeFile(join(folder, 'corpus.jsonl.gz'), gzipSync('{"_id":"d1","text":"x"}\n'))
    await writeFile(join(folder, 'queries.jsonl.zst'), zstdCompressSync('\ufeff{"_id":"q1","text":"one"}\n'))
    await writeFile(join(folder, 'qrels', 'dev.tsv.gz'), gzipSync('query-id\tcorpus-id\tscore\nq1\td2\t1\n'))
    const { queries, judgements } = await readBeirFolder(folder, 'dev')
    assert.deepEqual([queries.get('q1'), judgements.get('q1')?.get('d2')], ['one', 1])
    const { corpusPath } = beirFiles(folder, 'dev')
    assert.deepEqual(await countMissingDocuments(corpusPath, judgements), { documents: 1, missing: 1 })
  })

  it('may have document ids with spaces in BEIR TSV', async () => {
    await writeFile(path, 'query-id\tcorpus-id\tscore\nq 1\tmy notes.md\t1\n')
    assert.equal((await readJudgements(path)).judgements.get('q 1')?.get('my notes.md'), 1)
  })

  it('in a BEIR folder belong together, and a corpus is compared with the judgements', async () => {
    await mkdir(join(folder, 'qrels'))
    const { corpusPath, queriesPath, judgementsPath } = beirFiles(folder, 'dev')
    await writeFile(corpusPath, '{"_id":"d1","text":"x"}\n{"_id":"d3","text":"y"}\n')
    await writeFile(queriesPath, '{"_id":"q1","text":"one"}\n')
    await writeFile(judgementsPath, 'query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t1\nq2\td2\t1\n')
    const { queries, judgements } = await readBeirFolder(folder, 'dev')
    assert.deepEqual([queries.size, judgements.size], [1, 2])
    assert.deepEqual(await countMissingDocuments(corpusPath, judgements), { documents: 2, missing: 1 })
  })

  for (const { title, read, text, line, problem } of [
    {
      title: 'JSONL that turns into something else',
      read: readQueries,
      text: '{"_id":"1","text":"a"}\n2\tb',
      line: 2,
      problem: /not JSON/,
    },
    { title: 'a query without text', read: readQueries, text: '{"_id":"1"}', line: 1, problem: /expected `\{"_id"/ },
    {
      title: 'a query id that is a number',
      read: readQueries,
      text: '{"_id":1,"text":"a"}',
      line: 1,
      problem: /two strings/,
    },
    { title: 'a query without an id', read: readQueries, text: '\ta\n', line: 1, problem: /no id/ },
    {
      title: 'a query line without a tab',
      read: readQueries,
      text: '1\ta\n\n2 b\n',
      line: 3,
      problem: /a tab and the text/,
    },
    {
      title: 'a query that has two texts',
      read: readQueries,
      text: '# of monday\n1\ta\n1\tb\n',
      line: 3,
      problem: /`1` has another text than in line 2/,
    },
    {
      title: 'three columns without a header',
      read: readJudgements,
      text: 'q1\td1\t1\n',
      line: 1,
      problem: /four columns .*header/,
    },
    { title: 'five columns', read: readJudgements, text: 'q1 0 d1 1\nq1 0 d 2 1\n', line: 2, problem: /four columns/ },
    {
      title: 'a grade that is no number',
      read: readJudgements,
      text: 'q1 0 d1 yes\n',
      line: 1,
      problem: /`yes` is no whole number/,
    },
    {
      title: 'a grade with a fraction',
      read: readJudgements,
      text: 'q1 0 d1 0.5\n',
      line: 1,
      problem: /no whole number/,
    },
    {
      title: 'a document that has two grades',
      read: readJudgements,
      text: 'q1 0 d1 1\n\nq1 0 d2 1\nq1 0 d1 2.0\n',
      line: 4,
      problem: /`d1` has for query `q1` grade 1 in line 1 and 2 here; keep one/,
    },
    {
      title: 'two columns under a header with spaces',
      read: readJudgements,
      text: 'query-id corpus-id score\nq1 d1\n',
      line: 2,
      problem: /three columns, separated as in the header/,
    },
    {
      title: 'a heading without the mark of a comment',
      read: readJudgements,
      text: 'q1 0 d1 1\nRobust track, later judgements\n',
      line: 2,
      problem: /`judgements` is no whole number/,
    },
    {
      title: 'two columns under the header',
      read: readJudgements,
      text: 'query-id\tcorpus-id\tscore\nq1\td1\n',
      line: 2,
      problem: /three columns/,
    },
    {
      title: 'an empty column',
      read: readJudgements,
      text: 'query-id\tcorpus-id\tscore\nq1\t\t1\n',
      line: 2,
      problem: /three columns/,
    },
    { title: 'a run of five columns', read: readRun, text: 'q1 Q0 d1 1 0.5\n', line: 1, problem: /six columns/ },
    {
      title: 'a score that is no number',
      read: readRun,
      text: 'q1 Q0 d1 1 NaN t\n',
      line: 1,
      problem: /`NaN` is no decimal/,
    },
    { title: 'a hexadecimal score', read: readRun, text: 'q1 Q0 d1 1 0x10 t\n', line: 1, problem: /no decimal/ },
    {
      title: 'a hit that has two scores',
      read: readRun,
      text: 'q1 Q0 d1 1 2 t\nq1 Q0 d1 2 1 t\n',
      line: 2,
      problem: /`d1` has for query `q1` score 2 in line 1 and 1 here/,
    },
    {
      title: 'bytes that are not UTF-8',
      read: readQueries,
      text: Buffer.from('31096109310a32ff096209', 'hex'),
      line: 2,
      problem: /not UTF-8/,
    },
    {
      title: 'a line that is too long',
      read: readRun,
      text: `q1 Q0 d1 1 2 t\n${'x'.repeat(9_000)}\n`,
      line: 2,
      problem: /longer than 8192 characters/,
    },
    {
      title: 'a file that is one line',
      read: readRun,
      text: 'x'.repeat(3_000_000),
      line: 1,
      problem: /is this the right file/,
    },
  ]) {
    it(`are refused, with file and line, for ${title}`, async () => {
      await writeFile(path, text)
      await assert.rejects(read(path), (error: Error & { code: string }) => {
        assert.equal(error.code, 'invalid_request')
        assert(error.message.startsWith(`${path}, line ${line}: `), error.message)
        assert.match(error.message, problem)
        return true
      })
    })
  }

  for (const { title, document, problem } of [
    { title: 'no JSON', document: 'd1', problem: /not a JSON object/ },
    { title: 'without an id', document: '{}', problem: /no `_id`/ },
    { title: 'nothing', document: 'null', problem: /not a JSON object/ },
  ]) {
    it(`tell of a corpus line that is ${title}`, async () => {
      await writeFile(path, `{"_id":"d1"}\n${document}\n`)
      await assert.rejects(countMissingDocuments(path, new Map()), { code: 'invalid_request', message: problem })
    })
  }

  it('that are not there are said to be so', async () => {
    for (const place of [join(folder, 'none'), folder]) {
      await assert.rejects(readRun(place), { code: 'invalid_request', message: /^cannot read .*(ENOENT|EISDIR)/ })
    }
  })

  it('are read line by line whatever their length, and lines are counted over chunks', async () => {
    const lines = Array.from({ length: 80_000 }, (_, at) => `q${at % 100} Q0 größe-${at} 1 ${at} tag`)
    await writeFile(path, `${lines.join('\n')}\nbad line\n`)
    await assert.rejects(readRun(path), { message: /, line 80001: expected six columns/ })
    await writeFile(path, lines.join('\n'))
    const { run } = await readRun(path)
    assert.deepEqual([run.size, run.get('q7')?.length, run.get('q7')?.[0]?.id], [100, 800, 'größe-79907'])
  })
})
