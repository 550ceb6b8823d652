import assert from 'node:assert/strict'
import { metricName } from '@hypershard/evaluation'
import { type EvalOptions, planEvaluation } from './plan-evaluation.ts'

const files = { queries: 'q.jsonl', qrels: 'r.qrels' }

describe('the plan of an evaluation', () => {
  it('asks an index for a hundred hits by default', () => {
    const { source, metrics, ...rest } = planEvaluation('papers', files)
    assert.deepEqual(source, {
      kind: 'index',
      index: 'papers',
      limit: 100,
      concurrency: 4,
      allowFailures: false,
      runPath: undefined,
      plan: { plan: 'exact' },
      timeoutMs: undefined,
      join: undefined,
    })
    assert.deepEqual(metrics.map(metricName), ['nDCG@10', 'MRR@10', 'MAP@100', 'Recall@100'])
    assert.deepEqual(rest, {
      judgementsPath: 'r.qrels',
      queriesPath: 'q.jsonl',
      corpusPath: undefined,
      comparison: undefined,
      perQueryPath: undefined,
    })
  })

  it('passes on how documents are to be found', () => {
    const { source } = planEvaluation('papers', { ...files, recall: 0.9, precision: 'int8' })
    assert.deepEqual(source.kind === 'index' && source.plan, { recall: 0.9, precision: 'int8' })
    const other = planEvaluation('papers', { ...files, plan: 'tangent', candidates: 30 }).source
    assert.deepEqual(other.kind === 'index' && other.plan, { plan: 'tangent', candidates: 30 })
  })

  it('judges exact scoring unless another plan is to be judged', () => {
    const { source } = planEvaluation('papers', { ...files, precision: 'int8' })
    assert.deepEqual(source.kind === 'index' && source.plan, { plan: 'exact', precision: 'int8' })
  })

  it('finds the files of a collection', () => {
    const { judgementsPath, queriesPath, corpusPath } = planEvaluation('papers', { data: 'scifact', split: 'dev' })
    assert.deepEqual(
      [judgementsPath, queriesPath, corpusPath],
      ['scifact/qrels/dev.tsv', 'scifact/queries.jsonl', 'scifact/corpus.jsonl'],
    )
  })

  for (const { title, index, options, names } of [
    { title: 'cut at the limit', index: 'i', options: { ...files, limit: 5 }, names: 'nDCG@5 MRR@5 MAP@5 Recall@5' },
    { title: 'whole for a run', options: { fromRun: 'a', qrels: 'r' }, names: 'nDCG@10 MRR@10 MAP Recall@100' },
    { title: 'as asked', index: 'i', options: { ...files, metrics: ['map', 'NDCG@3'] }, names: 'MAP@100 nDCG@3' },
  ] satisfies { title: string; index?: string; options: EvalOptions; names: string }[]) {
    it(`has metrics ${title}`, () => {
      assert.equal(planEvaluation(index, options).metrics.map(metricName).join(' '), names)
    })
  }

  for (const { index, options, message } of [
    { options: files, message: /name an index .*--from-run/ },
    { index: 'i', options: { ...files, fromRun: 'a' }, message: /not both/ },
    { index: 'i', options: {}, message: /--qrels, or .*--data/ },
    { index: 'i', options: { qrels: 'r' }, message: /--queries/ },
    { index: 'i', options: { ...files, data: 'd' }, message: /--data has queries and judgements/ },
    { index: 'i', options: { ...files, split: 'dev' }, message: /--split belongs to --data/ },
    { index: 'i', options: { ...files, seed: 1 }, message: /belong to --compare/ },
    { options: { fromRun: 'a', qrels: 'r', limit: 5 }, message: /leave out --limit/ },
    { options: { fromRun: 'a', qrels: 'r', allowFailures: true }, message: /leave out --allow-failures/ },
    { options: { fromRun: 'a', qrels: 'r', join: 'rank' }, message: /leave out --join/ },
    { index: 'i', options: { ...files, join: 'sum', plan: 'tangent' }, message: /--join sum needs .* all documents/ },
    { index: 'i', options: { ...files, join: 'sum', recall: 0.9 }, message: /--join sum needs .* all documents/ },
    { index: 'i', options: { ...files, metrics: ['P@5'] }, message: /unknown metric `P@5`/ },
    { index: 'i', options: { ...files, metrics: ['Recall@200'] }, message: /Recall@200 needs 200 hits .*--limit/ },
    { index: 'i', options: { ...files, metrics: ['MAP', 'map@100'] }, message: /MAP@100 twice/ },
  ] satisfies { index?: string; options: EvalOptions; message: RegExp }[]) {
    it(`is refused for ${index ?? 'no index'} and ${JSON.stringify(options)}`, () => {
      assert.throws(() => planEvaluation(index, options), { code: 'invalid_request', message })
    })
  }
})
