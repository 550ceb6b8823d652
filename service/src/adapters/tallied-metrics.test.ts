import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import { Counter, Histogram, Registry } from 'prom-client'
import { talliedCounter, talliedHistogram } from './tallied-metrics.ts'

const described = { name: 'hypershard_cups', help: 'Cups of tea.', labels: ['kind', 'size'] as const }
const buckets = [0.1, 1, 10]
const labels = fc.record({ kind: fc.constantFrom('green', 'black "x"'), size: fc.constantFrom('s', 'm\n', '') })

describe('tallied metrics', () => {
  it('are written as prom-client writes its own: counters', () => {
    const counts = fc.array(fc.record({ labels, by: fc.nat(9) }), { maxLength: 30 })
    return fc.assert(
      fc.asyncProperty(counts, async counts => {
        const [ours, theirs] = [new Registry(), new Registry()]
        const tallied = talliedCounter(described, ours)
        const counter = new Counter({ ...described, labelNames: described.labels, registers: [theirs] })
        for (const { labels, by } of counts) {
          tallied.add(labels, by)
          counter.inc(labels, by)
        }
        assert.equal(await ours.metrics(), await theirs.metrics())
        // A second scrape does not count anew.
        assert.equal(await ours.metrics(), await theirs.metrics())
      }),
      { numRuns: casesOf({ usual: 30, thorough: 300 }) },
    )
  })

  it('are written as prom-client writes its own: histograms', () => {
    // Bounds too: a value that is one belongs to its bucket.
    const value = fc.oneof(fc.constantFrom(...buckets, 0, 11), fc.double({ min: 0, max: 20, noNaN: true }))
    const observed = fc.array(fc.record({ labels, value }), { maxLength: 30 })
    return fc.assert(
      fc.asyncProperty(observed, async observed => {
        const [ours, theirs] = [new Registry(), new Registry()]
        const tallied = talliedHistogram({ ...described, buckets }, ours)
        const histogram = new Histogram({ ...described, buckets, labelNames: described.labels, registers: [theirs] })
        for (const { labels, value } of observed) {
          tallied.observe(labels, value)
          histogram.observe(labels, value)
        }
        assert.deepEqual(await linesOf(ours), await linesOf(theirs))
      }),
      { numRuns: casesOf({ usual: 30, thorough: 300 }) },
    )
  })

  it('tell 0 of what has no labels and was not counted yet', async () => {
    const registry = new Registry()
    talliedCounter({ ...described, labels: [] }, registry)
    talliedHistogram({ ...described, name: 'hypershard_sips', labels: [], buckets }, registry)
    const text = await registry.metrics()
    assert.match(text, /^hypershard_cups 0$/m)
    assert.match(text, /^hypershard_sips_bucket\{le="\+Inf"\} 0$/m)
    assert.match(text, /^hypershard_sips_count 0$/m)
  })

  it('do not keep the object that a caller names labels by', async () => {
    const registry = new Registry()
    const counter = talliedCounter(described, registry)
    const labels = { kind: 'green', size: 's' }
    counter.add(labels)
    labels.kind = 'black'
    counter.add(labels)
    const text = await registry.metrics()
    assert.match(text, /\{kind="green",size="s"\} 1$/m)
    assert.match(text, /\{kind="black",size="s"\} 1$/m)
  })
})

/** prom-client writes `le` before other labels. */
async function linesOf(registry: Registry): Promise<string[]> {
  const text = await registry.metrics()
  return text.split('\n').map(line => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort()}}`))
}
