import assert from 'node:assert/strict'
import { metricName, parseMetric } from './metric.ts'

describe('the name of a metric', () => {
  for (const { text, name } of [
    { text: 'nDCG@10', name: 'nDCG@10' },
    { text: 'ndcg@1000000', name: 'nDCG@1000000' },
    { text: 'MRR@7', name: 'MRR@7' },
    { text: 'map', name: 'MAP' },
    { text: 'MAP@100', name: 'MAP@100' },
    { text: 'RECALL@050', name: 'Recall@50' },
  ]) {
    it(`${text} is read as ${name}`, () => assert.equal(metricName(parseMetric(text)), name))
  }

  for (const text of ['', 'P@10', 'nDCG@', 'nDCG@0', 'nDCG@1.5', 'nDCG@-1', 'nDCG 10', 'nDCG@1000001', 'nDCG@10@10']) {
    it(`\`${text}\` is refused with those that there are`, () => {
      assert.throws(() => parseMetric(text), {
        code: 'invalid_request',
        message: /^unknown metric .*expected nDCG, MRR, MAP or Recall, .*such as nDCG@10$/,
      })
    })
  }
})
