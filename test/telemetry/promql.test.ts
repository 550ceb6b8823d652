import assert from 'node:assert/strict'
import { factsOf, fillIn } from './promql.ts'

const known = new Map([
  ['cups_total', ['kind']],
  ['sip_seconds_bucket', ['kind', 'le']],
  ['warmth', []],
  ['up', []],
])

describe('the facts of a query', () => {
  const good: [string, string[]][] = [
    ['cups_total', ['kind', 'job', 'instance']],
    ['sum(rate(cups_total{kind=~"g.*"}[5m]))', []],
    ['sum by (kind, job) (rate(cups_total[5m])) > 0', ['kind', 'job']],
    ['sum without (instance) (cups_total)', ['kind', 'job']],
    ['histogram_quantile(0.99, sum by (le, kind) (rate(sip_seconds_bucket[5m])))', ['kind']],
    ['1 - sum by (job) (up) / count by (job) (up)', ['job']],
    ['cups_total * on (instance) group_left () warmth', ['kind', 'job', 'instance']],
    ['warmth / on (instance) up', ['instance']],
    ['cups_total unless on (instance) warmth == 1', ['kind', 'job', 'instance']],
    ['time() - max_over_time(warmth[1h:1m])', ['job', 'instance']],
    ['absent(up{job="tea"}) or warmth', ['job', 'instance']],
    ['topk(3, sum by (kind) (cups_total))', ['kind']],
  ]
  for (const [query, labels] of good) {
    it(`finds nothing wrong with ${query}`, () => {
      const { problems, labels: has } = factsOf(query, known)
      assert.deepEqual({ problems, labels: has }, { problems: [], labels })
    })
  }

  const bad: [string, RegExp][] = [
    ['sum(rate(cups_total[5m])', /cannot be parsed/],
    ['cups', /nothing is called cups/],
    ['cups_total{sort="green"}', /cups_total has no label sort/],
    ['sum by (sort) (cups_total)', /nothing has the label sort there/],
    ['sum by (kind) (sum by (job) (cups_total))', /nothing has the label kind there/],
    ['histogram_quantile(0.99, sum by (kind) (rate(sip_seconds_bucket[5m])))', /needs buckets/],
    ['cups_total / on (kind) up', /nothing has the label kind there/],
  ]
  for (const [query, problem] of bad) {
    it(`says what is wrong with ${query}`, () => assert.match(factsOf(query, known).problems.join(), problem))
  }

  it('tell which values of labels it wants', () => {
    assert.deepEqual(factsOf('cups_total{kind=~"green|black", job=~"tea.+"}', known).wanted, [
      { series: 'cups_total', label: 'kind', values: ['green', 'black'] },
      { series: 'cups_total', label: 'job', values: [] },
    ])
  })

  it('are of what Grafana fills in', () => {
    assert.equal(fillIn('rate(x[$__rate_interval])', '2m'), 'rate(x[2m])')
  })
})
